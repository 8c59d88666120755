"""The page of a subject, in the console's shell, on a real database."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx
import pytest

from plaudit.common.contracts import SourceRef
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit_testing.answered import answer
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.review_events import SOURCE, pending_envelope, review_state

pytestmark = pytest.mark.postgres

OTHER = SourceRef(
    id="01956d00-0000-7000-8000-000000000002", name="Shop", platform="native", created_at=SOURCE.created_at
)


def page_of(*subjects: str, **other: str) -> str:
    return f"/console/scores/subject?{urlencode([*(('subject', each) for each in subjects), *other.items()])}"


async def told(bus, *ratings: float, subject: str = "acme/berlin", **fields) -> None:
    for number, rating in enumerate(ratings):
        rated_at = datetime.now(UTC) - timedelta(days=40 * number + 1)
        await bus.tell(None, review_state(rating, subject, rated_at=rated_at, **fields))


async def test_the_page_shows_figures_the_chart_and_what_lies_below(staff: httpx.AsyncClient, bus) -> None:
    await told(bus, 5.0, 4.0, 1.0)
    await told(bus, 2.0, subject="acme/paris", source=OTHER)

    page = await staff.get(page_of("acme"))

    assert page.status_code == 200
    for words in (
        *("Last 12 months and, with no new reviews, the next 6", "now · shown as 3½ ★", "positive : negative"),
        *("if nobody writes", "The score of acme went from", "New reviews in 30 days", "Published reviews by star"),
        *('<a href="/console/scores/subject?subject=acme%2Fparis&amp;profile=trust">acme/paris</a>', "By source"),
    ):
        assert words in page.text
    assert 'class="chart' in page.text


async def test_the_page_says_how_reviews_are_answered_and_by_source(staff: httpx.AsyncClient, bus) -> None:
    await told(bus, 5.0)
    await told(bus, 2.0, source=OTHER)
    published_at = datetime.now(UTC) - timedelta(days=3)
    for sequence, (source, reply) in enumerate(
        [(SOURCE, None), (OTHER, answer(published_at + timedelta(hours=5)))], start=1
    ):
        state = review_state(2.0, "acme/berlin", source=source, published_at=published_at, answer=reply)
        await bus.give(ANSWERS, pending_envelope(None, state, time=published_at), sequence)

    page = (await staff.get(page_of("acme"))).text.replace("\u00a0", " ")

    for words in (
        *("Answered, of the last 90 days <small>9 to 91 % · 1 of 2</small>", "Half are answered within", "5 hours"),
        *("Negative reviews raised by a star or more after an answer <small>0 to 79 % · 0 of 1</small>",),
        *("100 %<br><small>5 hours</small>", "0 %<br><small>under half</small>"),
    ):
        assert words in page, words


async def test_a_source_leads_to_the_figures_of_its_reviews_alone(staff: httpx.AsyncClient, bus) -> None:
    await told(bus, 5.0, 4.0)
    await told(bus, 1.0, source=OTHER)

    everything = (await staff.get(page_of("acme"))).text
    one = (await staff.get(page_of("acme", source=OTHER.id))).text
    now = (await staff.get(page_of("acme", source=OTHER.id).replace("/subject?", "/subject/now?"))).text
    nobody = (await staff.get(page_of("acme", source="shop"))).text

    link = f"/console/scores/subject?subject=acme&amp;profile=trust&amp;source={OTHER.id}"
    assert f'<a href="{link}">' in everything
    assert "shown as 3½ ★" in everything
    for page in (one, now):
        assert "shown as 3 ★" in page
        assert "0 : 1" in page
    assert "By source" not in one
    assert 'href="/console/scores/subject?subject=acme&amp;profile=trust">All sources</a>' in one
    assert f"profile=lifetime&amp;source={OTHER.id}" in one
    assert f"/console/scores/subject?subject=acme%2Fberlin&amp;profile=trust&amp;source={OTHER.id}" in one
    assert "By source" in nobody


async def test_a_profile_is_chosen_by_a_link(staff: httpx.AsyncClient, bus) -> None:
    await told(bus, 5.0)

    page = (await staff.get(page_of("acme", profile="lifetime"))).text

    assert "reviews never fade" in page
    assert 'profile=lifetime" aria-current="true">lifetime</a>' in page
    assert 'profile=recent">recent</a>' in page


@pytest.mark.parametrize("path", ["/console/scores?profile=fast", page_of("acme", profile="fast")])
async def test_words_about_a_profile_agree_with_one_day_one_review_and_one_star(
    staff: httpx.AsyncClient, superuser, bus, path: str
) -> None:
    await set_profile(superuser, own("fast", 1.0, prior_weight=1.0, prior_value=1.0))
    await told(bus, 5.0)

    page = (await staff.get(path)).text

    assert "weighs half as much after 1 day" in page
    assert "1 days" not in page
    assert "1 review of 1 star that never fades is added" in page


async def test_subjects_are_compared_in_one_chart(staff: httpx.AsyncClient, bus) -> None:
    await told(bus, 5.0)
    await told(bus, 1.0, subject="acme/paris")

    page = (await staff.get(page_of("acme/berlin", "acme/paris", "acme"))).text

    assert "The score of acme/paris went from" in page
    assert page.count("Take away<span") == 2
    assert 'href="/console/scores/subject?subject=acme%2Fberlin&amp;subject=acme&amp;profile=trust">Take away' in page


@pytest.mark.parametrize(
    ("other", "words"),
    [("acme/munic", "Did you mean `acme/munich`?"), ("Not a subject", "This is no subject")],
)
async def test_what_cannot_be_compared_is_said_at_the_field(
    staff: httpx.AsyncClient, bus, other: str, words: str
) -> None:
    await told(bus, 5.0)
    await told(bus, 5.0, subject="acme/munich")

    page = await staff.get(page_of("acme", other))

    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    assert words in page.text
    assert f'value="{other}"' in page.text


async def test_more_subjects_than_can_be_told_apart_are_refused(staff: httpx.AsyncClient, bus) -> None:
    for name in ("a", "b", "c", "d"):
        await told(bus, 5.0, subject=f"acme/{name}")

    page = await staff.get(page_of("acme", *(f"acme/{name}" for name in "abcd")))

    assert (page.status_code, "At most 4 subjects" in page.text) == (422, True)


async def test_a_subject_whose_reviews_are_gone_or_of_other_kinds_has_a_page(staff: httpx.AsyncClient, bus) -> None:
    await told(bus, 5.0, 1.0, subject="hooli", kind="nps")

    page = await staff.get(page_of("hooli"))

    assert page.status_code == 200
    for words in ("no review counts now", "No score in this time.", "NPS"):
        assert words in page.text


@pytest.mark.parametrize(
    ("path", "status"), [(page_of("acne"), 404), (page_of(), 422), (page_of("No subject"), 422), (page_of("", ""), 422)]
)
async def test_a_subject_that_there_is_not_has_no_page(staff: httpx.AsyncClient, bus, path: str, status: int) -> None:
    await told(bus, 5.0)

    page = await staff.get(path)

    assert page.status_code == status
    assert "<h1>" in page.text


async def test_the_list_leads_to_the_page(staff: httpx.AsyncClient, bus) -> None:
    await told(bus, 5.0)

    assert (
        '<a href="/console/scores/subject?subject=acme%2Fberlin">acme/berlin</a>'
        in (await staff.get("/console/scores")).text
    )


async def test_the_page_leads_to_why_where_and_what_people_say(staff: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))

    page = (await staff.get("/console/scores/subject", params={"subject": "acme"})).text

    for path in ("explanation", "projection", "complaints"):
        assert f'href="/console/scores/{path}?subject=acme&amp;profile=trust"' in page
    for path in ("explanation", "projection"):
        assert (await staff.get(f"/console/scores/{path}", params={"subject": "acme"})).status_code == 200


async def test_what_changes_with_the_score_is_read_by_itself(staff: httpx.AsyncClient, bus) -> None:
    await told(bus, 5.0, 1.0)
    await told(bus, 4.0, subject="acme/paris")

    page = (await staff.get(page_of("acme", "acme/paris", profile="recent"))).text
    address = "/console/scores/subject/now?subject=acme&amp;subject=acme%2Fparis&amp;profile=recent"
    assert (
        f'data-live="/v1/score-events?subject=acme" data-live-type="score.changed" data-live-from="{address}"' in page
    )

    parts = await staff.get(address.replace("&amp;", "&"))
    assert parts.status_code == 200
    assert "<nav" not in parts.text
    for part in ("told", "now", "course", "beside", "panel"):
        assert parts.text.count(f'id="{part}"') == page.count(f'id="{part}"') == 1
    assert '<time datetime="' in parts.text.partition("</span>")[0]


@pytest.mark.parametrize(("query", "status"), [("subject=acne", 404), ("", 422), ("subject=No+subject", 422)])
async def test_nothing_changes_of_a_subject_that_there_is_not(
    staff: httpx.AsyncClient, bus, query: str, status: int
) -> None:
    await told(bus, 5.0)

    assert (await staff.get(f"/console/scores/subject/now?{query}")).status_code == status
