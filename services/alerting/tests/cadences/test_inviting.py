"""Customers who consent are invited by mail, at the address that they have then; no table ever holds it."""

from datetime import timedelta

import msgspec
import pytest

from plaudit.alerting.cadences.commands import rules
from plaudit.alerting.cadences.consumer import CUSTOMER_EVENTS
from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.jobs.inviting import completing
from plaudit.alerting.cadences.schemas.rules import document_of
from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.main import checks, followers
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.consent.links import preferences_url
from plaudit.common.delivery.domain.contact import Contact
from plaudit.common.delivery.jobs import DeliveryJob
from plaudit.common.tenants import commands as tenants
from plaudit.common.vault import vault_of
from plaudit_testing.address_book import Answering
from plaudit_testing.cadences import ANN, on
from plaudit_testing.erasing import holders, scrub_all

pytestmark = pytest.mark.postgres
ADDRESS = "ann.quibblefrotz@example.com"
LINK = "https://www.trustpilot.com/evaluate/kite.example"
SURVEY = "survey:0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"
KNOWN = Contact(address=ADDRESS, consent="granted")
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def book(cadence) -> Answering:
    """What knows Ann's address; the tenant has a name, and its invitations lead to a platform."""
    async with cadence.stage.common.transaction() as tx:
        await tenants.create(tx, "default", "Default")
        await tenants.rename(tx, "default", "Kite Coffee")
    answering = Answering(vault_of(cadence.stage.settings), {ANN: KNOWN})
    stage = cadence.stage
    sender, vault = Sender(stage.settings), vault_of(stage.settings)
    stage.mails = DeliveryJob(
        stage.worker, stage.settings, sender, vault, checks(stage.settings), complete=completing(answering.book())
    )
    await leads_to(cadence, LINK)
    return answering


async def leads_to(cadence, review_at):
    async with cadence.stage.worker.transaction() as tx:
        await rules.save(tx, "default", msgspec.structs.replace(DEFAULT, review_at=review_at), "person:1")
    while await cadence.replans.turn():
        pass


async def consents(cadence, at=None, consent="granted", person=ANN):
    said_at = at or on(0)
    record = cadence.customer("consent_set", said_at, person=person, consent=consent, said_at=said_at)
    await cadence.reads(CUSTOMER_EVENTS, [record])


async def is_invited(cadence, **more):
    """Ann bought something, and a week later is invited."""
    await cadence.told("purchased", on(0), **more)
    await cadence.goes_to(on(7, 3.5))
    await cadence.stage.sends()


async def mailed(cadence):
    """State and reason of the mails of invitations, in order."""
    rows = await cadence.stage.rows(
        "SELECT state, reason FROM message_deliveries WHERE topic = 'invitation' ORDER BY created_at"
    )
    return [(row["state"], row["reason"]) for row in rows]


def of_ann(mailbox):
    return [mail for mail, to in zip(mailbox.mails, mailbox.recipients, strict=True) if to == ADDRESS]


def part(mail, kind):
    return mail.get_body((kind,)).get_content()


def preferences_in(mail):
    [page] = {word for word in part(mail, "plain").split() if "/preferences/" in word}
    return page


async def test_a_customer_who_consents_gets_one_mail_with_one_link_and_one_to_stop_it(cadence, book, mailbox):
    await consents(cadence)
    await is_invited(cadence, language="de")
    [mail] = of_ann(mailbox)
    assert str(mail["Subject"]) == "Wie war es bei Kite Coffee?"
    assert mail["From"].addresses[0].display_name == "Kite Coffee"
    assert mail["Content-Language"] == "de"
    for kind in ("plain", "html"):
        assert part(mail, kind).count(LINK) == 1
        assert part(mail, kind).count("http") == 2
    page = preferences_in(mail)
    assert mail["List-Unsubscribe"].replace("\r\n", "").replace(" ", "") == f"<{page}/stop/invitation>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert await mailed(cadence) == [("sent", "")]


async def test_no_table_holds_the_address_or_what_the_links_are(cadence, book, mailbox):
    await consents(cadence)
    await is_invited(cadence)
    [mail] = of_ann(mailbox)
    async with cadence.stage.worker.transaction() as tx:
        assert await holders(tx.raw, "alerting", ADDRESS, preferences_in(mail).rpartition("/")[2]) == []


