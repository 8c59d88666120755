"""The pages of scores, in the console's shell, on a real database."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx
import msgspec
import pytest

from plaudit.common.contracts import Origin
from plaudit.common.ids import uuid7
from plaudit.common.pages.instants import moment
from plaudit.scoring.explanation.pages import MAX_ROWS
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit_testing.explained import START, Life, explained, rated
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.review_events import SOURCE, pending_envelope, review_state

pytestmark = pytest.mark.postgres

ASKED = {"subject": "acme/berlin", "rating": "5", "rated_at": "2026-03-01T09:00:00Z"}


def effect_page(**other: str) -> str:
    return f"/console/scores/effect?{urlencode({**ASKED, **other})}"


async def test_the_page_shows_the_effect_on_each_prefix(staff: httpx.AsyncClient, bus) -> None:
    rated_at = datetime.now(UTC)
    await bus.tell(None, review_state(5, "acme/berlin", rated_at=rated_at))

    page = await staff.get(effect_page(rated_at=rated_at.isoformat()))

    assert page.status_code == 200
    for words in (">acme/berlin</a></th>", ">acme</a></th>", "3.687", "3.500", "+0.187", "the prior"):
        assert words in page.text
    for rating, words in (("1", "1 star for acme"), ("4.25", "4.25 stars for acme")):
        assert words in (await staff.get(effect_page(rated_at=rated_at.isoformat(), rating=rating))).text


async def test_the_page_shows_the_effect_by_the_profile_that_is_chosen_and_keeps_what_is_told_of_the_review(
    staff: httpx.AsyncClient, bus, superuser
) -> None:
    await set_profile(superuser, own("fair", 3.0, unverified_weight=0.5))
    rated_at = datetime.now(UTC)
    await bus.tell(None, review_state(5, "acme/berlin", rated_at=rated_at, verified=False))

    page = await staff.get(effect_page(rated_at=rated_at.isoformat(), profile="fair", verified="false"))

    for words in (
        "3.400",
        "+0.400",
        '<option value="fair" selected>',
        '<input type="hidden" name="verified" value="false">',
    ):
        assert words in page.text
    assert (await staff.get(effect_page(profile="fair"))).status_code == 422


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


EXPLANATION = "/console/scores/explanation"


def cells(page: str) -> list[str]:
    """The figures of the first table of a page."""
    return re.findall(r'<td class="number[^"]*">([^<]*)</td>', page.partition("</table>")[0])


async def test_the_page_of_a_window_adds_up_to_the_last_digit_shown(staff: httpx.AsyncClient, bus) -> None:
    now = datetime.now(UTC)
    for days, rating in ((40, 5), (35, 4), (20, 1), (3, 5), (2, 5), (1, 4)):
        at = now - timedelta(days=days)
        await bus.tell(None, review_state(rating, "acme", rated_at=at, published_at=at), time=at)

    page = await staff.get(f"{EXPLANATION}?subject=acme")

    assert page.status_code == 200
    *parts, after = (round(1000 * float(each.replace("−", "-"))) for each in cells(page.text))
    assert len(parts) == 5  # the score before, three parts, ageing
    assert sum(parts) == after
    for words in (
        "2 new 5-star reviews",
        "1 new 1-star review",
        "Older reviews faded towards 3.5",
        "/console/reviews/",
    ):
        assert words in page.text


async def test_a_review_that_moved_a_score_is_labelled_where_somebody_asked_for_it_or_rewarded_it(
    api: httpx.AsyncClient, staff: httpx.AsyncClient, bus
) -> None:
    now = datetime.now(UTC)
    window = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(seconds=1)).isoformat()}
    states = {each: review_state(5, f"acme/{each}", rated_at=now, origin=each) for each in Origin}
    for state in states.values():
        await bus.tell(None, state, time=now, review_id=(review_id := str(uuid7())))
    edited = msgspec.structs.replace(states[Origin.INCENTIVISED], origin=Origin.INVITED)
    await bus.tell(states[Origin.INCENTIVISED], edited, time=now, review_id=review_id, revision=2)
    await bus.tell(edited, states[Origin.INCENTIVISED], time=now, review_id=review_id, revision=3)

    for origin, label in ((Origin.ORGANIC, ""), (Origin.INVITED, "invitation"), (Origin.INCENTIVISED, "a reward")):
        subject = f"acme/{origin}"
        [moved] = (await api.get(f"/v1/score-explanations/{subject}", params=window)).json()["reviews"]
        page = (await staff.get(f"{EXPLANATION}?subject={subject}")).text
        assert moved["origin"] == origin
        assert re.findall(r", given (?:on|for) ([a-z ]+)</small>", page) == ([label] if label else [])


async def test_what_came_late_is_told_beside_the_score_as_it_is_known_today(staff: httpx.AsyncClient, bus) -> None:
    now = datetime.now(UTC)
    rated_at = now - timedelta(days=90)
    await bus.tell(None, review_state(1, "acme", rated_at=rated_at, published_at=rated_at), time=now)
    asked = {"subject": "acme", "profile": "lifetime", "from": (now - timedelta(days=30)).date().isoformat()}

    late = (await staff.get("/console/scores/explanation", params=asked)).text
    await bus.tell(None, review_state(5, "globex", rated_at=now))
    fresh = (await staff.get("/console/scores/explanation", params={**asked, "subject": "globex"})).text

    assert "By all that is known today, it was 3.188" in late
    assert "By all that is known today" not in fresh


async def test_pages_of_a_subject_lead_to_each_other_by_the_same_profile(staff: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(4, "acme"))
    of = "subject=acme&amp;profile=recent"

    for here in ("subject", "explanation", "projection"):
        page = (await staff.get(f"/console/scores/{here}?subject=acme&profile=recent")).text
        for there in {"subject", "explanation", "projection", "complaints"} - {here}:
            assert f'<a href="/console/scores/{there}?{of}">' in page


async def test_the_page_names_the_sources_where_there_are_several(staff: httpx.AsyncClient, bus) -> None:
    now = datetime.now(UTC)
    other = msgspec.structs.replace(SOURCE, id="01956d00-0000-7000-8000-000000000002")
    await bus.tell(None, review_state(5, "acme", rated_at=now), time=now)
    one = (await staff.get(f"{EXPLANATION}?subject=acme")).text
    await bus.tell(None, review_state(1, "acme", rated_at=now, source=other), time=now)
    two = (await staff.get(f"{EXPLANATION}?subject=acme")).text

    assert ("The same, by source." in one, "The same, by source." in two) == (False, True)
    assert f"/console/sources/{other.id}" in two


async def test_the_page_tells_of_one_source_and_one_origin_what_the_api_tells(
    staff: httpx.AsyncClient, api: httpx.AsyncClient, bus
) -> None:
    now = datetime.now(UTC)
    other = msgspec.structs.replace(SOURCE, id="01956d00-0000-7000-8000-000000000002", name="Other shop")
    given = (
        (5, SOURCE, Origin.ORGANIC),
        (4, SOURCE, Origin.INVITED),
        (1, other, Origin.ORGANIC),
        (2, other, Origin.INCENTIVISED),
    )
    for number, (rating, source, origin) in enumerate(given):
        at = now - timedelta(days=60 if rating == 4 else rating)
        state = review_state(rating, "acme", rated_at=at, published_at=at, source=source, origin=origin)
        await bus.tell(None, state, time=now - timedelta(days=1) if rating == 4 else at)
        await bus.give(INSIGHT, pending_envelope(None, state), number + 1)
    window = {"from": f"{now - timedelta(days=20):%FT%TZ}", "to": f"{now:%FT%TZ}"}

    for source_id, origin, told in (
        (SOURCE.id, "", 'Of reviews from <b dir="auto">Acme shop</b> alone.'),
        ("", "organic", "Of <b>organic</b> reviews alone: this score stands beside the public one"),
        (other.id, "incentivised", 'Of <b>incentivised</b> reviews from <b dir="auto">Other shop</b> alone:'),
    ):
        of = ({"source_id": source_id} if source_id else {}) | ({"origin": origin} if origin else {})
        answer = (await api.get("/v1/score-explanations/acme", params={**window, **of})).json()
        asked = {"subject": "acme", **window, "source": source_id, "origin": origin}
        page = (await staff.get(EXPLANATION, params=asked)).text

        *parts, after = (round(1000 * float(each.replace("−", "-"))) for each in cells(page))
        assert after == sum(parts) == round(1000 * answer["after"]["score"])
        assert f"→ {answer['after']['count']}</" in page
        assert told in page
        assert f'<option value="{origin}" selected>' in page
        known = (await api.get("/v1/scores/acme", params={"at": window["from"], **of})).json()
        today = known["score"] if known["score"] is not None else known["prior"]
        is_told = f"it was {today:.3f}" in page
        assert is_told == (abs(today - (answer["before"]["score"] or answer["prior"])) > 0.0005), of


async def test_pages_of_one_source_lead_to_each_other_with_it(staff: httpx.AsyncClient, bus) -> None:
    state = review_state(4, "acme", rated_at=datetime.now(UTC))
    await bus.tell(None, state)
    await bus.give(INSIGHT, pending_envelope(None, state), 1)
    of = f"subject=acme&amp;profile=recent&amp;source={SOURCE.id}"
    pages = {"subject", "explanation", "projection", "figures"}

    for here in pages:
        page = (await staff.get(f"/console/scores/{here}?subject=acme&profile=recent&source={SOURCE.id}")).text
        assert re.search(r"<b[^>]*>Acme shop</b> alone", page), here
        for there in (pages | {"complaints"}) - {here}:
            assert f'<a href="/console/scores/{there}?{of}">' in page, (here, there)


async def test_each_review_that_moved_it_most_has_a_link_of_its_own_name(staff: httpx.AsyncClient, bus) -> None:
    now = datetime.now(UTC)
    for days in (2, 3):
        rated_at = now - timedelta(days=days)
        await bus.tell(None, review_state(1, "acme", rated_at=rated_at, published_at=rated_at), time=rated_at)

    page = (await staff.get(f"{EXPLANATION}?subject=acme")).text

    links = re.findall(r'<a href="/console/reviews/[^"]+">(.*?)</a>', page)
    names = [re.sub("<[^>]+>", "", each) for each in links]
    rated = [moment(now - timedelta(days=days)) for days in (2, 3)]
    assert sorted(names) == sorted(f"New: 1 ★, rated {each}, source …{SOURCE.id[-6:]}" for each in rated)


async def test_many_parts_are_cut_to_a_table_that_still_adds_up(staff: httpx.AsyncClient, bus) -> None:
    now = datetime.now(UTC)
    pairs = [(before, after) for before in range(1, 6) for after in range(1, 6) if before != after]
    for before, after in pairs:
        review_id, old = str(uuid7()), now - timedelta(days=90)
        state = review_state(before, "acme", rated_at=old, published_at=old)
        await bus.tell(None, state, review_id=review_id, time=old)
        edited = msgspec.structs.replace(state, rating=float(after), rated_at=now)
        await bus.tell(state, edited, review_id=review_id, time=now, revision=2)

    page = (await staff.get(f"{EXPLANATION}?subject=acme")).text

    *parts, after_all = (round(1000 * float(each.replace("−", "-"))) for each in cells(page))
    assert (len(parts), sum(parts)) == (MAX_ROWS + 3, after_all)
    assert f"{len(pairs) - MAX_ROWS} other changes" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("subject=No+subject", "is a path of 1 to"),
        ("subject=hooli", "Nothing was ever said about hooli."),
        ("subject=acme&from=yesterday", "This is no day."),
        ("subject=acme&to=2026-02-30", "This is no day."),
        ("subject=acme&from=2026-03-02&to=2026-03-01", "It must be later than the beginning."),
    ],
)
async def test_what_the_form_cannot_mean_is_said_at_its_field(
    staff: httpx.AsyncClient, bus, query: str, words: str
) -> None:
    await bus.tell(None, review_state(5, "acme"))

    page = await staff.get(f"{EXPLANATION}?{query}")

    assert (page.status_code, words in page.text) == (422, True)


async def test_without_a_subject_the_page_asks_for_one(staff: httpx.AsyncClient) -> None:
    page = await staff.get(EXPLANATION)

    assert (page.status_code, "Name a subject." in page.text) == (200, True)


async def test_a_day_is_meant_from_its_beginning_until_its_end(staff: httpx.AsyncClient, bus) -> None:
    for time in ("2026-03-01T00:00:01+00:00", "2026-03-02T23:59:59+00:00", "2026-03-03T00:00:01+00:00"):
        at = datetime.fromisoformat(time)
        await bus.tell(None, review_state(5, "acme", rated_at=at, published_at=at), time=at)

    page = (await staff.get(f"{EXPLANATION}?subject=acme&from=2026-03-01&to=2026-03-02")).text

    assert "2 new 5-star reviews" in page


async def test_the_page_says_where_no_review_is_left_and_what_parts_mean_that_are_more_than_a_score_can_move(
    staff: httpx.AsyncClient, api: httpx.AsyncClient, bus
) -> None:
    lives = [Life() for _ in range(40)]
    for number, life in enumerate(lives):
        await life.tell(bus, START, rated(1 if number % 2 else 5, f"acme/{'berlin' if number < 20 else 'paris'}"))
    for life in lives:
        await life.tell(bus, START + timedelta(days=5), None)

    async def page(subject: str, first_day: int) -> str:
        begins, ends = (START + timedelta(days=day) for day in (first_day, 9))
        asked = {"subject": subject, "from": begins.isoformat(), "to": ends.isoformat()}
        return (await staff.get(f"/console/scores/explanation?{urlencode(asked)}")).text

    left, crossed = await page("acme", 2), await page("acme", -2)
    found = await explained(api, "acme", START + timedelta(days=2), START + timedelta(days=9))

    assert all(abs(part["effect"]) <= 4 for part in found["parts"])
    assert ("No review is left" in left, "more than four stars" in left) == (True, False)
    assert ("No review is left" in crossed, "more than four stars" in crossed) == (False, True)
