"""Messages leave once, are tried again by the schedule, and every attempt is kept."""

import json
from datetime import timedelta

import pytest

from plaudit.common.delivery import commands
from plaudit.common.delivery.commands import Withdraw
from plaudit.common.delivery.domain.message import Content, MessageError
from plaudit.common.delivery.domain.outcomes import MAX_ATTEMPTS
from plaudit_testing.delivering import NOW, by_mail, later, states, to_endpoints

pytestmark = pytest.mark.postgres


async def test_a_mail_leaves_with_its_words_and_the_attempt_is_kept(post, mailbox):
    await post.queue(by_mail())
    await post.sends()
    [mail] = mailbox.mails
    assert (mail["Subject"], mail["To"]) == ("Late", "ann@acme.example")
    [row] = await post.deliveries()
    [attempt] = await post.attempts()
    assert (row["state"], row["attempts"], row["possible_repeat"]) == ("sent", 1, False)
    assert (attempt["kind"], attempt["sent"], attempt["number"]) == ("sent", b"Subject: Late\n\nIt is late.", 1)


async def test_the_same_change_recipient_and_channel_are_told_once(post, mailbox):
    assert await post.queue(by_mail(), by_mail()) == 1
    assert await post.queue(by_mail()) == 0
    await post.sends()
    assert await post.queue(by_mail()) == 0
    await post.sends()
    assert len(mailbox.mails) == 1


async def test_a_message_is_not_sent_before_its_time(post, mailbox):
    await post.queue(by_mail(not_before=later(hours=1)))
    await post.sends()
    assert mailbox.mails == []
    await post.move_to(later(hours=1))
    await post.sends()
    assert len(mailbox.mails) == 1


async def test_a_rolled_back_cause_tells_nobody(post, mailbox):
    async def cause():
        async with post.worker.transaction() as tx:
            await commands.queue(tx, [by_mail()])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await cause()
    await post.sends()
    assert mailbox.mails == []


async def test_what_no_endpoint_takes_is_kept_in_the_console(post, tmp_path):
    await post.queue(to_endpoints())
    await post.sends()
    [row] = await post.deliveries()
    assert (row["channel"], row["state"]) == ("console", "sent")
    [attempt] = await post.attempts()
    assert json.loads(attempt["sent"])["text"] == "It is late."


async def test_without_a_mail_server_mails_are_written_to_the_file_of_the_installation(post, tmp_path, mailbox):
    post.settings = post.settings.model_copy(update={"smtp_host": "", "delivery_sink_file": tmp_path / "out" / "m"})
    post.job = post.new_job()
    await post.queue(by_mail("a"), by_mail("b", content=Content("S", "line\nfeed")))
    await post.sends()
    lines = [json.loads(line) for line in (tmp_path / "out" / "m").read_text().splitlines()]
    assert sorted(line["text"] for line in lines) == ["It is late.", "line\nfeed"]
    assert mailbox.mails == []


async def test_after_the_last_attempt_a_delivery_has_failed_and_can_be_sent_again_by_hand(post, mailbox):
    mailbox.answer = lambda: "451 try later"
    await post.queue(by_mail())
    for days in range(MAX_ATTEMPTS + 2):
        await post.move_to(later(days=2 * days))
        await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["attempts"], mailbox.attempts) == ("failed", MAX_ATTEMPTS, MAX_ATTEMPTS)
    assert "451" in row["reason"]
    mailbox.answer = lambda: "250 OK"
    async with post.api.transaction("default") as tx:
        assert await commands.redrive(tx, "default", delivery_id=row["id"]) == 1
    await post.sends()
    assert states(await post.deliveries()) == ["sent"]
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("where", ["recipient", "data"])
async def test_a_mail_that_the_server_will_never_take_is_not_tried_again(post, mailbox, where):
    if where == "recipient":
        mailbox.answer_to_recipient = "550 no such user"
    else:
        mailbox.answer = lambda: "554 no"
    await post.queue(by_mail())
    for days in range(3):
        await post.move_to(later(days=days))
        await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["attempts"], mailbox.attempts) == ("failed", 1, 1)


async def test_a_mail_that_cannot_be_composed_has_failed_and_holds_up_no_other(post, mailbox):
    await post.queue(by_mail("a", to="not an address\r\nBcc: x@y.example"), by_mail("b"))
    await post.sends()
    assert states(await post.deliveries()) == ["failed", "sent"]
    assert len(mailbox.mails) == 1


async def test_what_is_not_wanted_any_more_does_not_leave_and_says_why(post, mailbox):
    async def check(_tx, due):
        return {each.delivery.id: Withdraw("answered meanwhile") for each in due if each.delivery.key == "a"}

    post.checks = {"clock": check}
    post.job = post.new_job()
    await post.queue(by_mail("a"), by_mail("b"), by_mail("c", topic="board.shipped"))
    await post.sends()
    assert [(row["key"], row["state"], row["reason"]) for row in await post.deliveries()] == [
        ("a", "withdrawn", "answered meanwhile"),
        ("b", "sent", ""),
        ("c", "sent", ""),
    ]
    assert len(mailbox.mails) == 2


async def test_a_check_may_say_what_a_message_says_now(post, mailbox):
    async def check(_tx, due):
        return {each.delivery.id: Content(f"{each.content.subject} now", "T") for each in due}

    post.checks = {"clock": check}
    post.job = post.new_job()
    await post.queue(by_mail())
    await post.sends()
    assert mailbox.subjects == ["Late now"]


async def test_a_message_beyond_a_limit_is_refused_and_nothing_is_written(post):
    with pytest.raises(MessageError):
        await post.queue(by_mail("a"), by_mail("x" * 500))
    assert await post.deliveries() == []


async def test_old_deliveries_are_deleted_with_their_messages(post, mailbox):
    from plaudit.common.delivery.jobs import MessagePurgeJob

    await post.queue(by_mail("a"), by_mail("b", not_before=NOW + timedelta(days=400)))
    await post.sends()
    purge = MessagePurgeJob(post.worker, post.settings)
    assert await purge.turn() == 0
    await post.move_to(later(days=92))
    assert await purge.turn() == 2
    assert [row["key"] for row in await post.deliveries()] == ["b"]
    assert len(await post.rows("SELECT 1 FROM messages")) == 1
    assert await post.attempts() == []


async def test_what_a_check_raises_on_has_failed_alone_and_can_be_sent_again_by_hand(post, mailbox):
    broken = True

    async def check(tx, due):
        if broken and any(each.delivery.key == "b" for each in due):
            await tx.raw.execute("SELECT 1 / 0")
        return {}

    post.checks = {"clock": check}
    post.job = post.new_job()
    await post.queue(*(by_mail(key) for key in "abc"))
    await post.sends()
    rows = await post.deliveries()
    assert states(rows) == ["sent", "failed", "sent"]
    assert "division by zero" in rows[1]["reason"]
    broken = False
    async with post.api.transaction("default") as tx:
        assert await commands.redrive(tx, "default", delivery_id=rows[1]["id"]) == 1
    await post.sends()
    assert len(mailbox.mails) == 3


async def test_a_transient_error_of_a_check_fails_nothing(post, mailbox):
    async def check(_tx, _due):
        raise ConnectionError

    post.checks = {"clock": check}
    post.job = post.new_job()
    await post.queue(by_mail())
    with pytest.raises(ConnectionError):
        await post.sends()
    assert states(await post.deliveries()) == ["pending"]