async def test_of_a_refused_mail_no_table_holds_the_address_that_the_server_repeats(cadence, book, mailbox):
    await consents(cadence)
    await cadence.told("purchased", on(0))
    await cadence.goes_to(on(7, 2.5))
    await cadence.stage.sends()  # the digest
    mailbox.answer_to_recipient = f"550 <{ADDRESS.upper()}>: no such user"
    await cadence.goes_to(on(7, 3.5))
    await cadence.stage.sends()
    [(state, reason)] = await mailed(cadence)
    assert state == "failed"
    assert "the address" in reason
    async with cadence.stage.worker.transaction() as tx:
        assert await holders(tx.raw, "alerting", ADDRESS, ADDRESS.upper()) == []


async def test_without_consent_nothing_is_asked_and_the_invitation_is_still_there_for_an_application(cadence, book):
    await is_invited(cadence)
    assert await mailed(cadence) == [("withdrawn", "the person has not opted in")]
    assert book.asked == []
    client = await cadence.stage.client()
    assert len((await client.get("/v1/invitations", params={"person": ANN})).json()["items"]) == 1


async def test_consent_that_is_taken_back_between_due_and_send_is_respected(cadence, book, mailbox):
    await consents(cadence)
    await cadence.told("purchased", on(0))
    await cadence.goes_to(on(7, 3.5))
    await consents(cadence, on(7, 3.6), "denied")
    await cadence.stage.sends()
    assert await mailed(cadence) == [("withdrawn", "the person has opted out")]
    assert of_ann(mailbox) == []


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        (Contact(), "no address of the customer is known"),
        (Contact(address=ADDRESS, consent="denied"), "the customer has denied consent"),
    ],
)
async def test_what_the_address_book_says_at_the_send_counts(cadence, book, mailbox, contact, reason):
    await consents(cadence)
    book.contacts[ANN] = contact
    await is_invited(cadence)
    assert await mailed(cadence) == [("withdrawn", reason)]
    assert of_ann(mailbox) == []


async def test_while_the_address_book_is_away_the_mail_waits_and_mails_to_staff_do_not(cadence, book, mailbox):
    await consents(cadence)
    await cadence.told("stage_entered", on(0), person="native:new", stage="new")
    book.is_out = True
    await is_invited(cadence)
    [(state, reason)] = await mailed(cadence)
    assert (state, reason) == ("pending", "the address could not be asked for: no connection can be made")
    assert "owner@acme.example" in mailbox.recipients
    book.is_out = False
    await cadence.stage.move_to(on(7, 4))
    await cadence.stage.sends()
    assert len(of_ann(mailbox)) == 1


async def test_a_survey_gives_each_customer_a_link_of_their_own(cadence, book, mailbox):
    await leads_to(cadence, SURVEY)
    link = "https://plaudit.example/s/token-of-ann"
    book.contacts[ANN] = msgspec.structs.replace(KNOWN, link=link)
    await consents(cadence)
    await is_invited(cadence)
    assert link in part(of_ann(mailbox)[0], "plain")


async def test_a_survey_that_gives_no_link_mails_nothing_and_says_why(cadence, book, mailbox):
    await leads_to(cadence, SURVEY)
    book.contacts[ANN] = msgspec.structs.replace(KNOWN, why_no_link="The survey is closed.")
    await consents(cadence)
    await is_invited(cadence)
    assert await mailed(cadence) == [("withdrawn", "the survey gives the customer no link: The survey is closed.")]


async def test_where_nothing_is_named_to_lead_to_nothing_is_mailed(cadence, book, mailbox):
    await leads_to(cadence, None)
    await consents(cadence)
    await is_invited(cadence)
    assert await mailed(cadence) == []
    assert [each[1] for each in await cadence.touchpoints()] == ["open"]


async def test_one_reminder_follows_after_seven_days(cadence, book, mailbox):
    await consents(cadence)
    await is_invited(cadence)
    for days in (14, 21, 28, 40):
        await cadence.goes_to(on(days, 3.5))
        await cadence.stage.sends()
    assert [str(mail["Subject"]) for mail in of_ann(mailbox)] == [
        "How was it with Kite Coffee?",
        "A reminder: how was it with Kite Coffee?",
    ]


