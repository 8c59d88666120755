"""Who may send next: what hangs or fails holds up nobody else, and no two processes send the same."""

import asyncio

import msgspec
import pytest

from plaudit.common.delivery import commands
from plaudit_testing.delivering import by_mail, later, says, to_endpoints

pytestmark = pytest.mark.postgres


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
