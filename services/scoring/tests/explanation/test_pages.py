"""The pages of scores, in the console's shell, on a real database."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest

from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

ASKED = {"subject": "acme/berlin", "rating": "5", "rated_at": "2026-03-01T09:00:00Z"}


def effect_page(**other: str) -> str:
    return f"/console/scores/effect?{urlencode({**ASKED, **other})}"


async def test_the_page_shows_the_effect_on_each_prefix(staff: httpx.AsyncClient, bus) -> None:
    rated_at = datetime.now(UTC)
    await bus.tell(None, review_state(5, "acme/berlin", rated_at=rated_at))

    page = await staff.get(effect_page(rated_at=rated_at.isoformat()))

    assert page.status_code == 200
    for words in (">acme/berlin</th>", ">acme</th>", "3.687", "3.500", "+0.187", "the prior"):
        assert words in page.text


async def test_a_review_that_counts_no_more_has_no_effect(staff: httpx.AsyncClient) -> None:
    page = await staff.get(effect_page())

    assert (page.status_code, "does not count in a score now" in page.text) == (200, True)


async def test_the_list_shows_every_subject_and_narrows_to_one(staff: httpx.AsyncClient, bus) -> None:
    for subject in ("acme/berlin", "globex"):
        await bus.tell(None, review_state(4, subject))

    everything = (await staff.get("/console/scores")).text
    below = (await staff.get("/console/scores?under=acme")).text
    nothing = (await staff.get("/console/scores?under=hooli")).text
    wrong = await staff.get("/console/scores?under=No+subject")

    assert all(f">{subject}</a>" in everything for subject in ("acme", "acme/berlin", "globex"))
    assert (">acme/berlin</a>" in below, ">globex</a>" in below) == (True, False)
    assert "No subject is like that." in nothing
    assert (wrong.status_code, "No subject is like that." in wrong.text) == (422, False)
