"""The public signs up for the mails of an incident: asked for, agreed to by a link, stopped, and forgotten."""

import asyncio
import re
from html import unescape

import asyncpg
import pytest

from plaudit.alerting.incidents.commands import sign_up
from plaudit.alerting.incidents.domain.sign_up_words import SIGN_UP_WORDS
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.alerting.incidents.jobs import SubscriberErasureJob
from plaudit.alerting.incidents.store import subscribers
from plaudit_testing.incidents import TEXT, after, page_of
from plaudit_testing.mailbox import Mailbox

pytestmark = pytest.mark.postgres

ADA = "ada@customer.example"
AGREED = {"address": ADA, "agreed": "yes"}
ASKING = "Please confirm: Card payments fail"


@pytest.fixture
def public(incidents):
    return incidents.stage.plain_client(accept="text/html")


@pytest.fixture
async def shown(incidents):
    """A public incident with its first update."""
    opened = await incidents.opened()
    await incidents.updated(opened)
    return opened


async def asks(public, shown, **fields):
    return await public.post(f"{page_of(shown)}/subscribe?language=en", data={**AGREED, **fields})


async def link_of(incidents, mailbox):
    """The path of the link in the last mail that asks."""
    await incidents.stage.sends()
    mail = [each for each in mailbox.mails if each["To"] == ADA and str(each["Subject"]) == ASKING][-1]
    return mail.get_body(("plain",)).get_content().rpartition("http://plaudit.example")[2].strip()


async def agrees(incidents, public, shown, mailbox):
    await asks(public, shown)
    link = await link_of(incidents, mailbox)
    await public.post(link, data={"action": "yes"})
    return link


async def counts(incidents):
    [row] = await incidents.stage.rows(
        "SELECT count(confirmed_at) AS told, count(*) - count(confirmed_at) AS asked FROM incident_subscribers"
    )
    return row["told"], row["asked"]


async def mails_to_ada(incidents, mailbox):
    await incidents.stage.sends()
    return [str(each["Subject"]) for each in mailbox.mails if each["To"] == ADA]


async def erase(incidents):
    while await SubscriberErasureJob(incidents.stage.worker).turn():
        pass


def test_every_language_of_the_pages_has_words_for_signing_up():
    assert SIGN_UP_WORDS.keys() == WORDINGS.keys()
    for words in SIGN_UP_WORDS.values():
        assert all(each and each.strip() == each and "  " not in each for each in words)


async def test_nobody_is_told_before_they_agree_by_the_link(incidents, public, shown, mailbox: Mailbox):
    page = (await public.get(f"{page_of(shown)}/subscribe?language=en")).text
    assert ('name="agreed"' in page, "checked" in page) == (True, False)
    assert f'href="{page_of(shown)}/subscribe?language=en"' in (await public.get(page_of(shown))).text
    answer = await asks(public, shown)
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    assert "Look into your mailbox" in (await public.get(answer.headers["location"])).text
    link = await link_of(incidents, mailbox)
    await incidents.updated(shown)
    assert await mails_to_ada(incidents, mailbox) == [ASKING]
    assert "Do you want to be told" in (await public.get(link)).text
    assert await counts(incidents) == (0, 1)  # what programs open in advance agrees to nothing
    await public.post(link, data={"action": "yes"})
    assert "You get a mail with each update" in (await public.get(link)).text
    await incidents.updated(shown)
    assert (await mails_to_ada(incidents, mailbox))[1:] == ["Card payments fail – Open"]
    [entry] = await incidents.stage.rows("SELECT topic, channel, choice, source FROM consents")
    assert tuple(entry.values()) == ("incident", "email", "in", "sign_up")
    chosen = [each["data"] for each in await incidents.stage.events() if each["type"] == "consent.chosen"]
    assert [(each["topic"], each["choice"], each["source"]) for each in chosen] == [("incident", "in", "sign_up")]


