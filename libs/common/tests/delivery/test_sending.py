"""Messages leave once, are tried again by the schedule, and every attempt is kept."""

import asyncio
import json
import socket
from datetime import timedelta

import msgspec
import pytest

from plaudit.common.delivery import commands
from plaudit.common.delivery.commands import Later, Withdraw
from plaudit.common.delivery.domain.message import Content, MessageError
from plaudit.common.delivery.domain.message import endpoint as to_endpoint
from plaudit.common.delivery.domain.outcomes import MAX_ATTEMPTS
from plaudit.common.standard_webhooks import decode_secret, verify
from plaudit_testing.delivering import NOW, by_mail, later, says, to_endpoints

pytestmark = pytest.mark.postgres


def states(rows):
    return [row["state"] for row in rows]


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


async def test_a_webhook_is_signed_and_every_attempt_has_the_same_id_and_body(post, endpoint):
    made = await post.endpoint(endpoint.url, "clock")
    answers = [says(500), says(503, retry_after="20"), says(204, b"")]
    endpoint.answer = lambda _: answers.pop(0)
    await post.queue(to_endpoints())
    await post.sends()
    await post.move_to(later(seconds=6))
    await post.sends()
    await post.move_to(later(seconds=15))
    await post.sends()
    assert len(endpoint.got) == 2, "the second attempt asked for a pause"
    await post.move_to(later(seconds=400))
    await post.sends()
    assert len({got.headers["webhook-id"] for got in endpoint.got}) == 1
    assert len({got.body for got in endpoint.got}) == 1
    for got in endpoint.got:
        verify(
            *(got.headers[name].encode() for name in ("webhook-id", "webhook-timestamp", "webhook-signature")),
            got.body,
            [decode_secret(made.secret)],
            int(got.headers["webhook-timestamp"]),
        )
    assert [(row["kind"], row["status"]) for row in await post.attempts()] == [
        ("failed", 500),
        ("failed", 503),
        ("sent", 204),
    ]
    assert states(await post.deliveries()) == ["sent"]


async def test_both_secrets_sign_while_one_is_replaced(post, endpoint):
    from plaudit.common.delivery.endpoints import commands as endpoints

    made = await post.endpoint(endpoint.url)
    async with post.api.transaction("default") as tx:
        again = await endpoints.rotate(tx, post.vault, "default", made.endpoint.id, "person:1")
    await post.queue(to_endpoints())
    await post.sends()
    [got] = endpoint.got
    for secret in (made.secret, again.secret):
        verify(
            *(got.headers[name].encode() for name in ("webhook-id", "webhook-timestamp", "webhook-signature")),
            got.body,
            [decode_secret(secret)],
            int(got.headers["webhook-timestamp"]),
        )


async def test_only_endpoints_that_take_the_topic_are_told(post, endpoint, other_endpoint):
    await post.endpoint(endpoint.url, "clock")
    await post.endpoint(other_endpoint.url, "board", name="Board")
    await post.queue(to_endpoints())
    await post.sends()
    assert (len(endpoint.got), len(other_endpoint.got)) == (1, 0)


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


async def test_an_endpoint_that_is_gone_is_disabled_with_the_reason(post, endpoint):
    made = await post.endpoint(endpoint.url)
    endpoint.answer = lambda _: says(410)
    await post.queue(to_endpoints("a"))
    await post.sends()
    await post.queue(to_endpoints("b"))
    await post.sends()
    assert len(endpoint.got) == 1
    [found] = await post.rows("SELECT state, reason FROM endpoints")
    assert found["state"] == "disabled"
    assert "410" in found["reason"]
    rows = await post.deliveries()
    assert [(row["key"], row["channel"], row["state"]) for row in rows] == [
        ("a", "webhook", "failed"),
        ("b", "console", "sent"),
    ]
    changes = await post.rows("SELECT actor, change FROM endpoint_changes ORDER BY id")
    assert [each["actor"] for each in changes] == ["person:1", "system"]
    await post.queue(msgspec.structs.replace(to_endpoints("c"), to=to_endpoint(made.endpoint.id)))
    await post.sends()
    assert "disabled" in (await post.deliveries())[-1]["reason"]


