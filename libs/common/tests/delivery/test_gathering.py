"""Gathered messages on a real database and a real SMTP server: few leave, all is told, and nothing twice."""

import asyncio
from collections.abc import Mapping

import pytest

from plaudit.common.delivery import commands, store
from plaudit.common.delivery.commands import Later, Withdraw
from plaudit.common.delivery.domain.message import Content, Item, MessageError
from plaudit.common.delivery.gatherings import commands as gatherings
from plaudit.common.delivery.gatherings.commands import NOTHING_LEFT, Gatherer, Gatherings
from plaudit_testing.delivering import by_mail, later, says, to_endpoints

pytestmark = pytest.mark.postgres

LIST = "https://plaudit.example/list"


def gathered(number, **changes):
    """A message of its own thread that is gathered with others."""
    content = Content(f"Review {number} is late", "It is late.", link=f"https://plaudit.example/{number}")
    return by_mail(f"k{number}", content=content, gathering="clock", thread=f"clock:{number}", **changes)


@pytest.fixture
def unwanted(post):
    """Keys → what is said of them when they are about to leave; the tests fill it."""
    said: dict[str, object] = {}

    async def lister(_tx, due) -> Mapping:
        return {
            each.delivery.id: said.get(each.delivery.key)
            or Item(each.content.subject, "late", link=each.content.link, is_urgent=each.delivery.is_urgent)
            for each in due
        }

    async def check(_tx, due) -> Mapping:
        return {
            each.delivery.id: verdict
            for each in due
            if isinstance(verdict := said.get(each.delivery.key), Withdraw | Later)
        }

    post.checks = {"clock": check}
    post.gatherings = Gatherings({"clock": Gatherer(lister, LIST, "Open the list")})
    post.job = post.new_job()
    return said


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


async def states(post):
    rows = await post.rows("SELECT state, count(*)::int AS n FROM message_deliveries GROUP BY state ORDER BY state")
    return {row["state"]: row["n"] for row in rows}


async def test_120_messages_at_once_are_two_mails_and_each_is_told(post, mailbox, unwanted):
    await post.queue(*(gathered(number) for number in range(120)))
    await post.sends()
    assert len(mailbox.mails) == 1
    await post.move_to(later(seconds=54))
    await post.sends()
    assert len(mailbox.mails) == 1
    await post.move_to(later(seconds=56))
    await post.sends()
    assert len(mailbox.mails) == 2
    assert mailbox.subjects[1] == "119 at once: 119 late"
    assert "And 19 more, in the list below: Open the list." in text_of(mailbox.mails[1])
    assert LIST in text_of(mailbox.mails[1])
    assert await states(post) == {"sent": 121}


async def test_recipients_and_kinds_are_gathered_by_themselves(post, mailbox, unwanted):
    await post.queue(
        gathered(1), gathered(2, to="bob@acme.example"), by_mail("t", topic="touchpoint.due", gathering="touchpoint")
    )
    await post.sends()
    assert sorted(mailbox.recipients) == ["ann@acme.example", "ann@acme.example", "bob@acme.example"]


async def test_one_that_waits_alone_leaves_in_its_ordinary_form(post, mailbox, unwanted):
    await post.queue(gathered(1))
    await post.sends()
    await post.queue(gathered(2))
    await post.sends()
    await post.move_to(later(seconds=60))
    await post.sends()
    assert mailbox.subjects == ["Review 1 is late", "Review 2 is late"]
    assert not await post.rows("SELECT 1 FROM message_deliveries WHERE is_bundle")