async def test_the_link_stops_the_mails_of_this_incident_and_erases_the_address(
    incidents, public, shown, mailbox: Mailbox
):
    link = await agrees(incidents, public, shown, mailbox)
    await public.post(link, data={"action": "stop"})
    assert await counts(incidents) == (0, 0)
    assert "You get no mails about this incident." in (await public.get(link)).text
    await incidents.updated(shown)
    assert await mails_to_ada(incidents, mailbox) == [ASKING]
    await public.post(link, data={"action": "yes"})  # the link agrees to nothing that nobody asks for any more
    assert await counts(incidents) == (0, 0)


@pytest.mark.parametrize("audience", ["public", "subscribers"])
async def test_a_mail_says_who_writes_and_why_and_where_it_is_stopped(incidents, public, mailbox: Mailbox, audience):
    opened = await incidents.opened(audience=audience)
    answer = await incidents.api.post(
        f"/v1/incidents/{opened['id']}/subscribers", json={"address": ADA, "language": "ar"}
    )
    assert answer.status_code == 201, answer.text
    await incidents.updated(opened, {}, {"language": "ar", "title": "تعذّر الدفع"})
    await mails_to_ada(incidents, mailbox)
    mail = mailbox.mails[-1]
    assert mail["From"].startswith("Default ")
    plain, styled = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    words = SIGN_UP_WORDS["ar"]
    for part in (plain, styled):
        assert words.is_told in part
        assert words.stop in part
    [link] = re.findall(rf"{words.stop}: (\S+)", plain)
    assert link in unescape(styled)
    page = (await public.get(link.removeprefix("http://plaudit.example"))).text
    if audience == "public":
        assert f"/incidents/default/{opened['slug']}?language=ar" in plain  # the page without it is in the first one
        assert words.stop in page
    else:
        assert "What you are told" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"agreed": ""}, "Tick the box"),
        ({"address": "ada"}, "Write one e-mail address"),
        ({"address": "ada@a.example, eve@a.example"}, "Write one e-mail address"),
        ({"address": "zoë@a.example"}, "Write one e-mail address"),  # not every mail server takes it
    ],
)
async def test_without_a_tick_or_an_address_nothing_is_sent(incidents, public, shown, fields, words):
    answer = await asks(public, shown, **fields)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert await counts(incidents) == (0, 0)


async def test_the_answer_is_the_same_for_an_address_that_is_told_already(incidents, public, shown, mailbox: Mailbox):
    first = await asks(public, shown)
    await public.post(await link_of(incidents, mailbox), data={"action": "yes"})
    again = await asks(public, shown)
    assert (again.status_code, again.headers["location"]) == (first.status_code, first.headers["location"])
    assert "Stop these mails" in (await public.get(await link_of(incidents, mailbox))).text
    assert await counts(incidents) == (1, 0)


async def test_one_address_gets_few_such_mails_however_often_they_are_asked_for(
    incidents, public, shown, mailbox: Mailbox
):
    for _ in range(5):
        assert (await asks(public, shown)).status_code == 303
    assert await mails_to_ada(incidents, mailbox) == [ASKING] * 3


async def test_no_address_is_readable_where_it_waits_for_its_agreement(incidents, public, shown):
    await asks(public, shown)
    assert await counts(incidents) == (0, 1)
    for table in ("incident_subscribers", "incident_log", "outbox", "messages"):
        for row in await incidents.stage.rows(f"SELECT t::text AS text FROM {table} t"):
            assert "ada@" not in row["text"]


async def test_whoever_has_stopped_such_mails_can_ask_for_them_again(incidents, public, shown, mailbox: Mailbox):
    await agrees(incidents, public, shown, mailbox)
    await incidents.updated(shown)
    await incidents.stage.sends()
    stop = str(mailbox.mails[-1]["List-Unsubscribe"]).strip("<>").partition("plaudit.example")[2]
    assert (await public.post(stop)).status_code == 200
    other = await incidents.opened()
    await incidents.updated(other)
    await agrees(incidents, public, other, mailbox)
    before = await mails_to_ada(incidents, mailbox)
    await incidents.updated(other)
    assert len(await mails_to_ada(incidents, mailbox)) == len(before) + 1


