"""The console's page of reviews."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.ingest.reviews import pages
from plaudit.ingest.reviews.store import listing
from plaudit.ingest.search.jobs import SearchIndexJob
from plaudit.ingest.sources.domain import Answers
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.signing_in import without_zone

pytestmark = pytest.mark.postgres

PAGE = "/console/reviews"
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}


@pytest.fixture
async def staff(ingest: Ingest) -> httpx.AsyncClient:
    """The test's client, signed in to the console."""
    form = {"key": await ingest.key("default", "reviews:read", "scores:read")}
    answer = await ingest.client.post("/sign-in", data=form, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers["accept"] = "text/html"
    return ingest.client


async def shown(staff: httpx.AsyncClient, path: str = PAGE, **form: Any) -> str:
    answer = await staff.get(path, params=form or None)
    assert answer.status_code == 200, answer.text
    return answer.text


def names(page: str) -> list[str]:
    return [unescape(name.strip()) for name in re.findall(r'<a class="name"[^>]*>([^<]*)</a>', page)]


async def test_an_empty_page_says_what_fills_it(ingest: Ingest, staff: httpx.AsyncClient):
    assert "There is no source yet." in await shown(staff)
    await ingest.source()
    assert "No review has come yet." in await shown(staff)
    assert "No review is like that." in await shown(staff, stars="low")


async def test_the_form_narrows_the_list_and_keeps_what_was_typed(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    reviews = [
        created("a", 5, title="Good & quick", text="Soup", published_at="2026-03-01T00:00:00Z"),
        created("b", 1, title="Bad <b>", subject="acme/berlin", published_at="2026-03-02T00:00:00Z"),
        created("c", 3, title="Fair", answer={"text": "Thanks"}, published_at="2026-03-03T00:00:00Z"),
        created("d", 4, title="Gone", published_at="2026-03-04T00:00:00Z"),
        {"type": "review.removed", "data": {"id": "d"}},
    ]
    await ingest.post(source, reviews)
    job = SearchIndexJob(ingest.resources.database(Role.WORKER))
    while await job.turn():
        pass
    expected: list[tuple[dict[str, str], list[str]]] = [
        ({}, ["Fair", "Bad <b>", "Good & quick"]),
        ({"sort": "oldest"}, ["Good & quick", "Bad <b>", "Fair"]),
        ({"sort": "rating"}, ["Bad <b>", "Fair", "Good & quick"]),
        ({"stars": "low"}, ["Bad <b>"]),
        ({"stars": "high", "answered": "false"}, ["Good & quick"]),
        ({"answered": "true"}, ["Fair"]),
        ({"subject": "acme/berlin/"}, ["Bad <b>"]),
        ({"severity": "negative"}, ["Bad <b>"]),
        ({"source": source.id}, ["Fair", "Bad <b>", "Good & quick"]),
        ({"text": "SOUP"}, ["Good & quick"]),
        ({"removed": "true"}, ["Gone"]),
        ({"stars": "nonsense", "sort": "nonsense", "utm_source": "x"}, ["Fair", "Bad <b>", "Good & quick"]),
    ]
    assert [(form, names(await shown(staff, **form))) for form, _ in expected] == expected
    page = await staff.get(PAGE, params={"text": '"><script>', "subject": "Not A Subject"})
    assert page.status_code == 422
    assert "<script" not in without_zone(page.text)
    assert 'aria-invalid="true"' in page.text


async def test_one_review_has_its_words_its_answer_and_its_history(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    await ingest.post(source, created("a", 2, title="Cold", text="Cold soup."))
    await ingest.post(source, {"type": "review.edited", "data": {"id": "a", "rating": 4, "text": "Warm soup."}})
    await ingest.post(source, {"type": "review.answered", "data": {"id": "a", "answer": {"text": "שלום"}}})
    [row] = await ingest.rows("SELECT id FROM ingest.reviews")
    page = await shown(staff, f"{PAGE}/{row['id']}")
    assert '<blockquote dir="auto"><p>Warm soup.</p></blockquote>' in page
    assert '<blockquote dir="auto"><p>שלום</p></blockquote>' in page
    assert "The customer changed it. The rating went from 2 to 4 stars." in page
    assert "<dt>Platform</dt><dd>Native format</dd>" in page
    assert "4, stars from 1 to 5" in page
    assert page.index("The review was published.") < page.index("It was answered.")
    assert (await staff.get(f"{PAGE}/00000000-0000-0000-0000-000000000000")).status_code == 404


async def test_where_a_source_does_not_tell_of_answers_the_page_says_so(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    await ingest.post(source, created("a", 1))
    assert "not answered" in await shown(staff)
    ingest.parts.app.state.answers_of = lambda *_, **__: Answers.UNTOLD
    page = await shown(staff, answered="unknown")
    assert "answers are not told here" in page


async def test_pages_lead_on_with_the_same_filters(ingest: Ingest, source: Source, staff: httpx.AsyncClient):
    at = "2026-03-01T00:00:{:02}Z"
    await ingest.post(source, [created(f"r-{n}", 1, title=f"r-{n}", published_at=at.format(n)) for n in range(25)])
    first = await shown(staff, stars="low")
    [following] = map(unescape, re.findall(r'href="([^"]*cursor=[^"]*)"', first.split('class="pager"')[1]))
    assert "stars=low" in following
    second = await shown(staff, following)
    assert names(first) + names(second) == [f"r-{n}" for n in reversed(range(25))]


def counted(page: str) -> str:
    return "".join(re.findall(r'<p class="hint below">([^<]*reviews?)</p>\s*<ol class="list">', page))


async def test_the_list_says_how_many_reviews_there_are_where_that_is_cheap(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    await ingest.post(source, [created(f"r-{n}", 1 + n % 2, title="deposit") for n in range(25)])
    assert counted(await shown(staff)) == "25 reviews"
    assert counted(await shown(staff, stars="low")) == "25 reviews"
    assert counted(await shown(staff, stars="high")) == ""
    await ingest.post(source, created("best", 5))
    assert counted(await shown(staff, stars="high")) == "1 review"
    first = await shown(staff)
    [following] = map(unescape, re.findall(r'href="([^"]*cursor=[^"]*)"', first.split('class="pager"')[1]))
    assert counted(await shown(staff, following)) == "26 reviews", "of all pages"
    monkeypatch.setattr(listing, "COUNTED_ENTRIES", 23)
    assert counted(await shown(staff)) == "At least 23 reviews"
    monkeypatch.setattr(pages, "MAX_COUNTED", 22)
    assert counted(await shown(staff)) == "More than 22 reviews"


async def test_words_are_counted_only_where_the_first_page_holds_all(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    await ingest.post(source, [created(f"r-{n}", 1, title="deposit" if n else "kayak") for n in range(25)])
    job = SearchIndexJob(ingest.resources.database(Role.WORKER))
    while await job.turn():
        pass
    assert counted(await shown(staff, text="kayak")) == "1 review"
    assert counted(await shown(staff, text="deposit")) == ""


async def test_rare_filters_are_folded_away_and_those_that_are_chosen_counted(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    summary = re.compile(r"<details>\s*<summary>(.*?)</summary>")
    assert summary.findall(await shown(staff))[0] == "More filters, and the order"
    page = await shown(staff, topic="delivery", sort="oldest", stars="low", check="true")
    assert summary.findall(page)[0] == "More filters, and the order (3 chosen)"
    assert "A person should look" in page.split("</details>")[0]


async def test_the_words_that_make_a_review_drastic_are_shown_among_those_around_them(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    said = f"Hello. They stole my <b>. {'Then nothing. ' * 9}I am a loyal customer, and I will sue them."
    await ingest.post(source, created("a", 1, text=said, language="en"))
    page = await shown(staff)
    assert "Why it is drastic" in page
    assert sorted(re.findall(r"<mark>(.*?)</mark>", page)) == ["stole my", "will sue them"]
    assert "Then nothing. I am a loyal customer, and I <mark>will sue them</mark>." in page
    assert "Hello. They <mark>stole my</mark> &lt;b&gt;." in page
    assert "<dt>About themselves</dt><dd>Long-time customer</dd>" in page


async def test_the_list_is_narrowed_by_what_the_words_say(ingest: Ingest, source: Source, staff: httpx.AsyncClient):
    reviews = [
        created("a", 5, title="Late", text="The delivery was late.", language="en"),
        created("b", 1, title="Hm", text="My account was hacked.", language="en"),
        created("c", 1, title="Zut", text="Service nul, jamais de réponse", language="fr"),
    ]
    await ingest.post(source, reviews)
    job = SearchIndexJob(ingest.resources.database(Role.WORKER))
    while await job.turn():
        pass
    assert names(await shown(staff, topic="delivery")) == ["Late"]
    checked = await shown(staff, check="true")
    assert names(checked) == ["Hm"]
    assert "Why to look at it" in checked
    assert names(await shown(staff, topic="anger", persona="x", check="y")) == ["Zut", "Hm", "Late"]
    french = await shown(staff, text="jamais")
    assert 'its words are not judged (<span title="fr">French</span>)' in french
    assert '<dt>Language</dt><dd><span title="fr">French</span>' in french


async def test_platforms_are_named_as_people_name_them_and_narrow_the_list(ingest: Ingest, staff: httpx.AsyncClient):
    await ingest.post(await ingest.source(), created("ours", title="ours"))
    await ingest.source(platform="trustpilot")
    page = await shown(staff)
    assert "Native format" in page
    assert not re.search(r">\s*native\s*<", page)
    assert '<option value="native">Native format</option>' in page
    assert names(await shown(staff, platform="native")) == ["ours"]
    assert names(await shown(staff, platform="trustpilot")) == []
    assert names(await shown(staff, platform="myspace")) == ["ours"], "a choice that there is not counts as none"


async def test_a_review_that_counts_leads_to_its_effect_on_the_score(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    gone = {"type": "review.removed", "data": {"id": "gone"}}
    nps = created("nps", 3, kind="nps", title="Seven of ten")
    await ingest.post(source, [created("a", 2, title="Slow"), created("gone", 1, title="Gone"), nps, gone])

    leads = {
        name: re.findall(r'href="(/console/scores/effect[^"]*)"', await shown(staff, path))
        for path, name in await paths_of(staff)
    }
    of_removed = await shown(staff, removed="true")

    [path] = leads["Slow"]
    assert "subject=acme" in path
    assert "rating=2.0&amp;rated_at=" in path
    assert f"verified=false&amp;origin=organic&amp;source_id={source.id}" in path
    assert leads["Seven of ten"] == []
    assert "counts in no star score" in await shown(staff, dict(map(reversed, await paths_of(staff)))["Seven of ten"])
    assert "/console/scores/effect" not in of_removed


async def paths_of(staff: httpx.AsyncClient) -> list[tuple[str, str]]:
    """The path of each listed review, and what it is called."""
    found = re.findall(r'<a class="name" href="([^"]*)"[^>]*>([^<]*)</a>', await shown(staff))
    return [(unescape(path), unescape(name)) for path, name in found]
