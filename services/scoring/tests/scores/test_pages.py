"""The console's list of scores, by any profile, and the choice of profiles that pages offer."""

from datetime import UTC, datetime

import pytest

from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

PAGES = ["/console/scores", "/console/scores/explanation", "/console/scores/projection"]


async def shown(staff, path: str, **asked: str) -> str:
    answer = await staff.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_offers_own_profiles_that_are_ready_and_names_those_that_are_being_filled(
    staff, superuser, path: str
) -> None:
    await set_profile(superuser, own("fast", 3.0))
    await set_profile(superuser, own("slow", 900.0), phase="reading")

    page = await shown(staff, path, profile="fast")

    for name in ("trust", "recent", "lifetime"):
        assert f'<option value="{name}">{name}</option>' in page
    assert '<option value="fast" selected>fast</option>' in page
    assert '<option value="slow" disabled>slow (being filled)</option>' in page


async def test_the_list_shows_scores_by_the_profile_that_is_chosen_and_keeps_it(staff, bus, superuser) -> None:
    await set_profile(superuser, own("fast", 3.0, prior_value=1.0))
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC)))

    by_trust, by_fast = await shown(staff, PAGES[0]), await shown(staff, PAGES[0], profile="fast", under="acme")

    assert '<td class="number" data-label="Score">3.69</td>' in by_trust
    assert '<td class="number" data-label="Score">2.33</td>' in by_fast
    assert "/console/scores/projection?profile=fast&amp;subject=acme" in by_fast
    assert "A review weighs half as much after 3 days." in by_fast
    assert 'href="/console/scores?profile=fast"' in by_fast


async def test_a_profile_that_is_being_filled_is_told_to_be_so(staff, superuser) -> None:
    await set_profile(superuser, own("slow", 900.0), phase="reading")

    answer = await staff.get(PAGES[0], params={"profile": "slow"})

    assert answer.status_code == 409
    assert "is being filled" in answer.text
