"""Consent is looked up when a message is queued and when it leaves; an erasure leaves no word."""

import asyncio

import pytest

from plaudit.common.db import lock
from plaudit.common.delivery import commands
from plaudit.common.delivery.consent import commands as consent
from plaudit.common.delivery.consent.links import preferences_url
from plaudit.common.delivery.domain.consent import EVERY, Choice, Source, Topic
from plaudit.common.delivery.domain.message import Content
from plaudit_testing.delivering import by_mail, later, says, to_endpoints
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres
TOPICS = [Topic("invitation", "Invitations"), Topic("board", "Your requests")]


async def said(post, choice, topic="invitation", channel="email"):
    async with post.worker.transaction() as tx:
        await consent.note(tx, "default", "p1", topic, channel, choice, Source.STAFF)


def invitation(key="k", **changes):
    return by_mail(key, topic="invitation", person_key="p1", needs_consent=True, **changes)


async def test_without_consent_nothing_leaves_and_the_reason_is_kept(post, mailbox):
    await post.queue(invitation())
    await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["reason"], row["attempts"]) == ("withdrawn", "the person has not opted in", 0)
    assert mailbox.mails == []


async def test_with_consent_it_leaves_with_a_link_to_stop_it(post, mailbox):
    await said(post, Choice.IN)
    await post.queue(invitation())
    await post.sends()
    [mail] = mailbox.mails
    async with post.worker.transaction() as tx:
        page = await preferences_url(tx, "default", "p1", "https://plaudit.example")
    assert mail["List-Unsubscribe"].replace("\r\n", "").replace(" ", "") == f"<{page}/stop/invitation>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_an_opt_out_between_the_queue_and_the_send_is_respected(post, mailbox):
    await said(post, Choice.IN)
    await post.queue(invitation(not_before=later(hours=1)))
    await post.move_to(later(minutes=30))
    await said(post, Choice.OUT)
    await post.move_to(later(hours=2))
    await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["reason"]) == ("withdrawn", "the person has opted out")
    assert mailbox.mails == []


async def test_what_needs_no_consent_respects_an_opt_out_all_the_same(post, mailbox):
    await said(post, Choice.OUT, "board")
    await post.queue(by_mail("a", topic="board.shipped", person_key="p1"), by_mail("b", person_key="p1"))
    await post.sends()
    assert [(row["key"], row["state"]) for row in await post.deliveries()] == [("a", "withdrawn"), ("b", "sent")]


async def test_what_is_chosen_adds_entries_only_where_something_differs(post):
    async with post.api.transaction("default") as tx:
        assert await consent.chosen(tx, "default", "p1", TOPICS) == set()
        assert await consent.choose(tx, "default", "p1", TOPICS, set()) == []
        assert len(await consent.choose(tx, "default", "p1", TOPICS, {("board", "email")})) == 1
        assert await consent.chosen(tx, "default", "p1", TOPICS) == {("board", "email")}
    await post.move_to(later(hours=1))
    async with post.api.transaction("default") as tx:
        assert await consent.choose(tx, "default", "p1", TOPICS, {("board", "email")}) == []
        assert len(await consent.choose(tx, "default", "p1", TOPICS, {("invitation", "email")})) == 2
    entries = await post.rows("SELECT topic, choice FROM consents ORDER BY id")
    assert [(each["topic"], each["choice"]) for each in entries] == [
        ("board", "in"),
        ("invitation", "in"),
        ("board", "out"),
    ]


async def test_a_stop_that_had_to_wait_is_not_undone_by_the_choice_that_it_waited_for(post):
    key = consent.order_key("default", "p1")
    async with post.api.transaction("default") as stopping:
        async with post.api.transaction("default") as choosing:
            await lock(choosing, [key])
            await consent.choose(choosing, "default", "p1", TOPICS, {("board", "email")})
        await lock(stopping, [key])
        await consent.note(stopping, "default", "p1", EVERY, EVERY, Choice.OUT, Source.PREFERENCES)
    async with post.api.transaction("default") as tx:
        assert await consent.chosen(tx, "default", "p1", TOPICS) == set()


@pytest.mark.parametrize("role", ["api", "worker"])
async def test_nobody_changes_an_entry_and_requests_delete_none(post, role):
    async with getattr(post, role).transaction("default") as tx:
        may = {
            each: await tx.raw.fetchval("SELECT has_table_privilege($1, $2)", "testing.consents", each)
            for each in ("UPDATE", "DELETE", "TRUNCATE")
        }
    assert may == {"UPDATE": False, "DELETE": role == "worker", "TRUNCATE": False}


