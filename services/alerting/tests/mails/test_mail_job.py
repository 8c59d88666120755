import asyncio
from datetime import timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from plaudit.alerting.mails.commands import MAX_RETRY_SECONDS, retry_seconds
from plaudit.alerting.mails.jobs.mail_job import MailJob
from plaudit.common.mail.smtp import MailFailedError, smtp_sender
from plaudit_testing.clocks import answered, at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


async def mail_rows(stage):
    return await stage.rows("SELECT state, attempts, error FROM mails ORDER BY created_at")


async def test_a_mail_that_fails_is_tried_again_later_under_the_same_message_id(stage, mailbox):
    seen = []
    stage.mails._send = remembering(stage.mails._send, seen)
    mailbox.answer = lambda: "451 try later"
    await stage.happens(None, review(), at(0))
    await stage.sends()
    assert mailbox.attempts == 1
    mailbox.answer = lambda: "250 OK"
    await stage.move_to(at(0) + timedelta(seconds=6))
    await stage.sends()
    assert len(mailbox.mails) == 1
    assert len({message["Message-ID"] for message in seen}) == 1
    [row] = await mail_rows(stage)
    assert (row["state"], row["attempts"]) == ("sent", 2)


async def test_the_job_sees_that_a_mail_is_due_before_it_takes_a_turn(stage, mailbox):
    assert not await stage.mails.has_work()
    await stage.happens(None, review(), at(0))
    assert await stage.mails.has_work()
    mailbox.answer = lambda: "451 try later"
    await stage.sends()
    assert not await stage.mails.has_work()
    await stage.move_to(at(0) + timedelta(seconds=6))
    assert await stage.mails.has_work()


def remembering(send, seen):
    async def sending(message):
        seen.append(message)
        await send(message)

    return sending


async def test_after_the_last_attempt_a_mail_has_failed_and_says_why(stage, mailbox):
    mailbox.answer = lambda: "451 try later"
    await stage.happens(None, review(), at(0))
    for hour in range(stage.settings.mail_max_attempts + 3):
        await stage.move_to(at(hour))
        await stage.sends()
    [row] = await mail_rows(stage)
    assert (row["state"], row["attempts"]) == ("failed", stage.settings.mail_max_attempts)
    assert "451" in row["error"]
    assert mailbox.attempts == stage.settings.mail_max_attempts


@pytest.mark.parametrize("where", ["recipient", "data"])
async def test_a_mail_that_the_server_will_never_take_is_not_tried_again(stage, mailbox, where):
    if where == "recipient":
        mailbox.answer_to_recipient = "550 no such user"
    else:
        mailbox.answer = lambda: "554 no"
    await stage.happens(None, review(), at(0))
    for hour in range(3):
        await stage.move_to(at(hour))
        await stage.sends()
    [row] = await mail_rows(stage)
    assert (row["state"], row["attempts"], mailbox.attempts) == ("failed", 1, 1)


async def test_an_answer_between_the_timer_and_the_mail_keeps_it_from_leaving(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(24.05)), at(24.1))
    await stage.sends()
    assert len(mailbox.mails) == 1
    assert [row["state"] for row in await mail_rows(stage)] == ["sent", "superseded"]


async def test_a_notice_that_could_not_leave_before_the_breach_gives_way_to_its_mail(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    await stage.sends()
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Not answered in time"]


async def test_a_mail_is_sent_once_however_many_senders_there_are(stage, mailbox):
    for number in range(20):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    loops = [MailJob(stage.worker, stage.settings, smtp_sender(stage.settings)) for _ in range(3)]
    await asyncio.gather(*(loop.turn() for loop in loops * 4))
    await stage.sends()
    assert len(mailbox.mails) == 20
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 20


async def test_a_sender_that_dies_before_it_notes_the_acceptance_repeats_the_mail_under_its_message_id(stage, mailbox):
    send = smtp_sender(stage.settings)

    async def sends_and_dies(message):
        await send(message)
        raise RuntimeError("killed")

    await stage.happens(None, review(), at(0))
    with pytest.raises(RuntimeError, match="killed"):
        await MailJob(stage.worker, stage.settings, sends_and_dies).turn()
    await stage.sends()
    assert len(mailbox.mails) == 1, "the lease keeps others off"
    await stage.rows("UPDATE mails SET leased_until = now() - interval '1 second'")
    await stage.sends()
    assert len(mailbox.mails) == 2
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1


async def test_a_test_that_moves_time_makes_no_second_sender(stage):
    await stage.happens(None, review(), at(0))
    taken = asyncio.Event()
    go_on = asyncio.Event()
    sent = []

    async def slow(message):
        sent.append(message)
        taken.set()
        await go_on.wait()

    first = asyncio.create_task(MailJob(stage.worker, stage.settings, slow).turn())
    await taken.wait()
    await stage.move_to(at(10))
    await stage.sends()
    go_on.set()
    await first
    assert len(sent) == 1
    assert [row["state"] for row in await mail_rows(stage)] == ["sent"]


async def test_a_server_that_does_not_answer_is_given_up_in_time(stage, settings):
    async def silent(_reader, writer):
        await never.wait()
        writer.close()

    never = asyncio.Event()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    patience = settings.model_copy(
        update={"smtp_port": server.sockets[0].getsockname()[1], "smtp_timeout_seconds": 0.05}
    )
    try:
        await stage.happens(None, review(), at(0))
        await MailJob(stage.worker, patience, smtp_sender(patience)).turn()
        [row] = await mail_rows(stage)
        assert (row["state"], row["attempts"]) == ("pending", 1)
        assert "Timeout" in row["error"]
    finally:
        never.set()
        server.close()
        await server.wait_closed()


async def test_nobody_listening_is_a_failure_that_may_pass(settings):
    unreachable = settings.model_copy(update={"smtp_port": 9})
    with pytest.raises(MailFailedError):
        await smtp_sender(unreachable)(EmailMessage())


@hypothesis_settings(deadline=timedelta(seconds=10))
@given(attempts=st.integers(1, 1000))
def test_waits_grow_up_to_a_bound_and_differ_by_luck(attempts):
    longest = min(MAX_RETRY_SECONDS, 5.0 * 3.0 ** min(attempts - 1, 20))
    waits = {retry_seconds(5.0, attempts) for _ in range(20)}
    assert all(longest / 2 <= seconds <= longest for seconds in waits)
    assert len(waits) > 1


async def test_a_server_that_hangs_up_after_the_acceptance_has_taken_the_mail_once(stage, settings):
    accepted = []

    async def abrupt(reader, writer):
        writer.write(b"220 abrupt\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                while await reader.readline() != b".\r\n":
                    pass
                accepted.append(1)
                writer.write(b"250 taken\r\n")
                await writer.drain()
                break
            writer.write(b"250 abrupt\r\n")
        writer.close()

    server = await asyncio.start_server(abrupt, "127.0.0.1", 0)
    there = settings.model_copy(update={"smtp_port": server.sockets[0].getsockname()[1]})
    loop = MailJob(stage.worker, there, smtp_sender(there))
    await stage.happens(None, review(), at(0))
    for hours in range(3):
        await stage.move_to(at(hours))
        await loop.turn()
    server.close()
    await server.wait_closed()
    assert len(accepted) == 1
    assert [row["state"] for row in await mail_rows(stage)] == ["sent"]