async def test_an_endpoint_that_fails_for_days_is_disabled_and_what_waits_can_be_sent_again(post, endpoint):
    from plaudit.common.delivery.endpoints import commands as endpoints

    made = await post.endpoint(endpoint.url)
    endpoint.answer = lambda _: says(500)
    await post.queue(*(to_endpoints(f"k{n}") for n in range(4)))
    for hours in range(0, 150, 6):
        await post.move_to(later(hours=hours))
        await post.sends()
    assert [row["state"] for row in await post.rows("SELECT state FROM endpoints")] == ["disabled"]
    assert set(states(await post.deliveries())) == {"failed"}
    endpoint.answer = lambda _: says(200)
    async with post.api.transaction("default") as tx:
        await endpoints.enable(tx, "default", made.endpoint.id, "person:1")
        assert await commands.redrive(tx, "default", endpoint_id=made.endpoint.id) == 4
    await post.sends()
    assert set(states(await post.deliveries())) == {"sent"}


async def test_an_endpoint_that_fails_rests_and_one_attempt_probes_it(post, endpoint):
    await post.endpoint(endpoint.url)
    endpoint.answer = lambda _: says(500)
    await post.queue(*(to_endpoints(f"k{n:02}") for n in range(30)))
    await post.sends()
    assert 5 <= len(endpoint.got) < 30, "it rests after failures in a row"
    before = len(endpoint.got)
    await post.sends()
    assert len(endpoint.got) == before
    endpoint.answer = lambda _: says(200)
    await post.move_to(later(hours=1))
    await post.sends()
    assert set(states(await post.deliveries())) == {"sent"}


async def test_one_failing_endpoint_gets_one_attempt_at_a_time(post, endpoint):
    await post.endpoint(endpoint.url)
    endpoint.answer = lambda _: says(500)
    await post.queue(to_endpoints("a"))
    await post.sends()
    endpoint.answer = lambda _: None
    await post.queue(*(to_endpoints(f"b{n}") for n in range(5)))
    job = post.job
    while not endpoint.hanging.is_set():
        await job.turn()
        if len(endpoint.got) > 1 and await post.rows("SELECT 1 FROM message_deliveries WHERE state = 'sending'"):
            break
    for _ in range(3):
        await job.turn()
    assert len(await post.rows("SELECT 1 FROM message_deliveries WHERE state = 'sending'")) == 1
    endpoint.hanging.set()
    await job.settle()


async def test_a_hanging_endpoint_holds_up_no_other(post, endpoint, other_endpoint, mailbox):
    await post.endpoint(endpoint.url, name="Hanging")
    await post.endpoint(other_endpoint.url, name="Well")
    endpoint.answer = lambda _: None
    await post.queue(*(to_endpoints(f"k{n}") for n in range(40)), *(by_mail(f"m{n}") for n in range(5)))
    while len(other_endpoint.got) < 40 or len(mailbox.mails) < 5:
        await post.job.turn()
    sending = await post.rows("SELECT outlet FROM message_deliveries WHERE state = 'sending'")
    assert len([1 for row in sending if row["outlet"] != "email"]) <= 2 * post.settings.delivery_per_outlet
    assert len(endpoint.got) <= post.settings.delivery_per_outlet
    endpoint.hanging.set()
    await post.job.settle()


async def test_a_tenant_of_which_everything_hangs_leaves_room_for_others(post, endpoint, other_endpoint):
    endpoint.answer = lambda _: None
    for number in range(12):
        await post.endpoint(f"{endpoint.url}/{number}", name=f"Hanging {number}", tenant="acme")
    await post.endpoint(other_endpoint.url, name="Well", tenant="other")
    hanging = [msgspec.structs.replace(to_endpoints(f"k{n}"), tenant="acme") for n in range(8)]
    await post.queue(*hanging)
    for _ in range(20):
        await post.job.turn()
    assert len(endpoint.got) == post.settings.delivery_parallel * 3 // 4
    await post.queue(*(msgspec.structs.replace(each, tenant="other") for each in hanging))
    while len(other_endpoint.got) < len(hanging):
        await post.job.turn()
    endpoint.hanging.set()
    endpoint.answer = lambda _: says(200)
    await post.job.settle()