async def test_what_is_not_wanted_any_more_falls_out_and_the_reason_is_kept(post, mailbox, unwanted):
    await post.queue(*(gathered(number) for number in range(4)))
    await post.sends()
    unwanted["k1"] = unwanted["k2"] = unwanted["k0"] = Withdraw("answered")
    await post.move_to(later(seconds=60))
    await post.sends()
    # One of the four left at once; of the others those that are still so leave.
    [first] = await post.rows("SELECT key FROM message_deliveries WHERE bundle_id IS NULL AND NOT is_bundle")
    left = {"k0", "k1", "k2", "k3"} - {first["key"]} - unwanted.keys()
    kept = await post.rows("SELECT key, reason FROM message_deliveries WHERE state = 'withdrawn' AND NOT is_bundle")
    assert {(row["key"], row["reason"]) for row in kept} == {
        (each, "answered") for each in unwanted.keys() - {first["key"]}
    }
    assert len(mailbox.mails) == 1 + len(left)


async def test_one_that_is_left_has_the_ordinary_form_in_its_own_thread(post, mailbox, unwanted):
    await post.queue(gathered(9, is_urgent=True), *(gathered(number) for number in range(3)))
    await post.sends()
    assert mailbox.subjects == ["Review 9 is late"]
    unwanted["k0"] = unwanted["k1"] = Withdraw("answered")
    await post.move_to(later(seconds=60))
    await post.sends()
    assert mailbox.subjects == ["Review 9 is late", "Review 2 is late"]
    await post.queue(by_mail("again", thread="clock:2", content=Content("Again", "")))
    await post.sends()
    assert mailbox.mails[2]["References"].split()[0] == mailbox.mails[1]["References"].split()[0]


async def test_nothing_leaves_where_nothing_is_left(post, mailbox, unwanted):
    await post.queue(gathered(9, is_urgent=True), *(gathered(number) for number in range(3)))
    await post.sends()
    unwanted |= {f"k{number}": Withdraw("answered") for number in range(3)}
    await post.move_to(later(seconds=60))
    await post.sends()
    assert len(mailbox.mails) == 1
    [bundle] = await post.rows("SELECT state, reason FROM message_deliveries WHERE is_bundle")
    assert bundle == {"state": "withdrawn", "reason": NOTHING_LEFT}


async def test_what_is_put_off_waits_by_itself_and_is_told_later(post, mailbox, unwanted):
    await post.queue(gathered(9, is_urgent=True), *(gathered(number) for number in range(3)))
    await post.sends()
    unwanted["k1"] = Later(later(hours=1), "it flaps")
    await post.move_to(later(seconds=60))
    await post.sends()
    assert "Review 1 is late" not in text_of(mailbox.mails[1])
    del unwanted["k1"]
    await post.move_to(later(minutes=59))
    await post.sends()
    assert len(mailbox.mails) == 2
    await post.move_to(later(hours=1, seconds=1))
    await post.sends()
    assert mailbox.subjects[2:] == ["Review 1 is late"]


async def test_what_is_urgent_leaves_first_and_within_the_first_window(post, mailbox, unwanted):
    await post.queue(*(gathered(number) for number in range(5)), gathered(8, is_urgent=True))
    await post.sends()
    assert mailbox.subjects == ["Review 8 is late"]
    await post.move_to(later(seconds=56))
    await post.sends()
    await post.move_to(later(seconds=70))
    await post.queue(gathered(20), gathered(21, is_urgent=True), gathered(22))
    await post.sends()
    assert len(mailbox.mails) == 2
    await post.move_to(later(seconds=56 + 56))
    await post.sends()
    assert mailbox.subjects[2] == "3 at once, 1 urgent: 3 late"
    assert text_of(mailbox.mails[2]).index("Review 21") < text_of(mailbox.mails[2]).index("Review 20")


async def test_a_repeated_attempt_has_the_key_and_the_items_of_the_first_and_what_came_since_waits(
    post, mailbox, unwanted
):
    await post.queue(gathered(9, is_urgent=True), *(gathered(number) for number in range(3)))
    await post.sends()
    mailbox.answer = lambda: "451 later"
    await post.move_to(later(seconds=60))
    await post.sends()
    mailbox.answer = lambda: "250 OK"
    await post.queue(gathered(30))
    await post.move_to(later(seconds=60 + 40))
    await post.sends()
    [bundle] = await post.rows("SELECT id, attempts, state FROM message_deliveries WHERE is_bundle")
    assert (bundle["attempts"], bundle["state"]) == (2, "sent")
    assert mailbox.mails[1]["Message-ID"] == f"<{bundle['id']}@acme.example>"
    assert "Review 30" not in text_of(mailbox.mails[1])


