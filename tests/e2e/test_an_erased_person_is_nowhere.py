"""A person is erased: every service lets go of the words and the figures, and the same webhook brings nothing back."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from plaudit.common.contracts import SCORES
from plaudit.scoring.figures.domain.catalogue import OFFERED, Figure
from plaudit_testing import pipeline
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.erasing import holders
from plaudit_testing.runtime import read_log
from plaudit_testing.stack import MODULES, ServiceProcess, Stack, eventually, stack
from plaudit_testing.webhooks import headers

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

WORD = "zwickelfroh"
"""In nothing but what is erased: in the words, the id on the platform and the address of the review."""
FOLLOWERS = ("alerting", "scoring", "feedback-board")
OF_SUBJECT = ("subject", "explanation", "complaints", "projection", "figures", "markers")
"""Pages of scores that show one subject."""
FILES = ("csv", "jsonl")
OF_A_BAD_REVIEW = ("first_answer", "resolution_first", "resolution_total")
"""What the shipped policy wants in time of a review of one star, from its publication."""
GROUPS = {
    "scoring": ("scoring-live", "scoring-history", "scoring-insight", "scoring-answers"),
    "alerting": ("alerting", "alerting-answers", "alerting-reviews", "alerting-alerts", "alerting-cadences"),
    "feedback_board": ("board",),
}


def review(external_id: str, rating: int, email: str, words: str) -> dict[str, Any]:
    return {
        "type": "review.created",
        "data": {
            "id": external_id,
            "rating": rating,
            "title": words,
            "text": f"It was {words}.",
            "url": f"https://shop.example/{external_id}",
            "published_at": datetime.now(UTC).isoformat(),
            "author": {"email": email},
        },
    }


def post_signed(source: dict[str, Any], body: bytes, sent_id: str) -> None:
    """Post a delivery with a signature of now."""
    answer = httpx.post(
        source["hook"], content=body, headers=headers(source["secret"], body, sent_id), timeout=DEADLINE_SECONDS
    )
    assert answer.status_code in (200, 202), answer.text


def asked(running: Stack, process: ServiceProcess, path: str) -> dict[str, Any]:
    status, answer = process.get(path, running.key)
    assert status == 200, answer
    return answer


def posted(running: Stack, process: ServiceProcess, path: str, body: dict[str, Any]) -> httpx.Response:
    bearer = {"authorization": f"Bearer {running.key}"}
    return httpx.post(process.base + path, json=body, headers=bearer, timeout=DEADLINE_SECONDS)


async def all_applied(running: Stack) -> None:
    for schema, groups in GROUPS.items():
        for group in groups:
            await pipeline.applied(running, group, schema)


async def held(running: Stack) -> dict[str, list[str]]:
    """Service → its tables that hold the word."""
    connection = await asyncpg.connect(running.database_url)
    try:
        return {service: await holders(connection, service, WORD) for service in FOLLOWERS}
    finally:
        await connection.close()


async def test_an_erased_person_leaves_the_clock_the_score_and_the_board_and_does_not_come_back(
    database_url: str, fresh_kafka: Any, tmp_path: Path
) -> None:
    with stack(database_url, fresh_kafka.address, tmp_path, PLAUDIT_OWNER_EMAIL="owner@example.com") as running:
        running.prepare(*MODULES)
        processes = {name: running.process(name, "all").start() for name in MODULES}
        for process in processes.values():
            await asyncio.to_thread(process.wait_ready)
        ingest, scoring, alerting, board = (processes[name] for name in MODULES)
        source = await asyncio.to_thread(pipeline.create_source, running, ingest, "acme")

        kept = json.dumps([review("r-bob", 4, "bob@example.com", "fine")]).encode()
        post_signed(source, kept, "d-kept")
        await counted(running, scoring, 1)
        before = asked(running, scoring, "/v1/scores/acme")

        body = json.dumps([review(f"r-{WORD}", 1, f"ada.{WORD}@example.com", WORD)]).encode()
        post_signed(source, body, "d-erased")
        await counted(running, scoring, 2)

        def clocks(external_id: str) -> dict[str, dict[str, Any]]:
            """Metric → clock, of the reviews that are called so."""
            items: list[dict[str, Any]] = asked(running, alerting, "/v1/clocks")["items"]
            return {clock["metric"]: clock for clock in items if clock["external_id"] == external_id}

        def states(external_id: str) -> dict[str, str]:
            return {metric: clock["state"] for metric, clock in clocks(external_id).items()}

        await eventually(lambda: states(f"r-{WORD}") == dict.fromkeys(OF_A_BAD_REVIEW, "running"), "the clocks run")
        review_id = clocks(f"r-{WORD}")["first_answer"]["review_id"]
        made = posted(running, board, "/v1/requests", {"title": "Warm soup"})
        request = f"/v1/requests/{made.json()['id']}"
        marked = marked_and_public(running, scoring)
        await eventually(
            lambda: posted(running, board, f"{request}/links", {"review_id": review_id}).is_success, "it is linked"
        )
        assert asked(running, board, request)["linked_reviews"] == 1
        assert review_id in said(running, scoring, marked)["/v1/score-explanations/acme"]
        there = await held(running)
        assert "clocks" in there["alerting"]
        assert "reviews" in there["feedback-board"]

        erasure = posted(running, ingest, "/v1/erasures", {"email": f"ada.{WORD}@example.com"})
        assert erasure.status_code == 202, erasure.text
        receipt = f"/v1/erasures/{erasure.json()['id']}"
        await eventually(lambda: asked(running, ingest, receipt)["stage"] == "done", "the erasure is done")
        await nothing_is_left(running)
        await counted(running, scoring, 1)
        nothing_is_said(said(running, scoring, marked), review_id)

        for sent_id in ("d-erased", "d-again"):
            post_signed(source, body, sent_id)
        marker = json.dumps([review("r-eve", 5, "eve@example.com", "good")]).encode()
        post_signed(source, marker, "d-marker")
        await counted(running, scoring, 2)
        post_signed(source, json.dumps([{"type": "review.removed", "data": {"id": "r-eve"}}]).encode(), "d-gone")
        await counted(running, scoring, 1)
        await all_applied(running)

        await nothing_is_left(running)
        assert states("erased") == dict.fromkeys(OF_A_BAD_REVIEW, "cancelled")
        assert {clock["review_id"] for clock in clocks("erased").values()} == {review_id}
        after = asked(running, scoring, "/v1/scores/acme")
        assert (after["count"], after["distribution"]) == (before["count"], before["distribution"])
        assert after["score"] == pytest.approx(before["score"], abs=1e-6)
        assert asked(running, board, request)["linked_reviews"] == 0
        nothing_is_said(said(running, scoring, marked), review_id)
        told = [
            event
            for events in (await read_log(fresh_kafka.address, SCORES.name)).partitions.values()
            for event in events
        ]
        assert {event["subject"] for event in told} == {"acme"}
        nothing_is_said({SCORES.name: str(told)}, review_id)
        shown = {each["external_id"] for each in asked(running, ingest, "/v1/reviews")["items"]}
        assert shown <= {"r-bob", "r-eve"}


def marked_and_public(running: Stack, scoring: ServiceProcess) -> str:
    """Note a marker of the subject and let everybody see its score; the marker's id."""
    marker = {"kind": "release", "name": "Kite 2", "subject": "acme"}
    at = datetime.now(UTC) - timedelta(seconds=1)
    made = posted(running, scoring, "/v1/markers", {**marker, "at": at.isoformat()})
    assert made.status_code == 201, made.text
    bearer = {"authorization": f"Bearer {running.key}"}
    path, body = f"{scoring.base}/v1/badges/acme", {"name": "Acme"}
    public = httpx.put(path, json=body, headers=bearer, timeout=DEADLINE_SECONDS)
    assert public.status_code == 200, public.text
    marked: str = made.json()["id"]
    return marked


