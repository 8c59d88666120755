"""The page of where a score goes, in the console's shell, on a real database."""

from datetime import UTC, datetime

import httpx
import pytest

from plaudit.scoring.projection.pages import pace_time, pace_words
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres
PROJECTION = "/console/scores/projection"


async def test_the_page_says_when_the_stars_change_and_what_more_would_take(staff: httpx.AsyncClient, bus) -> None:
    now = datetime.now(UTC)
    for rating in (5, 5, 5, 5, 5, 5, 5, 1):
        await bus.tell(None, review_state(rating, "acme", rated_at=now), time=now)

    page = (await staff.get(f"{PROJECTION}?subject=acme")).text

    for words in (
        "the stars fall if nobody writes",
        "falls below <b>3.75</b>",
        "What 4.25 would take",
        "no number of them is enough",
        "One 1-star review that becomes 4 stars",
        "1.1 a day",
        "reviews of the first week, 4.50 on average",
        'aria-label="The score is 4.03 now; in a year it is 3.72 if nobody writes, ',
    ):
        assert words in page


async def test_the_page_says_when_a_score_falls_below_a_target_and_what_an_expected_pace_does(
    staff: httpx.AsyncClient, bus
) -> None:
    now = datetime.now(UTC)
    for _ in range(40):
        await bus.tell(None, review_state(5, "acme", rated_at=now), time=now)

    page = (await staff.get(f"{PROJECTION}?subject=acme&target=4.5&per_day=0,5&rating=2")).text

    for words in (
        "If nobody writes, it falls below it on <b>",
        "At the expected pace, on <b>",
        "If 3.5 a week come, of 2.00 on average",
        'value="0.5"',
    ):
        assert words in page


async def test_what_never_fades_stays_where_it_is(staff: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))

    page = (await staff.get(f"{PROJECTION}?subject=acme&profile=lifetime")).text

    assert "stays where it is" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("subject=No+subject", "is a path of 1 to"),
        ("subject=hooli", "Nothing was ever said about hooli."),
        ("subject=acme&target=six", "A score is from 1 to 5."),
        ("subject=acme&per_day=0", "This is from 0.001 to 1,000,000 reviews a day."),
        ("subject=acme&rating=6", "A score is from 1 to 5."),
        ("subject=acme&by=soon", "This is no day."),
        ("subject=acme&by=2020-01-01", "It must be in the future."),
    ],
)
async def test_what_the_form_cannot_mean_is_said_at_its_field(
    staff: httpx.AsyncClient, bus, query: str, words: str
) -> None:
    await bus.tell(None, review_state(5, "acme"))

    page = await staff.get(f"{PROJECTION}?{query}")

    assert (page.status_code, words in page.text) == (422, True)


async def test_without_a_subject_the_page_asks_for_one(staff: httpx.AsyncClient) -> None:
    assert "Name a subject." in (await staff.get(PROJECTION)).text


@pytest.mark.parametrize(
    ("per_day", "words"),
    [(3.21, "3.2 a day"), (0.5, "3.5 a week"), (0.1, "3.0 every 30 days"), (0.0001, "0.1 every 30 days")],
)
def test_a_pace_is_said_in_the_unit_in_which_it_is_a_number_of_reviews(per_day: float, words: str) -> None:
    assert pace_words(per_day) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (90.0, "the last 90 days"),
        (12.4, "the 12 days since the first one"),
        (7.0, "the first week"),
    ],
)
def test_a_pace_is_said_with_the_time_that_it_is_taken_from(days: float, words: str) -> None:
    assert pace_time(days) == words