async def test_one_click_in_the_mail_that_asked_stops_what_was_asked_for(incidents, public, shown, mailbox: Mailbox):
    await agrees(incidents, public, shown, mailbox)
    stop = str(mailbox.mails[-1]["List-Unsubscribe"]).strip("<>").partition("plaudit.example")[2]
    assert stop.endswith("/stop/incident_sign_up")
    assert (await public.post(stop)).status_code == 200
    await incidents.updated(shown)
    assert await mails_to_ada(incidents, mailbox) == [ASKING]
    await asks(public, shown)
    assert await mails_to_ada(incidents, mailbox) == [ASKING]


async def test_whoever_stopped_all_and_ticks_incidents_again_is_told_again(incidents, public, shown, mailbox: Mailbox):
    link = await agrees(incidents, public, shown, mailbox)
    token = link.rpartition("/")[2].partition("?")[0]
    assert (await public.post(f"/preferences/{token}/stop")).status_code == 303
    await incidents.updated(shown)
    assert await mails_to_ada(incidents, mailbox) == [ASKING]
    assert (await public.post(f"/preferences/{token}", data={"topic": "incident"})).status_code == 303
    assert "checked" in (await public.get(f"/preferences/{token}")).text
    await incidents.updated(shown)
    assert (await mails_to_ada(incidents, mailbox))[1:] == ["Card payments fail – Open"]


async def test_whoever_stops_while_an_update_waits_to_leave_does_not_get_it(incidents, public, shown, mailbox: Mailbox):
    link = await agrees(incidents, public, shown, mailbox)
    await incidents.updated(shown)
    await public.post(link, data={"action": "stop"})
    assert await mails_to_ada(incidents, mailbox) == [ASKING]


async def test_whoever_stops_and_asks_again_is_told_once(incidents, public, shown, mailbox: Mailbox):
    link = await agrees(incidents, public, shown, mailbox)
    await public.post(link, data={"action": "stop"})
    await agrees(incidents, public, shown, mailbox)
    assert await counts(incidents) == (1, 0)
    await incidents.updated(shown)
    assert (await mails_to_ada(incidents, mailbox)).count("Card payments fail – Open") == 1


async def test_whoever_wants_nothing_any_more_gets_no_such_mail(incidents, public, shown, mailbox: Mailbox):
    await asks(public, shown)
    token = (await link_of(incidents, mailbox)).rpartition("/")[2].partition("?")[0]
    assert (await public.post(f"/preferences/{token}/stop")).status_code == 303
    await asks(public, shown)
    assert await mails_to_ada(incidents, mailbox) == [ASKING]


@pytest.mark.parametrize("audience", ["subscribers", "internal"])
async def test_nobody_signs_up_for_what_is_not_public(incidents, public, audience):
    opened = await incidents.opened(audience=audience)
    await incidents.updated(opened)
    assert (await public.get(f"{page_of(opened)}/subscribe")).status_code == 404
    assert (await asks(public, opened)).status_code == 404


async def test_a_token_that_nobody_has_signed_shows_and_changes_nothing(incidents, public, shown, mailbox: Mailbox):
    await asks(public, shown)
    link = await link_of(incidents, mailbox)
    start, _, token = link.rpartition("/")
    assert (await public.get(f"{start}/x{token}")).status_code == 404
    assert (await public.post(f"{start}/x{token}", data={"action": "yes"})).status_code == 404
    assert (await public.post(link, data={"action": "else"})).status_code == 404
    assert await counts(incidents) == (0, 1)


async def test_an_incident_that_is_over_takes_nobody(incidents, public, shown, mailbox: Mailbox):
    await asks(public, shown)
    link = await link_of(incidents, mailbox)
    await incidents.posts(shown, "resolve")
    assert "This incident is over." in (await asks(public, shown)).text
    assert "/subscribe" not in (await public.get(page_of(shown))).text
    await public.post(link, data={"action": "yes"})
    assert await counts(incidents) == (0, 1)


