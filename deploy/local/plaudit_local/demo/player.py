"""Plays the demo story through signed webhooks, and the APIs of the board and of markers.

It can be interrupted and played again. Every delivery and request has an id of its own, so a repeated one gets the
answer of the first time.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
from httpx import codes

from plaudit.common.standard_webhooks import decode_secret, signed_headers
from plaudit_local.demo.story import BUSINESSES, EVERYDAY, FRESH, MARKERS, REQUESTS, REVIEWS, Marker, Request, Review

SUBJECTS_PLATFORM = "native"
DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.2
REQUEST_TIMEOUT_SECONDS = 10.0
IDEMPOTENCY_PREFIX = "demo-2"


class DemoError(Exception):
    """The story could not be played; the text says why."""


def play(endpoints: dict[str, str]) -> str:
    """Play the story into a running installation; return one sentence about it.

    Args:
        endpoints: base addresses of the services and an API key, as in `.local/endpoints.json`.

    Raises:
        DemoError: nothing runs, or a service answered something unexpected, or nothing.
    """
    if not endpoints:
        raise DemoError("Plaudit is not running; make up starts it.")
    try:
        return _play(endpoints)
    except httpx.TransportError as error:
        raise DemoError(f"A service does not answer: {error}") from error


def _play(endpoints: dict[str, str]) -> str:
    headers = {"authorization": f"Bearer {endpoints['api_key']}"}
    with httpx.Client(headers=headers, timeout=REQUEST_TIMEOUT_SECONDS) as client:
        sources = {business: _source(client, endpoints["ingest"], business) for business in BUSINESSES}
        for number, review in enumerate(REVIEWS + FRESH):
            _review(client, endpoints["ingest"], sources[review.subject.split("/")[0]], number, review)
        for business, source in sources.items():
            _everyday(client, endpoints["ingest"], source, business)
        for number, marker in enumerate(MARKERS):
            _marker(client, endpoints["scoring"], number, marker)
        reviews = _reviews_by_title(client, endpoints["ingest"])
        for number, request in enumerate(REQUESTS):
            _request(client, endpoints["feedback_board"], number, request, reviews)
    told = len(REVIEWS) + len(FRESH) + len(EVERYDAY)
    return f"{told} reviews of {len(BUSINESSES)} businesses, {len(MARKERS)} markers and {len(REQUESTS)} requests."


def _ask(client: httpx.Client, method: str, address: str, **options: Any) -> Any:
    """Send a request; return what a successful answer holds."""
    return _patiently(lambda: client.request(method, address, **options), passing=codes.SERVICE_UNAVAILABLE)


def _patiently(send: Callable[[], httpx.Response], passing: int) -> Any:
    """Send a request again while its answer has a status that passes; return what a successful answer holds.

    Raises:
        DemoError: the answer is another one, or has that status still when the deadline is over.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (response := send()).status_code == passing and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return _answer(response)


def _answer(response: httpx.Response) -> Any:
    if not response.is_success:
        said = f"{response.status_code} {response.text[:300]}"
        raise DemoError(f"{response.request.method} {response.request.url}: {said}")
    return response.json() if response.content else None


def _source(client: httpx.Client, ingest: str, business: str) -> dict[str, Any]:
    name, sources = f"{BUSINESSES[business]} website", f"{ingest}/v1/sources"
    for known in _ask(client, "GET", sources)["items"]:
        if known["name"] == name:
            return dict(_ask(client, "GET", f"{sources}/{known['id']}/secret"))
    wanted = {"name": name, "platform": SUBJECTS_PLATFORM, "subject": business}
    return dict(_ask(client, "POST", sources, json=wanted))


def _review(client: httpx.Client, ingest: str, source: dict[str, Any], number: int, review: Review) -> None:
    for event in _events(number, review, datetime.now(UTC)):
        name = event["type"].removeprefix("review.")
        _post(client, ingest, source, f"demo-{number}-{name}", event)