async def test_a_bundle_whose_sender_died_comes_again_under_its_key_and_is_marked(post, mailbox, unwanted):
    await post.queue(gathered(9, is_urgent=True), *(gathered(number) for number in range(3)))
    await post.sends()
    await post.move_to(later(seconds=60))
    async with post.worker.transaction() as tx:
        await gatherings.release(tx, post.settings.pace, 60, post.checks, post.gatherings)
        [bundle] = await commands.lease(tx, 10, 10)
        await gatherings.prepare(tx, [bundle], post.checks, post.gatherings, post.vault)
    await post.rows("UPDATE message_deliveries SET leased_until = now() - interval '1 second' WHERE state = 'sending'")
    await post.sends()
    rows = await post.rows(
        "SELECT is_bundle, possible_repeat, state, bundle_id FROM message_deliveries WHERE possible_repeat"
    )
    assert len(rows) == 4, "the bundle and what is in it"
    assert {row["state"] for row in rows} == {"sent"}
    assert mailbox.mails[1]["Message-ID"] == f"<{bundle.id}@acme.example>"


async def test_an_erasure_takes_its_words_out_of_a_bundle_that_waits_and_out_of_what_is_kept_of_it(
    post, mailbox, unwanted
):
    await post.queue(gathered(9, is_urgent=True), *(gathered(number) for number in range(3)))
    await post.sends()
    mailbox.answer = lambda: "451 later"
    await post.move_to(later(seconds=60))
    await post.sends()
    mailbox.answer = lambda: "250 OK"
    assert await post.rows("SELECT 1 FROM message_attempts WHERE position('Review 1 is late'::bytea IN sent) > 0")
    async with post.worker.transaction() as tx:
        await commands.erase_thread(tx, "default", "clock:1")
    assert not await post.rows("SELECT 1 FROM message_attempts WHERE position('Review 1 is late'::bytea IN sent) > 0")
    assert not await post.rows("SELECT 1 FROM messages WHERE content LIKE '%Review 1 is late%'")
    await post.move_to(later(seconds=100))
    await post.sends()
    assert "Review 0 is late" in text_of(mailbox.mails[1])
    assert "Review 1 is late" not in text_of(mailbox.mails[1])


async def test_a_later_mail_of_a_thread_refers_to_the_mail_that_told_it_with_others(post, mailbox, unwanted):
    await post.queue(gathered(9, is_urgent=True), *(gathered(number) for number in range(3)))
    await post.sends()
    await post.move_to(later(seconds=60))
    await post.sends()
    async with post.worker.transaction() as tx:
        assert await store.was_sent(tx, "default", "clock:1", "clock.breached")
    await post.move_to(later(hours=2))
    await post.queue(by_mail("late", thread="clock:1", gathering="clock", content=Content("Taken back", "")))
    await post.sends()
    assert mailbox.mails[2]["In-Reply-To"] == mailbox.mails[1]["Message-ID"]
    assert mailbox.mails[2]["References"].split()[1] == mailbox.mails[1]["Message-ID"]


async def test_endpoints_are_gathered_each_by_itself_but_no_alerts_of_pagerduty(
    post, endpoint, other_endpoint, unwanted
):
    await post.endpoint(endpoint.url, "clock", channel="slack")
    await post.endpoint(other_endpoint.url, "clock", channel="alertmanager", name="Alerts")
    await post.queue(*(to_endpoints(f"k{number}", gathering="clock") for number in range(6)))
    await post.sends()
    assert (len(endpoint.got), len(other_endpoint.got)) == (1, 6)
    await post.move_to(later(seconds=60))
    await post.sends()
    assert len(endpoint.got) == 2


