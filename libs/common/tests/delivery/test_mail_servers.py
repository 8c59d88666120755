"""Messages and a mail server that answers what a test says: who rests, who is tried again, who may have got it."""

import msgspec
import pytest

from plaudit.common.delivery import commands
from plaudit.common.delivery.domain.message import Content
from plaudit.common.delivery.domain.outcomes import Kind, Outcome
from plaudit_testing.delivering import by_mail, later
from plaudit_testing.scripted_smtp import CUT, open_scripted_smtp

pytestmark = pytest.mark.postgres


@pytest.fixture
async def server(post):
    async with open_scripted_smtp() as opened:
        post.settings = post.settings.model_copy(update={"smtp_port": opened.port, "smtp_timeout_seconds": 5.0})
        post.job = post.new_job()
        yield opened


async def outlet_of(post, name="email"):
    [row] = await post.rows("SELECT failures, rests_until FROM outlets WHERE outlet = $1", name)
    return row["failures"], row["rests_until"]


async def test_one_full_mailbox_rests_no_mail_to_others_and_is_tried_again(post, server):
    server.answers["RCPT"] = lambda line: b"452 4.2.2 mailbox full" if "full@" in line else b"250 OK"
    await post.queue(*(by_mail(f"full {n}", to="full@acme.example") for n in range(12)))
    await post.sends()
    await post.queue(*(by_mail(f"m{n}") for n in range(3)))
    await post.sends()
    assert len(server.got) == 3
    assert await outlet_of(post) == (0, None)
    rows = [row for row in await post.deliveries() if row["recipient"] == "full@acme.example"]
    assert {row["state"] for row in rows} == {"pending"}
    server.answers.clear()
    await post.move_to(later(minutes=6))
    await post.sends()
    assert len(server.got) == 15


async def test_a_server_that_wants_another_sign_in_rests_and_gives_up_nothing(post, server):
    server.answers["MAIL"] = b"530 5.7.0 authentication required"
    await post.queue(*(by_mail(f"m{n}") for n in range(8)))
    await post.sends()
    assert {row["state"] for row in await post.deliveries()} == {"pending"}
    failures, rests_until = await outlet_of(post)
    assert failures >= 5
    assert rests_until is not None
    server.answers.clear()
    await post.move_to(later(hours=1))
    await post.sends()
    assert {row["state"] for row in await post.deliveries()} == {"sent"}


async def test_a_server_that_has_taken_as_much_as_it_does_in_a_day_loses_no_mail(post, server):
    server.answers["."] = b"550 5.4.5 Daily user sending limit exceeded"
    await post.queue(*(by_mail(f"m{n}") for n in range(3)))
    await post.sends()
    assert {row["state"] for row in await post.deliveries()} == {"pending"}
    server.answers.clear()
    server.got.clear()
    await post.move_to(later(days=1))
    await post.sends()
    assert {row["state"] for row in await post.deliveries()} == {"sent"}
    assert len(server.got) == 3


@pytest.mark.parametrize("answer", [b"250 f\xfcr Sie angenommen", b"250-\xe4\r\n250 \xff"])
async def test_a_mail_that_was_accepted_in_latin_1_is_sent_once(post, server, answer):
    server.answers["."] = answer
    await post.queue(by_mail())
    await post.sends()
    await post.rows("UPDATE message_deliveries SET leased_until = now() - interval '1 second' RETURNING 1")
    await post.move_to(later(days=1))
    await post.sends()
    assert len(server.got) == 1
    assert [row["state"] for row in await post.deliveries()] == ["sent"]


async def test_a_refusal_in_latin_1_costs_no_other_mail_its_record(post, server):
    server.answers["RCPT"] = lambda line: b"550 unbekannter Empf\xe4nger\0" if "bad@" in line else b"250 OK"
    await post.queue(by_mail("a"), by_mail("b", to="bad@acme.example"), by_mail("c"))
    await post.sends()
    rows = await post.deliveries()
    assert [row["state"] for row in rows] == ["sent", "failed", "sent"]
    assert "Empfänger" in rows[1]["reason"]
    assert len(server.got) == 2


async def test_an_outcome_that_cannot_be_recorded_as_it_is_makes_nothing_go_out_again(post, mailbox, monkeypatch):
    [sender] = post.senders
    sends = sender.send

    async def answers_too_much(ready, at, link):
        outcome = await sends(ready, at, link)
        return msgspec.structs.replace(outcome, answer=b"x" * 70_000) if ready.delivery.key == "b" else outcome

    monkeypatch.setattr(sender, "send", answers_too_much)
    await post.queue(*(by_mail(key) for key in "abc"))
    await post.sends()
    assert [row["state"] for row in await post.deliveries()] == ["sent"] * 3
    assert len(mailbox.mails) == 3
    kept = {row["error"].partition(":")[0] for row in await post.attempts()}
    assert kept == {"", "CheckViolationError"}


@pytest.mark.parametrize("end", [CUT, b"nonsense"])
async def test_a_mail_that_was_handed_over_without_an_answer_is_marked_and_repeated_under_the_same_id(
    post, server, end
):
    answers = [end, b"250 OK"]
    server.answers["."] = lambda _: answers.pop(0)
    await post.queue(by_mail())
    await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["possible_repeat"]) == ("pending", True)
    await post.move_to(later(seconds=30))
    await post.sends()
    assert len(server.got) == 2
    first, second = ({line for line in mail.split(b"\r\n") if line} for mail in server.got)
    [message_id] = [line for line in first if line.startswith(b"Message-ID")]
    assert message_id in second
    assert b"Plaudit-Possible-Repeat: true" in second - first
    [row] = await post.deliveries()
    assert (row["state"], row["possible_repeat"]) == ("sent", True)


async def test_a_mail_that_was_not_handed_over_is_no_possible_repeat(post, server):
    server.answers["RCPT"] = CUT
    await post.queue(by_mail())
    await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["possible_repeat"]) == ("pending", False)


async def test_a_hostile_subject_is_sent_as_the_text_that_it_is(post, mailbox):
    subject = "=?utf-8?q?a=0D=0ABcc:_x=40y.example?= schöne  Grüße " + "und noch viele Wörter " * 5
    await post.queue(by_mail(content=Content(subject, "T")))
    await post.sends()
    [mail] = mailbox.mails
    assert mail["Subject"] == " ".join(subject.split())[:150]
    assert mail["Bcc"] is None
    assert mailbox.recipients == ["ann@acme.example"]


async def test_what_a_server_answers_in_halves_of_letters_is_stored(post):
    await post.queue(by_mail())
    async with post.worker.transaction() as tx:
        [leased] = await commands.lease(tx, 1, 1)
        await commands.record(tx, [(leased, Outcome(Kind.FAILED, error="half \udcff and \0"))], lambda: 0.0)
    [row] = await post.deliveries()
    assert row["reason"] == "half \ufffd and "
