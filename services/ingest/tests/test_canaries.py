"""Personal data that is planted in what comes in shows up in no log, metric, event or answer to an error."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.webhooks.domain import Attempt, signed_headers
from plaudit_testing.canaries import ADDRESS, CONTACT, MIXED, NAME, PHONE, WORDS, personal, planted, told
from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.platforms import CUSTOM_MAPPING, FIXTURES, platform_of
from plaudit_testing.stack import ServiceProcess, Stack, stack
from plaudit_testing.webhooks import headers

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]


def review(**more: Any) -> dict[str, Any]:
    author = {"email": ADDRESS, "name": NAME, "phone": PHONE}
    told = {"id": "r-1", "rating": 4, "text": f"So {WORDS}.", "published_at": "2026-02-14T10:15:30Z", "author": author}
    return {"type": "review.created", "data": {**told, **more}}


BODIES = {
    "taken": json.dumps(review()).encode(),
    "off its scale": json.dumps(review(id="r-2", rating=ADDRESS)).encode(),
    "not a time": json.dumps(review(id="r-3", published_at=f"{ADDRESS} {WORDS}")).encode(),
    "no author": json.dumps(review(id="r-4", author=f"{ADDRESS} {PHONE} {WORDS}")).encode(),
    "no type": json.dumps({**review(id="r-5"), "type": f"{NAME} {ADDRESS} {WORDS}"}).encode(),
    "no subject": json.dumps(review(id="r-6", subject=f"{ADDRESS} {WORDS}")).encode(),
    "not JSON": b'{"author": "%b", "text": "%b", ' % (ADDRESS.encode(), WORDS.encode()),
    "doubled": b'{"%b": 1, "%b": 2}' % (ADDRESS.encode(), ADDRESS.encode()),
    "a surrogate": b'{"type": "review.created", "data": {"id": "%b \\ud800"}}' % ADDRESS.encode(),
}
REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/customers/events", {"events": [{"id": "e-1", "email": ADDRESS, "type": NAME, "subject": "acme"}]}),
    ("POST", "/v1/customers/events", {"events": [{"id": ADDRESS, "reference": f"{ADDRESS}{WORDS}", ADDRESS: 1}]}),
    ("POST", "/v1/customers/events", {"events": ADDRESS}),
    ("PUT", "/v1/contacts", {"email": f"{NAME} <{ADDRESS}> {WORDS}"}),
    ("PUT", "/v1/contacts", {"email": ADDRESS, "consent": f"{PHONE} {WORDS}"}),
    ("POST", "/v1/erasures", {"person": ADDRESS}),
    ("POST", "/v1/erasures", {"email": f"{ADDRESS},{ADDRESS}"}),
    ("GET", f"/v1/contacts/{ADDRESS}", None),
    ("GET", f"/v1/reviews?external_id={ADDRESS}&rating_gte={WORDS}", None),
    ("GET", f"/v1/{ADDRESS}/{WORDS}", None),
)


@pytest.fixture
def running(ingest_url: str, tmp_path: Path) -> Iterator[tuple[Stack, ServiceProcess]]:
    with stack(ingest_url, NO_KAFKA, tmp_path, PLAUDIT_LOG_LEVEL="DEBUG") as made:
        process = made.process("ingest", "api").start().wait_ready()
        yield made, process
        process.stop()


async def test_planted_personal_data_is_in_no_log_metric_event_or_refusal(
    running: tuple[Stack, ServiceProcess], ingest_url: str
) -> None:
    made, process = running
    key = {"authorization": f"Bearer {made.new_key('default')}"}
    refusals = 0
    async with httpx.AsyncClient(base_url=process.base, timeout=DEADLINE_SECONDS) as client:
        wanted = {"name": "Our shop", "platform": "native", "subject": "acme"}
        source = (await client.post("/v1/sources", json=wanted, headers=key)).json()
        for name, body in BODIES.items():
            signed = headers(source["secret"], body) | {"user-agent": f"{NAME} {ADDRESS}"}
            for sent in (signed, {**signed, "webhook-signature": f"v1,{ADDRESS}"}):
                answer = await client.post(source["hook"], content=body, headers=sent)
                assert answer.status_code < 500, (name, answer.text)
                assert told(answer.text) == [], (name, answer.text)
                refusals += answer.status_code >= 400
        sound = {"id": "e-1", "email": ADDRESS, "type": "purchased", "subject": "acme", "consent": "granted"}
        sound["happened_at"] = "2026-03-01T12:00:00Z"
        taken = await client.post("/v1/customers/events", json={"events": [sound]}, headers=key)
        assert taken.json()["accepted"] == 1, taken.text
        for method, path, sent_body in REQUESTS:
            answer = await client.request(method, path, json=sent_body, headers=key)
            assert answer.status_code < 500, (path, answer.text)
            assert told(answer.text) == [], (path, answer.text)
            refusals += answer.status_code >= 400
        assert told((await client.get("/metrics")).text) == []
    assert refusals > len(BODIES) + len(REQUESTS) / 2
    connection = await asyncpg.connect(ingest_url)
    events = [row["envelope"].decode() for row in await connection.fetch("SELECT envelope FROM ingest.outbox")]
    await connection.close()
    assert len(events) == 3, "a review, an event of a customer, and what it says of consent"
    assert told("\n".join(events), CONTACT) == []
    log = process.log.read_text()
    assert "delivery" in log or "request" in log, "something was logged"
    assert told(log) == []


async def test_a_survey_tells_no_log_and_no_operator_who_was_asked_and_by_which_link(
    running: tuple[Stack, ServiceProcess], ingest_url: str
) -> None:
    made, process = running
    key = {"authorization": f"Bearer {made.new_key('default')}"}
    wanted = {"name": "After it", "subject": "acme", "kind": "stars", "template": "shop", "language": "en"}
    ours = {"sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(base_url=process.base, timeout=DEADLINE_SECONDS) as client:
        survey = (await client.post("/v1/surveys", json=wanted, headers=key)).json()
        asked = {"invitations": [{"email": ADDRESS}, {"email": f"{NAME} {ADDRESS}", WORDS: PHONE}, {"person": ADDRESS}]}
        invited = await client.post(f"/v1/surveys/{survey['id']}/invitations", json=asked, headers=key)
        assert (len(invited.json()["invitations"]), told(invited.text)) == (1, [])
        link = httpx.URL(invited.json()["invitations"][0]["link"]).path
        forms = ({"rating": WORDS, "text": PHONE}, {"rating": "4", "text": WORDS}, {"rating": "5", "text": PHONE})
        answers = [await client.post(link, data=form, headers=ours) for form in forms]
        assert [each.status_code for each in answers] == [422, 303, 409]
        assert told("".join(each.text for each in answers), (ADDRESS, NAME)) == []
        for wrong in (f"{link}x", f"{link}?r={WORDS}", f"/s/{ADDRESS}"):
            assert told((await client.get(wrong)).text) == []
        assert told((await client.get("/metrics")).text) == []
    connection = await asyncpg.connect(ingest_url)
    [event] = [row["envelope"].decode() for row in await connection.fetch("SELECT envelope FROM ingest.outbox")]
    stored = await connection.fetch("SELECT to_jsonb(i)::text AS row FROM ingest.survey_invitations i")
    await connection.close()
    assert told(event, CONTACT) == []
    log = process.log.read_text()
    assert "/s/{token}" in log
    token = link.removeprefix("/s/")
    assert told(log) == []
    assert [each for each in (log, event, stored[0]["row"]) if token in each] == [], "who has it could respond"


PART = 5
"""Every fifth of the payloads with something planted is posted; each is read in `platforms/test_canaries.py`."""
POSTING = sorted(name for name, adapter in ADAPTERS.items() if adapter.proof.is_for_any_sender)
"""Platforms whose deliveries a test can prove; what the others tell, is pulled."""
SIGNED_BY_US = {"native-v1a"}
"""It needs a key pair; its payloads are those of `native`."""


async def source_of(client: httpx.AsyncClient, key: dict[str, str], platform: str) -> dict[str, Any]:
    """A source of a platform, with a secret that we know."""
    wanted = {"name": platform, "platform": platform, "subject": "acme", "time_zone": "UTC"}
    wanted |= {"mapping": json.loads(CUSTOM_MAPPING)} if platform == "custom" else {}
    answer = await client.post("/v1/sources", json=wanted, headers=key)
    assert answer.status_code == 201, (platform, answer.text)
    made: dict[str, Any] = answer.json()
    return made


async def test_personal_data_in_the_payload_of_any_platform_is_told_to_nobody(
    running: tuple[Stack, ServiceProcess], ingest_url: str
) -> None:
    made, process = running
    key = {"authorization": f"Bearer {made.new_key('default')}"}
    posted, reasons = 0, 0
    async with httpx.AsyncClient(base_url=process.base, timeout=DEADLINE_SECONDS) as client:
        for platform in POSTING:
            if platform in SIGNED_BY_US:
                continue
            source = await source_of(client, key, platform)
            adapter = ADAPTERS[platform].of(CUSTOM_MAPPING if platform == "custom" else None)
            documents = [json.loads(path.read_bytes()) for path in FIXTURES if platform_of(path) == platform]
            whole = [body for document in documents for _, body in planted(document)][::PART]
            bodies = [*(body for document in documents for _, body in personal(document)), *whole]
            for body in bodies:
                attempt = Attempt(f"msg_{posted}", time.time())
                signed = signed_headers(adapter, source["secret"], body, attempt)
                answer = await client.post(
                    source["hook"], content=body, headers={**signed, "content-type": "application/json"}
                )
                assert answer.status_code < 500, (platform, answer.text)
                posted += 1
                document = answer.json()
                refused = [
                    str(document.get(name)) for name in ("detail", "quarantined", "ignored", "quarantine_reason")
                ]
                reasons += bool(document.get("quarantined")) or answer.status_code >= 400
                assert told("".join(refused)) == [], (platform, answer.text)
        assert told((await client.get("/metrics")).text) == []
    assert posted > 10 * len(POSTING)
    assert reasons > len(POSTING)
    connection = await asyncpg.connect(ingest_url)
    kept = await connection.fetch(
        "SELECT quarantine_reason, quarantined::text, set_aside ->> 'ignored' FROM ingest.deliveries"
    )
    await connection.close()
    assert told(str([tuple(row) for row in kept])) == []
    assert told(process.log.read_text()) == []


async def test_personal_data_in_the_rows_of_a_file_is_told_to_nobody(
    running: tuple[Stack, ServiceProcess], ingest_url: str
) -> None:
    made, process = running
    key = {"authorization": f"Bearer {made.new_key('default')}"}
    jobs = made.process("ingest", "jobs").start()
    async with httpx.AsyncClient(base_url=process.base, timeout=DEADLINE_SECONDS) as client:
        source = await source_of(client, key, "native")
        columns = ("id=id", "rating=rating", "published_at=at", "text=text", "author.email=email", "author.name=name")
        lines = ["id,rating,at,text,email,name", f'f-1,4,2026-03-01T12:00:00Z,So {WORDS},{ADDRESS},"{NAME}"']
        bad = MIXED.replace(",", " ")
        lines += [f"f-2,{bad},2026-03-01T12:00:00Z,x,{ADDRESS},{NAME}", f"f-3,4,{bad},x,{ADDRESS},{NAME}"]
        lines += [f"f-4,4,2026-03-01T12:00:00Z,{bad},{bad},{NAME},{bad},{bad}"]
        asked = await client.post(
            "/v1/imports",
            params={"source_id": source["id"], "map": columns},
            content="\n".join(lines).encode(),
            headers={**key, "content-type": "text/csv"},
        )
        assert asked.status_code == 202, asked.text
        path = f"/v1/imports/{asked.json()['id']}"
        async with asyncio.timeout(DEADLINE_SECONDS):
            while (state := (await client.get(path, headers=key)).json())["finished_at"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert told(json.dumps({**state, "name": ""})) == [], state
        wrong = await client.post(
            "/v1/imports",
            params={"source_id": source["id"], "map": f"{ADDRESS}={WORDS}"},
            content=MIXED.encode(),
            headers={**key, "content-type": "text/csv"},
        )
        assert wrong.status_code in {202, 422}
    connection = await asyncpg.connect(ingest_url)
    events = [row["envelope"].decode() for row in await connection.fetch("SELECT envelope FROM ingest.outbox")]
    await connection.close()
    jobs.stop()
    assert events != []
    assert told("".join(events), (ADDRESS, NAME)) == []
    assert told(process.log.read_text() + jobs.log.read_text()) == []
