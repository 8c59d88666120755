"""What is kept of an attempt: a possible repeat is marked, and nothing is lost when a process dies or raises."""

import asyncio
import socket

import pytest

from plaudit.common.delivery.commands import Later
from plaudit.common.delivery.domain.outcomes import MAX_ATTEMPTS
from plaudit_testing.delivering import by_mail, later, says, states, to_endpoints

pytestmark = pytest.mark.postgres


async def test_what_an_endpoint_got_without_answering_is_marked_and_repeated_under_the_same_key(post, endpoint):
    await post.endpoint(endpoint.url)
    answers = [b"", says(200)]
    endpoint.answer = lambda _: answers.pop(0)
    await post.queue(to_endpoints())
    await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["possible_repeat"]) == ("pending", True)
    await post.move_to(later(seconds=10))
    await post.sends()
    first, second = endpoint.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert "plaudit-possible-repeat" not in first.headers
    assert second.headers["plaudit-possible-repeat"] == "true"


async def test_what_no_endpoint_could_get_is_no_possible_repeat(post, endpoint):
    await post.endpoint(endpoint.url)
    post.resolve = _no_name
    post.job = post.new_job()
    await post.queue(to_endpoints())
    await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["possible_repeat"]) == ("pending", False)


async def _no_name(_host, _port):
    raise socket.gaierror(-2, "unknown")


async def test_a_process_that_dies_before_the_record_repeats_under_the_same_id_and_marks_it(post, endpoint, mailbox):
    class Dies(Exception):  # noqa: N818 - it is a death
        pass

    await post.endpoint(endpoint.url)
    await post.queue(to_endpoints("a"), by_mail("b"))
    dying = post.new_job()

    async def begin():
        await dying._begin(10)
        await asyncio.wait(dying._running)  # it has been sent, and nobody records it

    await begin()
    await post.sends()
    assert (len(endpoint.got), len(mailbox.mails)) == (1, 1), "the lease keeps others off"
    await post.rows("UPDATE message_deliveries SET leased_until = now() - interval '1 second' RETURNING 1")
    await post.sends()
    assert (len(endpoint.got), len(mailbox.mails)) == (2, 2)
    assert len({got.headers["webhook-id"] for got in endpoint.got}) == 1
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1
    assert [got.headers.get("plaudit-possible-repeat") for got in endpoint.got] == [None, "true"]
    assert [(row["state"], row["possible_repeat"], row["attempts"]) for row in await post.deliveries()] == [
        ("sent", True, 2),
        ("sent", True, 2),
    ]
    kinds = sorted((str(row["delivery_id"]), row["number"], row["kind"]) for row in await post.attempts())
    assert [kind for _, _, kind in kinds] == ["unrecorded", "sent"] * 2


async def test_what_an_endpoint_answers_is_kept_up_to_its_limit(post, endpoint):
    await post.endpoint(endpoint.url)
    endpoint.answer = lambda _: says(500, b"x" * 1_000_000)
    await post.queue(to_endpoints())
    await post.sends()
    [attempt] = await post.attempts()
    assert attempt["answer"] == b"x" * 65_536


async def test_a_sender_that_raises_on_one_delivery_costs_no_other_its_record_nor_the_outlet_a_rest(
    post, mailbox, monkeypatch
):
    [sender] = post.senders
    sends = sender.send

    async def raises_on_some(ready, at, link):
        if ready.delivery.key != "z":
            raise ZeroDivisionError("of ours")
        return await sends(ready, at, link)

    monkeypatch.setattr(sender, "send", raises_on_some)
    await post.queue(*(by_mail(f"a{n}") for n in range(6)), by_mail("z"))
    await post.sends()
    rows = await post.deliveries()
    assert states(rows) == ["pending"] * 6 + ["sent"]
    assert (rows[0]["reason"], rows[0]["attempts"]) == ("ZeroDivisionError: of ours", 1)
    assert {each["kind"] for each in await post.attempts()} == {"failed", "sent"}
    [outlet] = await post.rows("SELECT failures, rests_until FROM outlets")
    assert (outlet["failures"], outlet["rests_until"]) == (0, None)


async def test_to_be_put_off_is_no_attempt(post, mailbox):
    minutes = 0

    async def check(_tx, due):
        if minutes > MAX_ATTEMPTS:
            return {}
        return {each.delivery.id: Later(later(minutes=minutes + 1), "not yet") for each in due}

    post.checks = {"clock": check}
    post.job = post.new_job()
    await post.queue(by_mail())
    for minutes in range(MAX_ATTEMPTS + 2):
        await post.move_to(later(minutes=minutes))
        await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], row["attempts"], len(mailbox.mails)) == ("sent", 1, 1)
