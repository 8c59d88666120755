"""A complete list that lacks too many reviews is not followed until it has said so often, or a person says so."""

import json
from html import unescape
from typing import Any

import httpx
import pytest

from plaudit.common.observability import metrics
from plaudit_testing.running_ingest import Ingest, Source

pytestmark = pytest.mark.postgres

COUNT = 15
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}


@pytest.fixture
async def emptied(puller: Any, platforms: Any) -> Source:
    """A source whose reviews two complete lists on end have not shown."""
    for number in range(COUNT):
        platforms.google.review(f"r-{number}")
    source: Source = await puller.source("google-business")
    await puller.pull(source)
    platforms.google.kept = dict(platforms.google.reviews)
    platforms.google.reviews.clear()
    await puller.complete(source)
    await puller.complete(source)
    return source


async def count(ingest: Ingest) -> int:
    return len(await ingest.items("/v1/reviews", limit=50))


async def allow(puller: Any, source: Source) -> httpx.Response:
    answer: httpx.Response = await puller.ingest.client.post(
        f"/v1/sources/{source.id}/held-removals/apply", headers=await puller.headers()
    )
    return answer


async def let_a_day_pass(ingest: Ingest) -> None:
    """As if the lists before had begun a day earlier."""
    [[written]] = await ingest.rows("SELECT held_removals FROM ingest.pulls")
    held = json.loads(written)
    held["since"] = (await ingest.rows("SELECT now() - interval '24 hours'"))[0][0].isoformat()
    await ingest.superuser.execute("UPDATE ingest.pulls SET held_removals = $1", json.dumps(held))


async def test_an_empty_list_removes_nothing_and_is_told(ingest: Ingest, puller: Any, emptied: Source):
    state = await puller.state(emptied)
    held = state["held_removals"]
    assert (held["missing"], held["visible"], held["lists"]) == (COUNT, COUNT, 1)
    assert (held["allowed_at"], state["error"]) == (None, None)
    assert await count(ingest) == COUNT
    told = metrics.exposition().decode()
    assert 'plaudit_pull_removals_held_total{platform="google-business"}' in told


async def test_a_list_that_has_them_again_ends_it(ingest: Ingest, puller: Any, platforms: Any, emptied: Source):
    platforms.google.reviews.update(platforms.google.kept)
    state = await puller.complete(emptied)
    assert state["held_removals"] is None
    assert await count(ingest) == COUNT
    assert (await allow(puller, emptied)).json()["type"] == "/problems#nothing-held"


async def test_three_lists_over_a_day_are_followed_in_what_all_of_them_lack(
    ingest: Ingest, puller: Any, platforms: Any, emptied: Source
):
    await let_a_day_pass(ingest)
    platforms.google.reviews["r-3"] = platforms.google.kept["r-3"]
    assert (await puller.complete(emptied))["held_removals"]["lists"] == 2
    assert await count(ingest) == COUNT
    platforms.google.reviews.clear()
    state = await puller.complete(emptied)
    assert (state["held_removals"], await count(ingest)) == (None, 1), "r-3 was listed in between"
    platforms.google.reviews.update(platforms.google.kept)
    await puller.complete(emptied)
    assert await count(ingest) == COUNT, "what is listed again is visible again"


async def test_a_person_lets_them_be_removed_at_once(ingest: Ingest, puller: Any, emptied: Source):
    answer = await allow(puller, emptied)
    assert answer.status_code == 202, answer.text
    assert answer.json()["held_removals"]["allowed_at"] is not None
    async with puller.pulling():
        await puller.until(emptied, lambda state: state["held_removals"] is None)
    assert await count(ingest) == 0
    assert len(await ingest.items("/v1/reviews", removed=True, limit=50)) == COUNT


async def test_what_is_allowed_waits_for_no_platform_that_fails(
    ingest: Ingest, puller: Any, platforms: Any, emptied: Source
):
    platforms.servers["google-business"].fault = "cut"
    platforms.servers["tokens"].fault = "cut"
    await allow(puller, emptied)
    async with puller.pulling():
        await puller.until(emptied, lambda state: state["failures"] > 0)
    assert (await puller.state(emptied))["held_removals"] is None
    assert await count(ingest) == 0


async def test_the_page_of_the_source_says_it_and_has_the_button(ingest: Ingest, puller: Any, emptied: Source):
    key = await ingest.key()
    answer = await ingest.client.post("/sign-in", data={"key": key}, headers=OURS)
    path = f"/console/sources/{emptied.id}"
    async with httpx.AsyncClient(
        base_url=ingest.client.base_url, headers=OURS, cookies=answer.cookies, timeout=60
    ) as browser:
        page = unescape((await browser.get(path)).text)
        assert f"lacks {COUNT} of {COUNT} reviews" in page
        assert "removals held" in page
        assert (await browser.post(f"{path}/held-removals/apply")).status_code == 303
        page = unescape((await browser.get(path)).text)
        assert "wants them removed" in page
        assert "held-removals/apply" not in page
        async with puller.pulling():
            await puller.until(emptied, lambda state: state["held_removals"] is None)
        page = unescape((await browser.get(path)).text)
        assert "reviews. That looks" not in page
        again = await browser.post(f"{path}/held-removals/apply")
        assert again.status_code == 303


async def test_the_page_says_why_a_run_could_not_go_on_and_asks_again(ingest: Ingest, puller: Any, platforms: Any):
    source = await puller.source("trustpilot")
    platforms.servers["trustpilot"].fault = "cut"
    await puller.pull(source)
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key()}, headers=OURS)
    path = f"/console/sources/{source.id}"
    async with httpx.AsyncClient(
        base_url=ingest.client.base_url, headers=OURS, cookies=answer.cookies, timeout=60
    ) as browser:
        page = unescape((await browser.get(path)).text)
        assert "The last run could not go on: the platform could not be reached" in page
        assert "tp-secret" not in page
        asked = await browser.post(f"{path}/pull")
        assert asked.status_code == 303
        assert (await puller.state(source))["next_at"] <= (await ingest.rows("SELECT now()"))[0][0].isoformat()
        plain = await puller.plain_source("google-play")
        page = unescape((await browser.get(f"/console/sources/{plain.id}")).text)
        assert "no credentials" in page
        assert "Google Play posts nothing" in page
        assert "/v1/hooks/" not in page, "what is posted there is always refused"
        assert (await browser.post(f"/console/sources/{plain.id}/pull")).status_code == 303
        native = await ingest.source()
        assert "How it is asked" not in (await browser.get(f"/console/sources/{native.id}")).text