async def all_words(post):
    tables = ("messages", "message_deliveries", "message_attempts", "consents")
    return str([await post.rows(f"SELECT * FROM {table}") for table in tables])


async def test_an_erased_thread_leaves_no_word(post, mailbox, endpoint):
    word = "quibblefrotz"
    content = Content(word, word, word, {"x": word}, f"https://plaudit.example/{word}")
    mailbox.answer = lambda: f"554 {word}"
    await post.endpoint(endpoint.url)
    endpoint.answer = lambda _: says(500, word.encode())
    await post.queue(
        by_mail("a", thread="clock:1", content=content),
        by_mail("b", thread="clock:1", content=content, not_before=later(days=1)),
        by_mail("c", thread="clock:2", not_before=later(days=1)),
        to_endpoints("d", thread="clock:1"),
    )
    await post.sends()
    async with post.worker.transaction() as tx:
        assert await commands.erase_thread(tx, "default", "clock:1") == 3
    assert word not in await all_words(post)
    assert word.encode().hex() not in (await all_words(post)).lower()
    rows = {row["key"]: (row["state"], row["reason"]) for row in await post.deliveries()}
    assert rows["b"] == rows["d"] == ("withdrawn", "erased")
    assert rows["a"] == ("withdrawn", "erased"), "nobody can send it again"
    mailbox.answer = lambda: "250 OK"
    await post.move_to(later(days=2))
    await post.sends()
    assert mailbox.subjects == ["Late"], "of the other thread"
    assert len(endpoint.got) == 1


async def test_what_is_erased_while_it_is_being_sent_is_not_tried_again_and_no_check_reads_it(post, mailbox):
    async def check(_tx, due):
        return {each.delivery.id: Content(each.content.data["word"], "It is late.") for each in due}

    post.checks = {"clock": check}
    post.job = post.new_job()
    content = Content("Late", "", data={"word": "Late"})
    await post.queue(by_mail("a", thread="clock:1", content=content), by_mail("b", thread="clock:2", content=content))
    async with post.worker.transaction() as tx:
        await commands.lease(tx, 10, 10)
    async with post.worker.transaction() as tx:
        await commands.erase_thread(tx, "default", "clock:1")
    await post.rows("UPDATE message_deliveries SET leased_until = now() - interval '1 second' RETURNING 1")
    await post.sends()
    states = {row["key"]: (row["state"], row["reason"]) for row in await post.deliveries()}
    assert states == {"a": ("withdrawn", "erased"), "b": ("sent", "")}
    assert mailbox.subjects == ["Late"]


async def test_an_erasure_locks_messages_in_the_order_in_which_a_record_of_sending_does(post):
    await post.queue(by_mail("a", thread="clock:1"), by_mail("b", thread="clock:1"))
    first, last = [row["id"] for row in await post.rows("SELECT id FROM messages ORDER BY id")]
    # The first by its id comes last in the table.
    await post.rows("UPDATE messages SET content = content WHERE id = $1 RETURNING 1", first)

    async def erases():
        async with post.worker.transaction() as tx:
            await tx.raw.execute("SET LOCAL enable_indexscan = off")
            await commands.erase_thread(tx, "default", "clock:1")

    async def waits():
        rows = await post.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype IN ('tuple', 'transactionid')")
        return bool(rows)

    async with post.worker.transaction() as recording:
        await recording.raw.execute("SELECT 1 FROM messages WHERE id = $1 FOR SHARE", first)
        erasure = asyncio.create_task(erases())
        await until(waits, "the erasure waits")
        await recording.raw.execute("SELECT 1 FROM messages WHERE id = $1 FOR SHARE NOWAIT", last)
    await erasure


async def test_an_erased_person_leaves_no_address_and_no_choice(post, mailbox):
    await said(post, Choice.IN)
    await post.queue(invitation("a"), invitation("b", not_before=later(days=1)), by_mail("c", to="bob@acme.example"))
    await post.sends()
    async with post.worker.transaction() as tx:
        assert await commands.erase_person(tx, "default", "p1") == 2
    words = await all_words(post)
    assert "ann@acme.example" not in words
    assert "bob@acme.example" in words
    assert await post.rows("SELECT 1 FROM consents") == []
    await post.move_to(later(days=2))
    await post.sends()
    assert len(mailbox.mails) == 2
