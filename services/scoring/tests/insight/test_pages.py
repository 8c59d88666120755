"""The console's page of complaints, in a browser and without one."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import httpx
import msgspec
import pytest

from plaudit.common.contracts import ReviewState, SourceRef
from plaudit.common.process import Resources
from plaudit.scoring.insight.domain.report import Change
from plaudit.scoring.insight.pages import COMPLAINTS, bars, change_words
from plaudit.scoring.main import build
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.review_events import RESOLUTION, SOURCE
from plaudit_testing.screens import check, sign_in

pytestmark = pytest.mark.postgres

OTHER = SourceRef(
    id="01956d00-0000-7000-8000-000000000002", name="Shop", platform="native", created_at=SOURCE.created_at
)
Spoken = Callable[..., ReviewState]
LATE = (
    "The parcel came two weeks late and the tracking number never worked.",
    "Still waiting for my parcel. The tracking number leads nowhere.",
    "Parcel left in the rain, the courier did not even ring.",
)
REFUND = (
    "How do I get my deposit back? I returned the bike in May.",
    "Where can I find the invoice for my deposit?",
    "The deposit was refunded after three reminders.",
)
PRAISE = (
    "Friendly mechanics, and the bike was ready the next day.",
    "The mechanics explained everything and the repair was cheap.",
    "Booking was simple and the bike comfortable.",
)


OPENING = (
    *("A pity.", "For the second time now.", "My first order, in spring.", "As others say here.", "Ordered online."),
    *("I had hoped for more.", "We are regulars.", "From far off.", "On a rainy weekend.", "For my daughter."),
    *("Before our holiday.", "Found by chance."),
)


def varied(texts: Sequence[str], number: int) -> str:
    """One of the texts, with an opening of its own as far as there are openings: a pasted text would count once."""
    opening, closing = OPENING[number // 3 % 12], OPENING[number // 36]
    return f"{opening} {texts[number % 3]}" if number < 36 else f"{opening} {texts[number % 3]} {closing}"


@pytest.fixture
async def ids(saying, said: Spoken) -> list[str]:
    """A shop whose parcels have been late for some weeks; the reviews that say so."""
    late = [
        said(1 + n % 2, varied(LATE, n), person=f"a:{n}", topics=("delivery", "speed_waiting"), days_ago=n % 24,
             severity="drastic" if n == 4 else "negative", resolution=RESOLUTION if n % 3 == 0 else None)
        for n in range(36)
    ]  # fmt: skip
    deposits = [
        said(2, varied(REFUND, n), person=f"b:{n}", topics=("billing_refund",), days_ago=(n * 5) % 170)
        for n in range(72)
    ]
    praise = [
        said(5, varied(PRAISE, n), person=f"c:{n}", topics=("staff_attitude", "quality_defect"), days_ago=n % 88,
             personas=("new_user",) if n % 5 == 0 else ())
        for n in range(140)
    ]  # fmt: skip
    found = await saying.new(*late)
    await saying.new(*deposits, *praise)
    return found


@pytest.fixture
async def reader(client_of) -> httpx.AsyncClient:
    """A browser of the tenant, signed in by a key that may read scores and reviews."""
    client = await client_of("default", "scores:read", "reviews:read")
    key = client.headers.pop("authorization").removeprefix("Bearer ")
    client.headers["accept"] = "text/html"
    await client.post("/sign-in", data={"key": key}, headers={"sec-fetch-site": "same-origin"})
    return client


async def test_the_page_says_what_how_much_since_when_and_leads_to_reviews(reader, ids: list[str]) -> None:
    page = await reader.get(COMPLAINTS, params={"subject": "acme"})

    assert page.status_code == 200
    assert '<b>Delivery</b>: <span class="late">Larger share since about' in page.text
    assert '<b dir="auto">parcel</b>' in page.text
    assert "ask: content could answer" in page.text
    assert "1 drastic" in page.text
    assert any(f'href="/console/reviews/{each}"' in page.text for each in ids)
    assert "/console/reviews?subject=acme&amp;topic=delivery&amp;stars=low" in page.text
    for there in ("subject", "explanation", "projection"):
        assert f'<a href="/console/scores/{there}?subject=acme">' in page.text


async def test_who_may_not_read_reviews_gets_no_links_to_them(staff: httpx.AsyncClient, ids: list[str]) -> None:
    page = await staff.get(COMPLAINTS, params={"subject": "acme"})

    assert page.status_code == 200
    assert "Still waiting for my parcel." in page.text
    assert "/console/reviews/" not in page.text
    assert "/console/reviews?" not in page.text


async def test_a_source_narrows_the_page(staff: httpx.AsyncClient, saying, said: Spoken, ids: list[str]) -> None:
    await saying.new(said(5, "Cheap rides.", source=OTHER))

    page = await staff.get(COMPLAINTS, params={"subject": "acme", "source": OTHER.id})

    assert page.status_code == 200
    assert f'<option value="{OTHER.id}" selected>Shop</option>' in page.text
    assert "low-rated reviews of 1; 0 before" in page.text
    assert "from Shop." in page.text


async def test_sources_of_one_name_can_be_told_apart(staff: httpx.AsyncClient, saying, said: Spoken) -> None:
    third = msgspec.structs.replace(OTHER, id="01956d00-0000-7000-8000-000000000003")
    await saying.new(*(said(5, "Cheap rides.", source=each) for each in (OTHER, third)))

    page = await staff.get(COMPLAINTS, params={"subject": "acme"})

    assert ">Shop (…000002)</option>" in page.text
    assert ">Shop (…000003)</option>" in page.text


@pytest.mark.parametrize("source", ["x", "01956d00-0000-7000-8000-0000000000ff"])
async def test_a_source_that_there_is_not_counts_as_none(staff: httpx.AsyncClient, ids: list[str], source: str) -> None:
    page = await staff.get(COMPLAINTS, params={"subject": "acme", "source": source})

    assert page.status_code == 200
    assert "against as many days before." in page.text


async def test_a_persona_and_days_narrow_the_page(staff: httpx.AsyncClient, ids: list[str]) -> None:
    page = await staff.get(COMPLAINTS, params={"subject": "acme", "persona": "new_user", "days": "30"})

    assert page.status_code == 200
    assert '<option value="new_user" selected>' in page.text
    assert '<option value="30" selected>' in page.text
    assert "Too few low-rated reviews to tell a change: 0, and 0 before; 15 and 30 are needed." in page.text


async def test_the_profile_that_a_reader_came_with_is_kept_for_where_they_go(
    staff: httpx.AsyncClient, ids: list[str]
) -> None:
    page = (await staff.get(COMPLAINTS, params={"subject": "acme", "profile": "recent"})).text
    first = (await staff.get(COMPLAINTS, params={"profile": "recent"})).text
    without = (await staff.get(COMPLAINTS, params={"subject": "acme", "profile": "No profile"})).text

    for there in ("subject", "explanation", "projection"):
        assert f'<a href="/console/scores/{there}?subject=acme&amp;profile=recent">' in page
    assert '<li><a href="/console/scores/subject?subject=acme&amp;profile=recent" dir="auto">acme</a></li>' in page
    assert '<input type="hidden" name="profile" value="recent">' in page
    assert f'<a href="{COMPLAINTS}?subject=acme&amp;profile=recent">acme</a>' in first
    assert "profile=" not in without


async def test_without_a_subject_the_page_offers_those_that_are_known(staff: httpx.AsyncClient, ids: list[str]) -> None:
    page = await staff.get(COMPLAINTS)

    assert page.status_code == 200
    assert f'href="{COMPLAINTS}?subject=acme%2Fberlin">acme/berlin</a>' in page.text.replace('/berlin"', '%2Fberlin"')


async def test_a_subject_that_nobody_knows_is_said_at_its_field(staff: httpx.AsyncClient, ids: list[str]) -> None:
    unknown = await staff.get(COMPLAINTS, params={"subject": "acme/x"})
    wrong = await staff.get(COMPLAINTS, params={"subject": "No subject"})

    assert (unknown.status_code, wrong.status_code) == (422, 422)
    assert "about acme/x. acme is known." in unknown.text
    assert 'aria-invalid="true"' in wrong.text


async def test_a_first_page_says_what_will_be_there(staff: httpx.AsyncClient) -> None:
    assert "No review with stars has come yet." in (await staff.get(COMPLAINTS)).text


async def test_words_of_a_review_are_text_and_never_markup(staff: httpx.AsyncClient, saying, said: Spoken) -> None:
    await saying.new(said(1, "<script>alert(1)</script> parcel 1 < 2 & 3", topics=("delivery",)))

    page = (await staff.get(COMPLAINTS, params={"subject": "acme"})).text
    assert "<script>" not in page
    assert "alert(1) parcel 1 &lt; 2 &amp; 3" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("rising", is_certain=True, since=date(2026, 2, 9)), "Larger share since about 9 February 2026"),
        (Change("falling", is_certain=False, since=None), "Possibly a smaller share"),
    ],
)
def test_a_change_is_said_in_words(change: Change, words: str) -> None:
    assert change_words(change) == words


def test_bars_are_as_high_as_their_share_of_the_highest() -> None:
    assert bars([0, 2, 4]) == [(1, 0.5), (2, 1.0)]
    assert bars([0, 0]) == bars([]) == []


@needs_browser
async def test_the_page_is_usable_by_everybody_on_every_screen(
    resources: Resources[ScoringSettings], staff: httpx.AsyncClient, client_of, ids: list[str], tmp_path: Path
) -> None:
    key = (await client_of()).headers["authorization"].removeprefix("Bearer ")
    app = build(resources).app
    assert app is not None
    async with browsing(app, tmp_path, path=f"{COMPLAINTS}?subject=acme") as page:
        await sign_in(page, key)
        await check(page, "What people complain about and praise: acme")
