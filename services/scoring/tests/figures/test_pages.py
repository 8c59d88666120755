"""The page of figures over time, in the console's shell, on a real database."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit.common.contracts import Kind
from plaudit.scoring.figures.domain.catalogue import FIGURES, OFFERED
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

PAGE = "/console/scores/figures"


async def test_the_page_draws_a_figure_and_tells_each_step_the_latest_first(staff: httpx.AsyncClient, bus) -> None:
    now = datetime.now(UTC)
    for days, ratings in ((1, [5.0, 5.0, 4.2, 1.0]), (40, [1.0, 1.0])):
        for rating in ratings:
            state = review_state(rating, "acme/berlin", kind=Kind.NPS, rated_at=now - timedelta(days=days))
            await bus.tell(None, state)

    page = (await staff.get(f"{PAGE}?subject=acme&figure=nps&step=day")).text

    assert "NPS of acme" in page
    assert "NPS went from −100 in the step from" in page
    assert f'<th scope="row">{now - timedelta(days=1):%F}</th>\n<td class="number" data-label="Reviews">4</td>' in page
    assert page.index(f"{now - timedelta(days=1):%F}</th>") < page.index(f"{now - timedelta(days=40):%F}</th>")
    assert '<a href="/console/scores/explanation?subject=acme&amp;profile=trust">Why it moved</a>' in page


async def test_twelve_steps_are_listed_and_the_others_are_unfolded(staff: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(4.0, "acme"))

    page = (await staff.get(f"{PAGE}?subject=acme&step=month")).text
    listed, count, unfolded = re.split(r"<details><summary>The (\d+) steps before</summary>", page)

    assert "of 1 review in all." in page
    assert listed.count('data-label="Reviews"') == 12
    assert unfolded.count('data-label="Reviews"') == int(count) > 20


async def test_every_figure_of_steps_has_its_page(staff: httpx.AsyncClient, bus) -> None:
    for kind in (Kind.STARS, Kind.NPS, Kind.CSAT, Kind.CES):
        await bus.tell(None, review_state(4.0, "acme", kind=kind))

    for figure in OFFERED:
        page = await staff.get(f"{PAGE}?subject=acme&figure={figure}&step=month")
        assert page.status_code == 200
        assert f"{FIGURES[figure].title} of acme" in page.text


async def test_until_another_is_chosen_the_figure_is_one_of_stars_and_where_there_is_none_no_step_is_listed(
    staff: httpx.AsyncClient, bus
) -> None:
    await bus.tell(None, review_state(4.0, "acme", rated_at=datetime.now(UTC)))

    first = (await staff.get(f"{PAGE}?subject=acme")).text
    other = (await staff.get(f"{PAGE}?subject=acme&figure=ces")).text

    assert "00:00 UTC" not in first, "every step begins with a day, so that the first is a whole one"
    assert ("Mean rating of acme" in first, "Steps, the latest first" in first) == (True, True)
    assert "No review came in this time that this figure is of." in other
    assert "Steps, the latest first" not in other


async def test_what_is_unknown_is_said_at_its_field_and_without_a_subject_the_page_asks_for_one(
    staff: httpx.AsyncClient, bus
) -> None:
    await bus.tell(None, review_state(4.0, "acme"))

    unknown = await staff.get(f"{PAGE}?subject=acne&source=shop&step=year")

    assert unknown.status_code == 422
    assert "Did you mean acme?" in unknown.text
    assert "Name a subject." in (await staff.get(PAGE)).text
