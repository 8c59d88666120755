"""Endpoints are signed to, rest when they fail, and are disabled when they are gone."""

from datetime import timedelta

import msgspec
import pytest

from plaudit.common.delivery import commands
from plaudit.common.delivery.domain.message import endpoint as to_endpoint
from plaudit.common.standard_webhooks import decode_secret, verify
from plaudit_testing.delivering import later, says, states, to_endpoints

pytestmark = pytest.mark.postgres


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