async def test_who_does_not_agree_within_two_days_is_forgotten(incidents, public, shown, mailbox: Mailbox):
    await incidents.stage.move_to(after(0))
    await asks(public, shown)
    assert await mails_to_ada(incidents, mailbox) == [ASKING]
    await incidents.stage.move_to(after(47))
    await erase(incidents)
    assert await counts(incidents) == (0, 1)
    await incidents.stage.move_to(after(49))
    await erase(incidents)
    assert await counts(incidents) == (0, 0)
    assert await incidents.stage.rows("SELECT 1 FROM message_deliveries WHERE recipient = $1", ADA) == []


async def test_addresses_are_erased_after_the_incident_and_what_was_told_stays_counted(
    incidents, public, shown, mailbox: Mailbox
):
    await incidents.stage.move_to(after(0))
    await agrees(incidents, public, shown, mailbox)
    await incidents.posts(shown, "resolve", texts=[TEXT | {"cause": "A cable."}])
    await incidents.stage.sends()
    await incidents.posts(shown, "close", learnings="Keep a spare one.")
    await incidents.stage.move_to(after(24 * 2))
    await erase(incidents)
    assert await counts(incidents) == (1, 0)
    await incidents.stage.move_to(after(24 * 4))
    await erase(incidents)
    assert await counts(incidents) == (0, 0)
    for table in ("incident_subscribers", "messages", "message_deliveries", "message_attempts"):
        for row in await incidents.stage.rows(f"SELECT t::text AS text FROM {table} t"):
            assert "ada@" not in row["text"]
    told = (await incidents.api.get(f"/v1/incidents/{shown['id']}/deliveries")).json()["items"]
    assert [(each["number"], each["sent"]) for each in told if each["channel"] == "email"] == [(2, 1)]


async def test_agreeing_and_erasing_at_once_leave_one_of_both(incidents, public, shown, mailbox: Mailbox):
    await incidents.stage.move_to(after(0))
    await asks(public, shown)
    link = await link_of(incidents, mailbox)
    await incidents.stage.move_to(after(72))
    await asyncio.gather(erase(incidents), public.post(link, data={"action": "yes"}))
    await erase(incidents)
    told, asked = await counts(incidents)
    assert (asked, len(await incidents.stage.rows("SELECT 1 FROM consents"))) == (0, told)


async def test_staff_see_how_many_are_told_and_how_many_are_asked(incidents, public, shown, mailbox: Mailbox):
    await agrees(incidents, public, shown, mailbox)
    await asks(public, shown, address="eve@customer.example")
    assert (await incidents.read(shown))["subscribers"] == {"told": 1, "asked": 1}
    listed = (await incidents.api.get(f"/v1/incidents/{shown['id']}/subscribers")).json()["items"]
    assert [each["added_by"] for each in listed] == ["sign-up"]


@pytest.mark.parametrize(
    "address",
    [
        "ada@customer.example\r\nBcc: eve@evil.example",
        "ada@customer.example\nSubject: Hello",
        "ada@customer.example\0",
        "=?utf-8?q?ada=40customer.example=0D=0ABcc:_eve?=@evil.example\r\n",
        "ada@customer.example,eve@evil.example",
        "ada@customer.example;eve@evil.example",
        "ada@customer.example eve@evil.example",
        "a" * 400 + "@customer.example",
    ],
)
async def test_an_address_that_says_more_than_an_address_is_refused(incidents, public, shown, mailbox, address):
    assert (await asks(public, shown, address=address)).status_code == 422
    await incidents.stage.sends()
    assert await counts(incidents) == (0, 0)
    assert not [each for each in mailbox.recipients if "customer" in each or "evil" in each]


