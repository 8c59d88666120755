"""Personal data that is planted in what comes in shows up in no log, metric, event or answer to an error."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.stack import ServiceProcess, Stack, stack
from plaudit_testing.webhooks import headers

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

ADDRESS = "canary.quibblefrotz@example.com"
NAME = "Canarina Quibblefrotz"
PHONE = "+49 30 5550199"
WORDS = "zwickelfroh"
"""Of a text: it is public, and so on the bus, but in nothing that operators read."""
CONTACT = ("quibblefrotz", "Canarina", "5550199")
ALL = (*CONTACT, WORDS)


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


def told(text: str, canaries: tuple[str, ...] = ALL) -> list[str]:
    return [canary for canary in canaries if canary.lower() in text.lower()]


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
    assert len(events) == 2
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