async def test_what_failed_with_a_bundle_is_sent_again_with_it(post, endpoint, unwanted):
    made = await post.endpoint(endpoint.url, "clock", channel="slack")
    await post.queue(*(to_endpoints(f"k{number}", gathering="clock") for number in range(4)))
    await post.sends()
    endpoint.answer = lambda _: says(404)
    await post.move_to(later(seconds=60))
    await post.sends()
    assert await states(post) == {"failed": 4, "sent": 1}
    endpoint.answer = lambda _: says(200)
    async with post.worker.transaction() as tx:
        assert await commands.redrive(tx, "default", endpoint_id=made.endpoint.id) == 1
    await post.sends()
    assert await states(post) == {"sent": 5}


async def test_more_messages_than_a_tenant_may_have_are_a_storm_that_is_told_once_and_ends(post, mailbox, unwanted):
    told: list[tuple[str, str]] = []

    def note(what):
        async def hook(_tx, tenant_id, _since):
            told.append((what, tenant_id))

        return hook

    post.gatherings = Gatherings({}, note("storm"), note("calm"))
    post.job = post.new_job()
    await post.queue(*(gathered(number, to=f"p{number}@acme.example") for number in range(80)))
    await post.sends()
    assert len(mailbox.mails) == post.settings.delivery_storm_messages
    assert told == [("storm", "default")]
    await post.queue(*(gathered(number + 100, to=f"p{number}@acme.example") for number in range(80)))
    await post.move_to(later(minutes=9))
    await post.sends()
    before = len(mailbox.mails)
    await post.move_to(later(minutes=20))
    await post.sends()
    assert all("at once" in subject for subject in mailbox.subjects[before:][:20])
    assert not await post.rows("SELECT 1 FROM message_deliveries WHERE state = 'gathered' AND bundle_id IS NULL")
    await post.move_to(later(hours=2))
    await post.sends()
    assert told == [("storm", "default"), ("calm", "default")]


async def test_a_message_to_a_customer_is_not_gathered(post):
    with pytest.raises(MessageError, match="customer"):
        await post.queue(gathered(1, person_key="person"))


async def test_two_senders_make_one_bundle(post, mailbox, unwanted):
    await post.queue(*(gathered(number) for number in range(30)))
    await asyncio.gather(*(post.new_job().settle() for _ in range(3)))
    await post.move_to(later(seconds=60))
    await asyncio.gather(*(post.new_job().settle() for _ in range(3)))
    assert len(mailbox.mails) == 2
    assert (await states(post)) == {"sent": 31}


async def test_what_a_lister_raises_on_has_failed_alone_and_the_others_are_told(post, mailbox):
    async def lister(_tx, due):
        if any(each.delivery.key == "k3" for each in due):
            raise ZeroDivisionError("of k3")
        return {each.delivery.id: Item(each.content.subject, "late") for each in due}

    post.gatherings = Gatherings({"clock": Gatherer(lister, LIST, "Open the list")})
    post.job = post.new_job()
    await post.queue(*(gathered(n) for n in range(6)))
    await post.sends()
    await post.move_to(later(hours=1))
    await post.sends()
    assert await states(post) == {"failed": 1, "sent": 6}
    [row] = await post.rows("SELECT key, reason, bundle_id FROM message_deliveries WHERE state = 'failed'")
    assert (row["key"], row["reason"], row["bundle_id"]) == ("k3", "ZeroDivisionError: of k3", None)


async def test_a_bundle_that_cannot_be_composed_has_failed_and_holds_up_no_other(post, mailbox, monkeypatch):
    def raises(*_):
        raise ZeroDivisionError("of composing")

    monkeypatch.setattr(gatherings, "bundle_content", raises)
    await post.queue(*(gathered(n) for n in range(4)))
    await post.sends()
    await post.queue(by_mail("alone", topic="board.shipped"))
    await post.move_to(later(hours=1))
    await post.sends()
    assert await states(post) == {"failed": 4, "sent": 2}
    assert "Late" in mailbox.subjects