async def test_no_reminder_is_mailed_after_a_review_that_came_while_it_waited(cadence, book, mailbox):
    await consents(cadence)
    await is_invited(cadence)
    await cadence.goes_to(on(14, 3.5))
    await cadence.reviewed(on(14, 3.6))
    await cadence.stage.sends()
    assert len(of_ann(mailbox)) == 1
    assert [state for state, _ in await mailed(cadence)] == ["sent", "withdrawn"]


async def test_one_click_stops_the_reminder_and_the_page_shows_what_was_chosen(cadence, book, mailbox):
    await consents(cadence)
    await is_invited(cadence)
    [mail] = of_ann(mailbox)
    page = preferences_in(mail).removeprefix("http://plaudit.example")
    client = cadence.stage.plain_client()
    shown = (await client.get(page)).text
    assert "Kite Coffee" in shown
    assert 'value="invitation" checked' in shown
    stop = f"{page}/stop/invitation"
    assert (await client.get(stop)).status_code == 303, "a program that opens links in advance stops nothing"
    assert (await client.post(stop, content="List-Unsubscribe=One-Click", headers=FORM)).status_code == 200
    assert "checked" not in (await client.get(page)).text
    await cadence.goes_to(on(14, 3.5))
    await cadence.stage.sends()
    assert len(of_ann(mailbox)) == 1
    assert [state for state, _ in await mailed(cadence)] == ["sent", "withdrawn"]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"content": "List-Unsubscribe=One-Click", "headers": {"content-type": "text/plain"}},
        {"content": "List-Unsubscribe=One-Click", "headers": {"content-type": "application/json"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": "List-Unsubscribe=One-Click", "headers": {**FORM, "sec-fetch-site": "cross-site"}},
        {"content": "List-Unsubscribe=One-Click", "headers": {**FORM, "origin": "https://mail.reader.example"}},
    ],
)
async def test_one_click_counts_whatever_the_mail_program_sends_with_it(cadence, sent):
    await consents(cadence)
    async with cadence.stage.worker.transaction() as tx:
        page = await preferences_url(tx, "default", ANN, "")
    client = cadence.stage.plain_client()
    assert "checked" in (await client.get(page)).text
    assert (await client.post(f"{page}/stop/invitation", **sent)).status_code == 200
    assert "checked" not in (await client.get(page)).text


async def test_nothing_is_ticked_that_the_customer_has_not_chosen_and_a_tick_is_consent(cadence, book, mailbox):
    await cadence.told("purchased", on(0))
    async with cadence.stage.worker.transaction() as tx:
        page = await preferences_url(tx, "default", ANN, "")
    client = cadence.stage.plain_client()
    assert "checked" not in (await client.get(page)).text
    await client.post(page, data={"topic": "invitation"})
    await client.post(f"{page}/stop/incident")
    told = [each for each in await cadence.stage.events() if each["type"] == "consent.chosen"]
    assert {each["subject"] for each in told} == {ANN}
    assert [tuple(each["data"][name] for name in ("topic", "channel", "choice", "source")) for each in told] == [
        ("invitation", "email", "in", "preferences"),
        ("incident", "email", "out", "one_click"),
    ]
    await cadence.goes_to(on(7, 3.5))
    await cadence.stage.sends()
    assert len(of_ann(mailbox)) == 1


async def test_who_wants_nothing_any_more_is_not_invited_anywhere(cadence, book):
    await consents(cadence)
    async with cadence.stage.worker.transaction() as tx:
        page = await preferences_url(tx, "default", ANN, "")
    await cadence.stage.move_to(on(1))
    await cadence.stage.plain_client().post(f"{page}/stop")
    await is_invited(cadence)
    assert await cadence.touchpoints() == [("03-09", "withheld", "opted_out", "first")]


async def test_a_stop_in_an_older_mail_does_not_take_back_that_a_customer_wants_nothing(cadence, book):
    await consents(cadence)
    async with cadence.stage.worker.transaction() as tx:
        page = await preferences_url(tx, "default", ANN, "")
    await cadence.stage.move_to(on(1))
    client = cadence.stage.plain_client()
    shown = (await client.get(page)).text
    assert "by e-mail only" in shown
    assert "for their apps and websites too" in shown
    await client.post(f"{page}/stop")
    await client.post(f"{page}/stop/invitation")
    await is_invited(cadence)
    assert await cadence.touchpoints() == [("03-09", "withheld", "opted_out", "first")]