async def test_tenants_take_turns_in_what_has_room(post, mailbox):
    await post.queue(*(by_mail(f"k{n}") for n in range(20)))
    await post.queue(*(msgspec.structs.replace(by_mail(f"k{n}"), tenant="other") for n in range(2)))
    async with post.worker.transaction() as tx:
        leased = await commands.lease(tx, 4, 8)
    assert sorted(each.tenant_id for each in leased) == ["default", "default", "other", "other"]


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


async def test_however_many_processes_there_are_each_delivery_leaves_once_and_no_endpoint_gets_more_at_a_time(
    post, endpoint
):
    await post.endpoint(endpoint.url)
    await post.queue(*(to_endpoints(f"k{n}") for n in range(60)))
    jobs = [post.new_job() for _ in range(3)]
    most = 0

    async def work(job):
        nonlocal most
        while await job.turn():
            rows = await post.rows("SELECT count(*) AS n FROM message_deliveries WHERE state = 'sending'")
            most = max(most, rows[0]["n"])

    await asyncio.gather(*map(work, jobs))
    await post.sends()
    assert len(endpoint.got) == 60
    assert len({got.headers["webhook-id"] for got in endpoint.got}) == 60
    assert most <= post.settings.delivery_per_outlet


async def test_a_test_that_moves_time_makes_no_second_sender(post, endpoint):
    await post.endpoint(endpoint.url)
    endpoint.answer = lambda _: None
    await post.queue(to_endpoints())
    while not endpoint.got:
        await post.job.turn()
    await post.move_to(later(days=10))
    await post.new_job().settle()
    assert len(endpoint.got) == 1
    endpoint.hanging.set()
    await post.job.settle()


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


async def test_slack_gets_one_message_at_a_time_and_a_second_between_two(post, endpoint):
    await post.endpoint(endpoint.url, channel="slack")
    await post.queue(*(to_endpoints(f"k{n}") for n in range(3)))
    endpoint.answer = lambda _: None
    while not endpoint.got:
        await post.job.turn()
    for _ in range(3):
        await post.job.turn()
    assert len(endpoint.got) == 1
    endpoint.answer = lambda _: says(200)
    endpoint.hanging.set()
    for minutes in range(1, 5):
        await post.sends()
        await post.move_to(later(minutes=minutes * 20))
    [outlet] = await post.rows("SELECT rests_until FROM outlets")
    last = max(row["finished_at"] for row in await post.deliveries())
    assert outlet["rests_until"] == last + timedelta(seconds=1)
    assert set(states(await post.deliveries())) == {"sent"}


async def test_what_an_endpoint_answers_is_kept_up_to_its_limit(post, endpoint):
    await post.endpoint(endpoint.url)
    endpoint.answer = lambda _: says(500, b"x" * 1_000_000)
    await post.queue(to_endpoints())
    await post.sends()
    [attempt] = await post.attempts()
    assert attempt["answer"] == b"x" * 65_536


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


async def test_after_a_rotation_of_the_vaults_keys_endpoints_are_sealed_again_and_told_as_before(post, endpoint):
    from plaudit.common.delivery.jobs import EndpointResealJob
    from plaudit.common.vault import KeyRing, Vault
    from plaudit_testing.vault import VAULT_KEYS

    await post.endpoint(endpoint.url)
    other = "new:" + VAULT_KEYS.partition(":")[2][:-5] + "AAAA="
    both = Vault(KeyRing.parse(f"{other} {VAULT_KEYS}"))
    assert await EndpointResealJob(post.worker, both).turn() == 1
    assert await EndpointResealJob(post.worker, both).turn() == 0
    post.vault = Vault(KeyRing.parse(other))
    post.job = post.new_job()
    await post.queue(to_endpoints())
    await post.sends()
    assert len(endpoint.got) == 1


async def test_an_endpoint_whose_key_is_missing_fails_with_the_reason(post, endpoint):
    from plaudit.common.vault import KeyRing, Vault

    await post.endpoint(endpoint.url)
    await post.queue(to_endpoints())
    post.vault = Vault(KeyRing.parse("other:" + "A" * 43 + "="))
    post.job = post.new_job()
    await post.sends()
    [row] = await post.deliveries()
    assert (row["state"], "key of the vault" in row["reason"]) == ("failed", True)
    assert endpoint.got == []


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
