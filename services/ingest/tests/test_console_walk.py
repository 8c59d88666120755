"""The console is walked by its links alone, without scripts: every page is reached, and no link or form is dead."""

import re
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from playwright.async_api import expect

from plaudit.common.pages.navigation import CONSOLE
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.operations import answering, operations_of
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.signing_in import without_zone

pytestmark = pytest.mark.postgres
MAX_PAGES: Final = 300
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
MAPPING = {
    "fields": {"id": "uuid", "rating": "score", "published_at": "posted_on"},
    "proof": {"kind": "path-token"},
}
CSV = b"id,rating,published_at\na,4,2026-02-14T10:15:30Z\n"


async def fill(ingest: Ingest, source: Source) -> None:
    """Store one of each thing that has a page, as clients do."""

    async def send(path: str, body: Any) -> dict[str, Any]:
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        kind = {"content-type": "text/csv"} if isinstance(body, bytes) else {}
        key = {"authorization": f"Bearer {await ingest.key()}"}
        answer = await ingest.client.post(path, headers={**key, **kind}, **content)
        assert answer.is_success, answer.text
        return dict(answer.json())

    events = [created("r-1", 1, text="They stole it.", author={"id": "c-1"}), created("r-2", 9), created("r-3", 5)]
    await ingest.post(source, events)
    await ingest.post(source, b'{"no json')
    await ingest.send(source.hook, b"{}", {"webhook-id": "m"})
    await send("/v1/sources", {"name": "Own", "platform": "custom", "subject": "acme", "mapping": MAPPING})
    await send("/v1/sources", {"name": "Asked", "platform": "google-play", "subject": "acme"})
    review = next(each for each in await ingest.items("/v1/reviews") if each["external_id"] == "r-1")
    await send(f"/v1/reviews/{review['id']}/report", {"reason": "spam"})
    await send(f"/v1/reviews/{review['id']}/answer", {"text": "Sorry.", "via": "by_hand"})
    await send("/v1/replays", {"source_id": source.id})
    await send("/v1/sorting-rules/apply", None)
    await send("/v1/erasures", {"person": "native:c-9"})
    await send(
        f"/v1/imports?source_id={source.id}&map=id%3Did&map=rating%3Drating&map=published_at%3Dpublished_at", CSV
    )
    survey = {"name": "After it", "subject": "acme", "kind": "stars", "template": "shop", "language": "en"}
    await send("/v1/surveys", survey)


def routes_of(ingest: Ingest, method: str) -> list[str]:
    """The pages of the console that this service answers, those with fewer parameters first."""
    assert ingest.parts.app is not None
    found = [each.path for each in operations_of("ingest", ingest.parts.app) if each.method == method]
    ours = [path for path in found if path.startswith("/console") and answering(path) == "ingest"]
    return sorted(ours, key=lambda path: path.count("{"))


def route_of(path: str, routes: list[str]) -> str | None:
    """The route that answers a path."""
    return next((route for route in routes if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", route), path)), None)


def addresses(page: str, base: str, pattern: str) -> set[str]:
    """The addresses of this site that a page names, without their fragments."""
    found = (urljoin(base, unescape(each)).partition("#")[0] for each in re.findall(pattern, page))
    return {each for each in found if each.startswith("/")}


async def walk(ingest: Ingest, client: httpx.AsyncClient) -> dict[str, list[str]]:
    """Follow every link of every page; route → the paths that it was reached by."""
    pages, forms = routes_of(ingest, "GET"), routes_of(ingest, "POST")
    waiting = [entry.path for entry in CONSOLE if answering(entry.path) == "ingest"]
    assert waiting
    seen, reached = set(waiting), dict[str, list[str]]()
    while waiting:
        address = waiting.pop(0)
        path = urlsplit(address).path
        route = route_of(path, pages)
        assert route is not None, f"a link leads to {address}, which is no page"
        answer = await client.get(address)
        assert answer.status_code == 200, (address, answer.text)
        assert "<script" not in without_zone(answer.text)
        assert 'href=""' not in answer.text, f"{address} has a link to itself"
        reached.setdefault(route, []).append(address)
        for action in addresses(answer.text, address, r'<form[^>]*method="post"[^>]*action="([^"]*)"'):
            is_ours = answering(urlsplit(action).path) == "ingest"
            assert not is_ours or route_of(urlsplit(action).path, forms), f"{address} has a form to {action}"
        for link in addresses(answer.text, address, r'<a[^>]*href="([^"]*)"'):
            assert answering(urlsplit(link).path) is not None, f"{address} leads to {link}, which nobody answers"
            is_page = link.startswith("/console") and answering(urlsplit(link).path) == "ingest"
            if is_page and link not in seen:
                seen.add(link)
                waiting.append(link)
    assert len(seen) < MAX_PAGES, "the walk must end"
    return reached


async def signed_in(ingest: Ingest) -> httpx.AsyncClient:
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key()}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers["accept"] = "text/html"
    return ingest.client


async def test_every_page_is_reached_by_links_and_no_link_or_form_is_dead(ingest: Ingest, source: Source):
    await fill(ingest, source)
    reached = await walk(ingest, await signed_in(ingest))
    assert [route for route in routes_of(ingest, "GET") if route not in reached] == []


async def test_a_console_with_nothing_in_it_has_no_dead_link_either(ingest: Ingest):
    reached = await walk(ingest, await signed_in(ingest))
    assert [each.path for each in CONSOLE if answering(each.path) == "ingest" and each.path not in reached] == []


@needs_browser
async def test_every_page_is_usable_by_everybody(ingest: Ingest, source: Source, tmp_path: Path):
    await fill(ingest, source)
    reached = await walk(ingest, await signed_in(ingest))
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path="/console/sources") as page:
        await page.get_by_label("API key").fill(await ingest.key())
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sources")
        site = page.url.partition("/console")[0]
        faults = {}
        for route, [address, *_] in reached.items():
            await page.goto(site + address)
            faults[route] = await faults_of(page)
        assert {route: found for route, found in faults.items() if found} == {}
