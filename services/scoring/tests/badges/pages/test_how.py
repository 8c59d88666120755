"""How a score is calculated: a worked example that adds up to the score of the API."""

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import httpx
import pytest

from plaudit.common.contracts import Kind, Origin
from plaudit.scoring.badges.domain.figures import digits
from plaudit.scoring.profiles.domain import Profile
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

ASKED = {"tenant": "default", "subject": "acme"}


@pytest.mark.parametrize("profile", ["trust", "recent", "lifetime"])
async def test_the_calculation_adds_up_to_the_score_of_the_api(
    anybody: httpx.AsyncClient, writer: httpx.AsyncClient, kite: None, bus, profile: str
) -> None:
    await bus.tell(None, review_state(4.5, "acme", rated_at=datetime.now(UTC) - timedelta(days=10)))

    page = (await anybody.get(f"/scores/how/{profile}", params=ASKED)).text

    score = assert_adds_up(page)
    told = (await writer.get("/v1/scores/acme", params={"profile": profile})).json()
    assert digits(score, 2) == digits(told["score"], 2)
    assert "ratings between two stars" in page


async def test_without_a_subject_the_calculation_has_an_example_of_nobody(anybody: httpx.AsyncClient) -> None:
    page = await anybody.get("/scores/how/lifetime")

    assert page.status_code == 200
    assert "(7 × 3.5 + 5 + 4) ÷ (7 + 2) = 3.72" in page.text
    assert "reviews never fade" in page.text


OWN = [
    own("fast", 3.0),
    own("weighed", 30.0, origin_weights={"incentivised": 0.25, "invited": 2.0}, unverified_weight=0.5),
    own("hourly", 1 / 24, prior_weight=1.0),
    own("still", 3.0, is_frozen=True),
    own("ever", None, unverified_weight=0.001),
    own("surveys", 3.0, kinds=frozenset({"nps"})),
]


@pytest.mark.parametrize("profile", OWN, ids=lambda profile: profile.name)
async def test_the_calculation_by_a_profile_of_the_tenants_own_adds_up_to_the_score_of_the_api(
    anybody: httpx.AsyncClient, writer: httpx.AsyncClient, bus, superuser, profile: Profile
) -> None:
    await set_profile(superuser, profile)
    now = datetime.now(UTC)
    for number in range(9):
        state = review_state(
            (5, 4, 1)[number % 3],
            "acme/berlin",
            rated_at=now - timedelta(days=number, hours=1),
            origin=[*Origin][number % 3],
            verified=number % 2 == 0,
            kind=Kind.NPS if number == 8 else Kind.STARS,
        )
        await bus.tell(None, state)
    await writer.put("/v1/badges/acme", json={"name": "Kite"})

    page = (await anybody.get(f"/scores/how/{profile.name}", params=ASKED)).text

    score = assert_adds_up(page)
    told = (await writer.get("/v1/scores/acme", params={"profile": profile.name})).json()
    assert digits(score, 2) == digits(told["score"], 2)
    assert f"With all {told['count']} review" in page
    assert ("the score stands still since" in page) == profile.is_frozen
    assert ("None weighs nothing" in page) == (not profile.is_uniform)


async def test_an_own_profile_is_explained_only_with_a_public_subject_and_when_it_is_ready(
    anybody: httpx.AsyncClient, kite: None, superuser
) -> None:
    await set_profile(superuser, own("fast", 3.0))
    await set_profile(superuser, own("slow", 900.0), phase="reading")
    await set_profile(superuser, own("others", 3.0), tenant_id="other")

    assert (await anybody.get("/scores/how/fast", params=ASKED)).status_code == 200
    for path, asked in (
        ("/scores/how/fast", {}),
        ("/scores/how/fast", {**ASKED, "subject": "acme/berlin"}),
        ("/scores/how/slow", ASKED),
        ("/scores/how/others", ASKED),
        ("/scores/how/No%20name", ASKED),
    ):
        answer = await anybody.get(path, params=asked)
        assert problem_of(answer) == (404, "not-found")
        assert answer.json()["detail"] == "There is no such calculation that everybody may see."


def assert_adds_up(page: str) -> Fraction:
    """Add up the worked example as a reader does; return the score that it ends with."""
    table = page.partition('<table class="worked">')[2].partition("</table>")[0]
    rows = re.findall(r'<tr><th scope="row"[^>]*>([^<]*)</th>(.*?)</tr>', table)
    figures = {
        words: [Fraction(cell.replace("−", "-") or 0) for cell in re.findall(r'<td class="number">([^<]*)</td>', cells)]
        for words, cells in rows
    }
    *lines, (_, (weight, points)), (_, (score,)) = figures.items()
    assert sum(each[0] for _, each in lines) == weight
    assert sum(each[1] for _, each in lines) == points
    assert digits(points / weight, 2) == digits(score, 2)
    return score
