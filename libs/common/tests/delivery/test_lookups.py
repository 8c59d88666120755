"""A name server that hangs holds up the names that it is asked for, and no others."""

import asyncio
import socket
import threading

import pytest

from plaudit.common.delivery.lookups import MAX_LOOKUPS, Lookups


@pytest.fixture
def hanging():
    let_go = threading.Event()
    yield let_go
    let_go.set()


async def test_names_that_hang_hold_up_no_others_and_nothing_else_of_the_process(hanging):
    asked = []

    def find(host, _port):
        asked.append(host)
        if host.startswith("hangs"):
            hanging.wait()
        return ["127.0.0.1"]

    lookups = Lookups(find)
    waiting = [asyncio.create_task(lookups(f"hangs{n}.example", 443)) for n in range(MAX_LOOKUPS - 1)]
    assert await lookups("well.example", 443) == ["127.0.0.1"]
    assert await asyncio.to_thread(lambda: "other work") == "other work"
    hanging.set()
    await asyncio.gather(*waiting)
    lookups.close()


async def test_a_name_is_looked_up_once_at_a_time_and_whoever_gives_up_takes_it_from_nobody(hanging):
    asked = []

    def find(host, _port):
        asked.append(host)
        hanging.wait()
        return ["127.0.0.1"]

    lookups = Lookups(find)
    giving_up = [asyncio.create_task(lookups("slow.example", 443)) for _ in range(50)]
    staying = asyncio.create_task(lookups("slow.example", 443))
    await asyncio.sleep(0)
    for each in giving_up:
        each.cancel()
    await asyncio.gather(*giving_up, return_exceptions=True)
    hanging.set()
    assert await staying == ["127.0.0.1"]
    assert asked == ["slow.example"]
    assert await lookups("slow.example", 443) == ["127.0.0.1"]
    assert len(asked) == 2, "an answer is not kept: each connection asks anew"
    lookups.close()


async def test_a_name_that_there_is_not_is_said_to_each_who_asked():
    def find(_host, _port):
        raise socket.gaierror(-2, "Name or service not known")

    lookups = Lookups(find)
    found = await asyncio.gather(*(lookups("no.example", 443) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [socket.gaierror] * 3
    lookups.close()