def _everyday(client: httpx.Client, ingest: str, source: dict[str, Any], business: str) -> None:
    """Tell all short reviews of a business in one delivery."""
    now, first = datetime.now(UTC), len(REVIEWS) + len(FRESH)
    events = [
        event
        for number, review in enumerate(EVERYDAY, start=first)
        if review.subject.split("/")[0] == business
        for event in _events(number, review, now)
    ]
    if events:
        _post(client, ingest, source, f"demo-everyday-{business}", events)


def _events(number: int, review: Review, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield that a review was written, answered and changed."""
    published_at = now - timedelta(days=review.days_ago)
    data: dict[str, Any] = {
        "id": f"demo-{number}",
        "subject": review.subject,
        "rating": review.rating,
        "title": review.title,
        "text": review.text,
        "language": "en",
        "published_at": published_at.isoformat(),
        "author": {"id": f"guest-{number}", "name": review.author},
        "verified": number % 3 != 0,
        "origin": "invited" if number % 4 == 0 else "organic",
    }
    yield {"type": "review.created", "data": data}
    if review.answer:
        answered_at = min(published_at + timedelta(hours=review.answered_hours_later), now)
        answer = {"text": review.answer, "published_at": answered_at.isoformat(), "state": "published"}
        yield {"type": "review.answered", "data": {"id": data["id"], "answer": answer}}
    if review.raised_to:
        edited_at = min(published_at + timedelta(days=review.raised_days_later), now)
        changed = {"id": data["id"], "rating": review.raised_to, "edited_at": edited_at.isoformat()}
        yield {"type": "review.edited", "data": changed}


def _marker(client: httpx.Client, scoring: str, number: int, marker: Marker) -> None:
    address = f"{scoring}/v1/markers"
    # A story that is played again is told of another time: what is there stays.
    known = _ask(client, "GET", address, params={"subject": marker.subject})["items"]
    if any(each["name"] == marker.name for each in known):
        return
    at = (datetime.now(UTC) - timedelta(days=marker.days_ago)).isoformat(timespec="seconds")
    wanted = {"kind": marker.kind, "name": marker.name, "subject": marker.subject, "at": at}
    _ask(client, "POST", address, json=wanted, headers={"idempotency-key": f"{IDEMPOTENCY_PREFIX}-{number}-{at}"})


def _post(client: httpx.Client, ingest: str, source: dict[str, Any], delivery: str, told: object) -> None:
    body = msgspec.json.encode(told)
    headers = signed_headers([decode_secret(source["secret"])], delivery, int(time.time()), body)
    _ask(client, "POST", f"{ingest}/v1/hooks/{source['id']}", content=body, headers=headers)


def _reviews_by_title(client: httpx.Client, ingest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = _ask(client, "GET", f"{ingest}/v1/reviews", params={"cursor": cursor} if cursor else {})
        found.update({item["title"]: item["id"] for item in page["items"] if item.get("title")})
        cursor = page["next"]
        if cursor is None:
            return found


def _request(client: httpx.Client, board: str, number: int, request: Request, reviews: dict[str, str]) -> None:
    wanted, key = {"title": request.title, "text": request.text}, f"{IDEMPOTENCY_PREFIX}-{number}"
    made = _ask(client, "POST", f"{board}/v1/requests", json=wanted, headers={"idempotency-key": key})
    address = f"{board}/v1/requests/{made['id']}"
    # A repeated creation gets the answer of the first, whatever the request's present status is.
    if _ask(client, "GET", address)["status"] != "open":
        return
    for voter in range(request.votes):
        _ask(client, "POST", f"{address}/votes", json={"email": f"guest{voter}@plaudit.example"})
    if request.impact:
        sizing = {"impact": request.impact, "effort_weeks": request.effort_weeks}
        _ask(client, "PUT", f"{address}/sizing", json=sizing)
    for title in request.linked_titles:
        _link(client, address, reviews[title])
    for status, reason in request.status_steps:
        _ask(client, "PUT", f"{address}/status", json={"status": status, "reason": reason})


def _link(client: httpx.Client, request: str, review: str) -> None:
    """Link a review; it reaches the board over Kafka, so this waits for it."""
    _patiently(lambda: client.post(f"{request}/links", json={"review_id": review}), passing=codes.NOT_FOUND)
