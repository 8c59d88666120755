"""Waits are read of so many reviews as may be, and of more not at all."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit.scoring.answers import store
from plaudit.scoring.answers.domain.figures import TooManyWaitsError
from plaudit.scoring.explorer import pages as explorer
from plaudit_testing.answered import SOURCES, Told
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres


@pytest.fixture
async def four_reviews(bus, answering) -> datetime:
    """Of one subject, published a day ago; the instant."""
    at = datetime.now(UTC) - timedelta(days=1)
    state = review_state(2, "acme", source=SOURCES[0], rated_at=at, published_at=at)
    await bus.tell(None, state)
    await answering.tell(
        *(Told(f"01956d00-0000-7000-8000-00000000010{n}", 1, "review.created", at, None, state) for n in range(4))
    )
    return at


async def test_of_too_many_reviews_waits_are_refused_before_anything_is_sent_and_it_is_said_what_to_ask_for(
    client_of, four_reviews: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = {
        "kind": "release",
        "name": "Kite 2",
        "at": (four_reviews - timedelta(hours=1)).isoformat(),
        "subject": "acme",
    }
    api = await client_of("default", "scores:read", "markers:write")
    marked = (await api.post("/v1/markers", json=marker)).json()["id"]
    series = {"subject": "acme", "figure": ["median_answer_seconds", "answered_share"], "step": "day"}
    ask = [
        ("/v1/score-figures/acme", {"days": 90}),
        ("/v1/figure-series", series),
        ("/v1/figure-series", {**series, "format": "csv"}),
        (f"/v1/markers/{marked}/effect", {"figure": "median_answer_seconds", "days": 1}),
    ]
    monkeypatch.setattr(store, "MAX_WAITS", 4)
    assert [(await api.get(path, params=params)).status_code for path, params in ask] == [200] * 4

    monkeypatch.setattr(store, "MAX_WAITS", 3)
    refused = [await api.get(path, params=params) for path, params in ask]

    assert [problem_of(each) for each in refused] == [(422, "too-many-reviews")] * 4
    assert all("Ask for fewer days" in each.json()["detail"] for each in refused)
    counted = await api.get("/v1/figure-series", params={**series, "figure": "answered_share"})
    assert counted.status_code == 200, "where no wait is read, the database counts"
    assert (await api.get("/v1/score-figures/acme", params={"at": "2026-01-01T00:00:00Z"})).status_code == 200
    unasked = (await api.get("/v1/score-figures/acme")).json()
    assert (unasked["count"], unasked["answers"], unasked["answers_reason"]) == (1, None, "too-many-reviews")


@pytest.mark.usefixtures("four_reviews")
async def test_the_page_of_a_subject_tells_answers_of_fewer_days_where_there_are_too_many(
    staff: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    of_days = explorer.answers_at

    async def answers_at(tx, tenant_id, subject, at_us, days=90, source_id=None):
        asked.append(days)
        if days > explorer.FEWER_DAYS:
            raise TooManyWaitsError(subject)
        return await of_days(tx, tenant_id, subject, at_us, days, source_id)

    monkeypatch.setattr(explorer, "answers_at", answers_at)
    page = await staff.get("/console/scores/subject?subject=acme")

    assert (page.status_code, asked) == (200, [90, 7])
    assert "Answered, of the last 7 days" in page.text
