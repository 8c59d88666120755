"""Play the demo story through signed webhooks and the board's API: once, and the same if it is cut short and repeated.

Every delivery and request has an id of its own, so what was already taken is answered as it was the first time.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from plaudit.common.standard_webhooks import decode_secret, signed_headers
from plaudit_local.demo_story import BUSINESSES, FRESH, REVIEWS, WISHES, Told, Wish

SUBJECTS_PLATFORM = "native"
DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.2
REQUEST_TIMEOUT_SECONDS = 10.0
EARLIEST_REQUEST = "demo-2"


class DemoError(Exception):
    """The story could not be told, and why."""


def play(endpoints: dict[str, str]) -> str:
    """Tell the story to a running installation; returns one sentence about it.

    Args:
        endpoints: base addresses of the services and an API key, as in `.local/endpoints.json`.

    Raises:
        DemoError: a service answered something unexpected.
    """
    headers = {"authorization": f"Bearer {endpoints['api_key']}"}
    with httpx.Client(headers=headers, timeout=REQUEST_TIMEOUT_SECONDS) as client:
        sources = {business: _source(client, endpoints["ingest"], business) for business in BUSINESSES}
        for number, told in enumerate(REVIEWS + FRESH):
            _review(client, endpoints["ingest"], sources[told.subject.split("/")[0]], number, told)
        reviews = _reviews_by_title(client, endpoints["ingest"])
        for number, wish in enumerate(WISHES):
            _wish(client, endpoints["feedback_board"], number, wish, reviews)
    return f"{len(REVIEWS) + len(FRESH)} reviews of {len(BUSINESSES)} businesses and {len(WISHES)} wishes"


def _answer(response: httpx.Response, *expected: int) -> Any:
    if response.status_code not in expected:
        raise DemoError(
            f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:300]}"
        )
    return response.json() if response.content else None


def _source(client: httpx.Client, ingest: str, business: str) -> dict[str, Any]:
    name = f"{BUSINESSES[business]} website"
    listed = _answer(client.get(f"{ingest}/v1/sources"), 200)["items"]
    known = next((source for source in listed if source["name"] == name), None)
    if known is not None:
        return dict(_answer(client.get(f"{ingest}/v1/sources/{known['id']}/secret"), 200))
    return dict(
        _answer(
            client.post(
                f"{ingest}/v1/sources", json={"name": name, "platform": SUBJECTS_PLATFORM, "subject": business}
            ),
            200,
            201,
        )
    )


def _review(client: httpx.Client, ingest: str, source: dict[str, Any], number: int, told: Told) -> None:
    now = datetime.now(UTC)
    published_at = now - timedelta(days=told.days_ago)
    data: dict[str, Any] = {
        "id": f"demo-{number}",
        "subject": told.subject,
        "rating": told.rating,
        "title": told.title,
        "text": told.text,
        "language": "en",
        "published_at": published_at.isoformat(),
        "author": {"id": f"guest-{number}", "name": told.author},
        "verified": number % 3 != 0,
        "origin": "invited" if number % 4 == 0 else "organic",
    }
    _post(client, ingest, source, f"demo-{number}-created", {"type": "review.created", "data": data})
    if told.answer:
        answered_at = min(published_at + timedelta(hours=told.answered_hours_later), now)
        answer = {"text": told.answer, "published_at": answered_at.isoformat(), "state": "published"}
        event = {"type": "review.answered", "data": {"id": data["id"], "answer": answer}}
        _post(client, ingest, source, f"demo-{number}-answered", event)


def _post(client: httpx.Client, ingest: str, source: dict[str, Any], delivery: str, event: dict[str, Any]) -> None:
    body = msgspec.json.encode(event)
    headers = signed_headers([decode_secret(source["secret"])], delivery, int(time.time()), body)
    _answer(client.post(f"{ingest}/v1/hooks/{source['id']}", content=body, headers=headers), 202)


def _reviews_by_title(client: httpx.Client, ingest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = _answer(client.get(f"{ingest}/v1/reviews", params={"cursor": cursor} if cursor else {}), 200)
        found.update({item["title"]: item["id"] for item in page["items"] if item.get("title")})
        cursor = page["next"]
        if cursor is None:
            return found


def _wish(client: httpx.Client, board: str, number: int, wish: Wish, reviews: dict[str, str]) -> None:
    made = _answer(
        client.post(
            f"{board}/v1/requests",
            json={"title": wish.title, "text": wish.text},
            headers={"idempotency-key": f"{EARLIEST_REQUEST}-{number}"},
        ),
        200,
        201,
    )
    request = f"{board}/v1/requests/{made['id']}"
    # A repeated creation is answered as the first was, whatever became of the wish since.
    if _answer(client.get(request), 200)["status"] != "open":
        return
    for voter in range(wish.votes):
        _answer(client.post(f"{request}/votes", json={"email": f"guest{voter}@plaudit.example"}), 200, 201)
    if wish.impact:
        _answer(client.put(f"{request}/sizing", json={"impact": wish.impact, "effort_weeks": wish.effort_weeks}), 200)
    for title in wish.linked_titles:
        _link(client, request, reviews[title])
    for status, reason in wish.status_steps:
        _answer(client.put(f"{request}/status", json={"status": status, "reason": reason}), 200)


def _link(client: httpx.Client, request: str, review: str) -> None:
    """Link a review; it reaches the board over Kafka, so it may be a moment away."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        response = client.post(f"{request}/links", json={"review_id": review})
        if response.status_code != 404 or time.monotonic() > deadline:
            _answer(response, 200, 201)
            return
        time.sleep(POLL_SECONDS)