async def test_quiet_hours_are_those_of_the_customers_zone(cadence, book, mailbox):
    await consents(cadence)
    await cadence.told("purchased", on(0), zone="America/Los_Angeles")
    await cadence.goes_to(on(7, 3.5))  # 10:00 UTC is 3:00 there
    assert await cadence.touchpoints() == []
    await cadence.goes_to(on(7, 9))
    [row] = await cadence.stage.rows("SELECT fired_at FROM touchpoints")
    assert timedelta() <= row["fired_at"] - on(7, 8) < timedelta(minutes=5)  # 8:00 there, after the change of clocks


async def test_what_a_customer_said_may_come_late_twice_and_in_any_order(cadence, book):
    said = [
        cadence.customer("consent_set", on(day), consent=consent, said_at=on(day))
        for day, consent in ((1, "granted"), (3, "denied"), (2, "granted"))
    ]
    for batch in (said, said[::-1], said[:1]):
        await cadence.reads(CUSTOMER_EVENTS, batch)
    await is_invited(cadence)
    assert await mailed(cadence) == [("withdrawn", "the person has opted out")]
    assert len(await cadence.stage.rows("SELECT 1 FROM consents")) == 3


@pytest.mark.parametrize(("channel", "state"), [("mail", "withdrawn"), ("phone", "sent")])
async def test_an_opt_out_of_a_channel_closes_that_channel(cadence, book, channel, state):
    await consents(cadence)
    await cadence.told("opted_out", on(1), channel=channel)
    await is_invited(cadence)
    assert [each[0] for each in await mailed(cadence)] == [state]


async def test_of_an_erased_customer_nothing_waits_and_nothing_is_left(cadence, book, mailbox):
    person = "native:quibblefrotz"
    book.contacts[person] = KNOWN
    await consents(cadence, person=person)
    await cadence.told("purchased", on(0), person=person)
    await cadence.goes_to(on(7, 3.5))
    await cadence.told("erased", on(7, 3.6), person=person)
    await cadence.stage.sends()
    assert of_ann(mailbox) == []
    assert book.asked == []
    await cadence.stage.move_to(on(8))
    await scrub_all(cadence.stage.worker, scrubbing(followers(cadence.stage.settings), cadence.stage.resources.outbox))
    async with cadence.stage.worker.transaction() as tx:
        assert await holders(tx.raw, "alerting", person) == []
    await consents(cadence, on(1), person=person)
    assert await cadence.stage.rows("SELECT 1 FROM consents") == []


async def test_the_report_tells_by_week_who_was_mailed_and_why_others_were_not(cadence, book, mailbox):
    await consents(cadence)
    for person, day in ((ANN, 0), ("native:b", 0), ("native:c", 7)):
        await cadence.told("purchased", on(day), person=person)
    for day in (7, 14):
        await cadence.goes_to(on(day, 3.5))
        await cadence.stage.sends()
    await cadence.reviewed(on(15), person="native:d")
    client = await cadence.stage.client()
    [report] = (await client.get("/v1/invitations/report")).json()["items"]
    assert (report["eligible"], report["invited"], report["mailed"]) == (3, 3, 1)
    assert report["not_mailed"] == [{"why": "the person has not opted in", "count": 2}]
    weeks = [(each["week_of"], each["eligible"], each["invited"], each["mailed"]) for each in report["weeks"]]
    assert weeks == [("2026-03-09", 2, 2, 1), ("2026-03-16", 1, 1, 0)]


@pytest.mark.parametrize(
    "review_at", ["http://kite.example", "https://", "javascript:alert(1)", "survey:one", "https://a@b.example", ""]
)
async def test_what_invitations_lead_to_is_an_https_address_or_a_survey(stage, review_at):
    client = await stage.client()
    answer = await client.put("/v1/cadences", json=document_of(DEFAULT) | {"review_at": review_at})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/review_at"]


async def test_hostile_names_stay_text(cadence, book, mailbox):
    async with cadence.stage.common.transaction() as tx:
        await tenants.rename(tx, "default", '<img src=x>" Kite')
    await consents(cadence)
    await is_invited(cadence)
    [mail] = of_ann(mailbox)
    assert "<img" not in part(mail, "html")
    assert "&lt;img src=x&gt;" in part(mail, "html")
    assert mail["From"].addresses[0].addr_spec == cadence.stage.settings.mail_from