async def test_a_domain_of_another_script_is_written_to_as_mail_servers_know_it(
    incidents, public, shown, mailbox: Mailbox
):
    assert (await asks(public, shown, address="ada@bücher.example")).status_code == 303
    await incidents.stage.sends()
    assert [each for each in mailbox.recipients if "ada@" in each] == ["ada@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}]
)
async def test_no_page_of_others_signs_a_reader_up(incidents, public, shown, headers):
    answer = await public.post(f"{page_of(shown)}/subscribe?language=en", data=AGREED, headers=headers)
    assert answer.status_code == 403
    assert await counts(incidents) == (0, 0)


async def test_who_has_not_agreed_keeps_nobody_out_and_who_waits_longest_is_forgotten(
    incidents, public, shown, mailbox: Mailbox, monkeypatch
):
    monkeypatch.setattr(sign_up, "MAX_ASKED", 3)
    monkeypatch.setattr(sign_up, "MAX_SUBSCRIBERS", 3)
    for number in range(6):
        await incidents.stage.move_to(after(0.1 * number))
        await asks(public, shown, address=f"eve{number}@evil.example")
    await incidents.stage.move_to(after(1))
    await agrees(incidents, public, shown, mailbox)
    await erase(incidents)
    assert await counts(incidents) == (1, 2)
    kept = await incidents.stage.rows("SELECT added_at FROM incident_subscribers WHERE confirmed_at IS NULL")
    assert min(row["added_at"] for row in kept) >= after(0.4)


async def test_no_more_are_told_than_may_be_however_many_agree(incidents, public, shown, mailbox, monkeypatch):
    monkeypatch.setattr(sign_up, "MAX_SUBSCRIBERS", 1)
    await asks(public, shown)
    link = await link_of(incidents, mailbox)
    await asks(public, shown, address="eve@customer.example")
    await incidents.stage.sends()
    [mail] = [each for each in mailbox.mails if each["To"] == "eve@customer.example"]
    other = mail.get_body(("plain",)).get_content().rpartition("http://plaudit.example")[2].strip()
    await public.post(other, data={"action": "yes"})
    answer = await public.post(link, data={"action": "yes"})
    assert await counts(incidents) == (1, 1)
    shown_then = (await public.get(answer.headers["location"])).text
    full = "So many people get these mails that nobody can be added."
    assert (full in shown_then, "Do you want to be told" in shown_then, "Yes, tell me" in shown_then) == (
        True,
        False,
        False,
    )
    form = (await public.get(f"{page_of(shown)}/subscribe?language=en")).text
    assert (full in form, 'name="address"' in form) == (True, False)
    assert full in (await asks(public, shown, address="zoe@customer.example")).text
    await public.post(other, data={"action": "stop"})
    assert "Do you want to be told" in (await public.get(link)).text  # somebody has left: the link works


async def test_an_incident_that_is_resolved_while_somebody_signs_up_takes_nobody(incidents, public, shown, monkeypatch):
    asked = sign_up.ask

    async def resolved_before(*arguments):
        await incidents.posts(shown, "resolve")
        await asked(*arguments)

    monkeypatch.setattr(sign_up, "ask", resolved_before)
    answer = await asks(public, shown)
    assert "This incident is over." in (await public.get(answer.headers["location"])).text
    assert await counts(incidents) == (0, 0)


async def test_who_is_told_of_an_incident_that_runs_is_not_read_when_addresses_are_erased(
    incidents, shown, alerting_url
):
    connection = await asyncpg.connect(alerting_url)
    await connection.execute(
        "INSERT INTO alerting.incident_subscribers (tenant_id, incident_id, person_key, language, sealed, added_at, "
        "added_by, confirmed_at) SELECT tenant_id, id, 'p' || n, 'en', '', now(), 'test', now() "
        "FROM alerting.incidents, generate_series(1, 20000) n"
    )
    await connection.execute("ANALYZE alerting.incident_subscribers")
    await connection.close()
    async with incidents.stage.worker.transaction() as tx:
        plan = await tx.raw.fetch(f"EXPLAIN {subscribers._OF_OVER}", tx.now, tx.now, tx.now, 200)
    lines = "\n".join(line[0] for line in plan)
    assert "Seq Scan on incident_subscribers" not in lines, lines