def said(running: Stack, scoring: ServiceProcess, marked: str) -> dict[str, str]:
    """All that scoring tells of the subject, over its API, on its pages and to everybody, by path."""
    window = {"from": (datetime.now(UTC) - timedelta(hours=2)).isoformat(), "to": datetime.now(UTC).isoformat()}
    series: dict[str, dict[str, Any]] = {
        "/v1/score-series": {"subject": "acme", "step": "hour", **window},
        "/v1/figure-series": {"subject": "acme", "step": "hour", "figure": [*OFFERED], **window},
    }
    files = {f"{path}#{form}": {**params, "format": form} for path, params in series.items() for form in FILES}
    effects = {f"/v1/markers/{marked}/effect#{each}": {"figure": each} for each in Figure}
    api: dict[str, dict[str, Any]] = {
        **series,
        **files,
        **effects,
        "/v1/scores": {},
        "/v1/scores/acme": {},
        "/v1/score-figures/acme": {},
        "/v1/score-explanations/acme": {**window, "reviews": "100"},
        "/v1/score-projections/acme": {},
        "/v1/score-ranking": {},
        "/v1/score-events": {},
        "/v1/insight/acme": {},
        "/v1/markers": {},
        "/v1/badges/acme": {},
    }
    pages = {
        "/console/scores": {},
        **{f"/console/scores/{page}": {"subject": "acme"} for page in OF_SUBJECT},
        f"/console/scores/markers/{marked}": {},
    }
    public: dict[str, dict[str, Any]] = {f"/badges/default/acme.{form}": {} for form in ("svg", "json", "html")}
    found = {}
    with httpx.Client(base_url=scoring.base, timeout=DEADLINE_SECONDS) as client:
        for path, params in (api | public).items():
            bearer = {} if path in public else {"authorization": f"Bearer {running.key}"}
            answer = client.get(path.partition("#")[0], params=params, headers=bearer)
            assert answer.status_code == 200, (path, answer.text)
            found[path] = answer.text
        entered = client.post("/sign-in", data={"key": running.key}, headers={"sec-fetch-site": "same-origin"})
        assert entered.status_code == 303, entered.text
        session = {"cookie": entered.headers["set-cookie"].partition(";")[0], "accept": "text/html"}
        for path, params in pages.items():
            answer = client.get(path, params=params, headers=session)
            assert answer.status_code == 200, (path, answer.text)
            found[path] = answer.text
    return found


def nothing_is_said(found: dict[str, str], review_id: str) -> None:
    """No answer has a word of what was erased, or names the review as one that moves anything."""
    assert {path: text for path, text in found.items() if WORD in text or review_id in text} == {}


async def counted(running: Stack, scoring: ServiceProcess, count: int) -> None:
    await eventually(
        lambda: scoring.get("/v1/scores/acme", running.key)[1].get("count") == count, f"{count} reviews count"
    )


async def nothing_is_left(running: Stack) -> None:
    """Wait until no table of a service that follows holds the word."""

    def is_empty() -> bool:
        return not any(asyncio.run(held(running)).values())

    await eventually(is_empty, "no follower holds a word")
