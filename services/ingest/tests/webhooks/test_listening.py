"""`plaudit webhook listen`: what it prints, what it says of proofs, what it passes on, and how it ends."""

import asyncio
import json
import signal
import socket

import httpx
import pytest

from plaudit.common.standard_webhooks import new_secret
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.webhook_command import listening, run
from plaudit_testing.webhooks import headers

SECRET = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
BODY = json.dumps(created("r-1", 2)).encode()


async def post(url: str, body: bytes, with_headers: dict[str, str] | None = None) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.post(url, content=body, headers=with_headers or {})


async def test_a_delivery_is_printed_and_proven():
    async with listening("--json", secret=SECRET) as listener:
        answer = await post(f"{listener.url}/v1/hooks/any", BODY, headers(SECRET, BODY, "msg_1"))
        assert (answer.status_code, answer.json()) == (202, {"received_bytes": len(BODY)})
        told = await listener.delivery()
        assert (told["proven"], told["reason"], told["path"]) == (True, None, "/v1/hooks/any")
        assert (told["body"], told["headers"]["webhook-id"]) == (BODY.decode(), "msg_1")


async def test_it_says_why_a_delivery_is_not_proven():
    async with listening(secret=SECRET) as listener:
        for sent, said in (
            (headers(new_secret(), BODY), "no_match: no signature matches"),
            (headers(SECRET, BODY, timestamp=1_700_000_000), "too_old: webhook-timestamp is"),
            (headers(SECRET, BODY, timestamp=1_700_000_000_000), "milliseconds: webhook-timestamp is in milliseconds"),
            ({}, "missing_header: webhook-id and webhook-timestamp and webhook-signature is missing"),
        ):
            answer = await post(f"{listener.url}/x", BODY, sent)
            assert answer.status_code == 401
            assert said in answer.json()["detail"]
            assert f"NOT proven, {said}" in await listener.line()
            while "answered 401" not in await listener.line():
                pass
        assert await listener.end() == (0, "Deliveries: 4, 4 not proven.\n")


async def test_without_a_secret_nothing_is_checked():
    async with listening("--json") as listener:
        assert (await post(listener.url, b"\xff\x00")).status_code == 202
        told = await listener.delivery()
        assert (told["proven"], told["body"]) == (None, "\ufffd\x00")
        assert await listener.end() == (0, "Deliveries: 1.\n")


async def test_a_platform_without_signatures_is_proven_by_its_address_which_is_not_shown():
    async with listening("--json", "--platform", "trustpilot", secret="a token of theirs") as listener:
        for token, is_proven in (
            ("a-token-of-theirs", False),
            ("a%20token%20of%20theirs", True),
            ("a%20token%20of%20their", False),
        ):
            await post(f"{listener.url}/v1/hooks/1/{token}", b"{}")
            told = await listener.delivery()
            assert (told["proven"], told["path"]) == (is_proven, "/v1/hooks/1/(not shown)")


async def test_a_secret_in_a_header_is_not_shown():
    async with listening("--platform", "stamped", secret="hidden secret") as listener:
        sent = {"x-stamped-webhook-secret": "hidden secret", "authorization": "Bearer hidden"}
        assert (await post(listener.url, b"{}", sent)).status_code == 202
        lines = [await listener.line()]
        while "answered" not in lines[-1]:
            lines.append(await listener.line())
        assert "proven" in lines[0]
        assert "hidden" not in "".join(lines)


async def test_a_body_cannot_steer_the_terminal():
    async with listening() as listener:
        await post(listener.url, b"\x1b[2J\x1b]0;x\x07\xc2\x9b2J \xe2\x80\xaerolyat " + b"x" * 9_000)
        lines = [await listener.line()]
        while "answered" not in lines[-1]:
            lines.append(await listener.line())
        printed = "".join(lines)
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*printed}
        assert "more characters" in printed
        assert len(printed) < 6_000


@pytest.mark.postgres
async def test_deliveries_are_passed_on_as_they_came_and_the_answer_back(ingest: Ingest, source: Source):
    url = f"{str(ingest.client.base_url).rstrip('/')}{source.hook}"
    async with listening("--json", "--forward", url, secret=source.secret) as listener:
        done = await run(
            "send", "-", "--url", f"{listener.url}/v1/hooks/any", "--json", secret=source.secret, given=BODY
        )
        told = await listener.delivery()
        assert (done.code, told["proven"], told["forwarded"], told["status"]) == (0, True, True, 202)
        assert json.loads(told["answer"]) == done.told["answers"][0]["body"]
        stranger = await run("send", "-", "--url", listener.url, secret=new_secret(), given=BODY)
        assert (stranger.code, "invalid-signature" in stranger.out) == (1, True)
    [review] = await ingest.items("/v1/reviews")
    assert review["external_id"] == "r-1"


async def test_where_it_passes_on_to_nobody_the_sender_is_told_to_come_again():
    async with listening("--json", "--forward", "http://127.0.0.1:1/v1/hooks/1/hidden-token") as listener:
        answer = await post(listener.url, BODY)
        assert answer.status_code == 502
        assert answer.json()["detail"].startswith("http://127.0.0.1:1 does not answer")
        assert "hidden-token" not in await listener.line() + answer.text


async def test_what_is_no_delivery_is_answered_and_not_counted():
    async with listening() as listener:
        async with httpx.AsyncClient(timeout=60, base_url=listener.url) as client:
            assert (await client.get("/v1/hooks/x")).text == "plaudit webhook listen: post deliveries here.\n"
            assert (await client.head("/v1/hooks/x")).status_code == 200
            assert (await client.put("/v1/hooks/x")).status_code == 405
            assert (await client.post("/x", content=b"x" * (4 * 2**20 + 1))).status_code == 413
            assert (await client.post("/x", content=b"x" * (4 * 2**20))).status_code == 202
        code, said = await listener.end()
        assert (code, said.splitlines()[-1]) == (0, "Deliveries: 1.")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
async def test_it_ends_cleanly_also_while_a_body_is_under_way(by: signal.Signals):
    async with listening() as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]))
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf")
        await writer.drain()
        code, said = await listener.end(by)
        assert (code, "Traceback" in said) == (0, False), said
        assert b"503" in await reader.read()
        writer.close()


async def test_a_busy_port_is_said_in_one_sentence():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = await run("listen", "--port", port)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(f"cannot listen on port {port} (")
