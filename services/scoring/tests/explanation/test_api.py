"""What a review does to scores, over HTTP, on a real database."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit_testing import oracle
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres


async def test_the_effect_is_the_difference_to_a_score_without_the_review(api: httpx.AsyncClient, bus) -> None:
    rated_at = datetime.now(UTC) - timedelta(days=3)
    for rating, subject in ((5, "acme/berlin"), (4, "acme/hamburg"), (1, "acme/berlin")):
        await bus.tell(None, review_state(rating, subject, rated_at=rated_at))

    asked = {"subject": "acme/berlin", "rating": "1", "rated_at": rated_at.isoformat()}
    answer = await api.get("/v1/score-effects", params=asked)

    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [each["subject"] for each in items] == ["acme/berlin", "acme"]
    for item in items:
        score = (await api.get(f"/v1/scores/{item['subject']}")).json()
        assert (item["score"], item["count"]) == (pytest.approx(score["score"], abs=1e-6), score["count"])
        assert item["effect"] == pytest.approx(item["score"] - item["score_without"], abs=1e-9)
    others = [
        oracle.Truth("acme/berlin", 5, rated_at, rated_at, "", version=1, published=True),
        oracle.Truth("acme/hamburg", 4, rated_at, rated_at, "", version=1, published=True),
    ]
    without = oracle.expected(others, "acme", datetime.now(UTC))["score"]
    assert items[1]["score_without"] == pytest.approx(without, abs=1e-6)


async def test_a_review_that_does_not_count_has_no_effects(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))

    asked = {"subject": "acme", "rating": "1", "rated_at": "2026-03-01T09:00:00Z"}
    answer = await api.get("/v1/score-effects", params=asked)

    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [("rating", "0"), ("rating", "5.1"), ("rating", "nan"), ("rated_at", "yesterday"), ("subject", "ACME")],
)
async def test_what_cannot_be_is_refused(api: httpx.AsyncClient, name: str, value: str) -> None:
    asked = {"subject": "acme", "rating": "1", "rated_at": "2026-03-01T09:00:00Z", name: value}

    assert (await api.get("/v1/score-effects", params=asked)).status_code == 422
