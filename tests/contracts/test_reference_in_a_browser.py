"""The reference in a browser: with Swagger UI under our policy, a call with a key, and without scripts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Page, expect

from plaudit.common.http.openapi import operations
from plaudit_local.page_assets import fill
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.databases import migrated
from plaudit_testing.running_ingest import running_ingest
from plaudit_testing.servers import PostgresServer

pytestmark = [pytest.mark.postgres, needs_browser]

REFERENCE = json.loads((Path(__file__).parents[2] / "docs" / "contracts" / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS = dict(operations(REFERENCE))
SCROLL_AND_LET_IT_RENDER = """top => new Promise(done => {
    window.scrollTo({ top, behavior: "instant" });
    requestAnimationFrame(() => requestAnimationFrame(done));
})"""
OPERATIONS_OF_OTHERS = ("GET /v1/scores", "GET /v1/clocks", "GET /v1/requests")


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real Swagger UI and the committed reference."""
    folder = tmp_path_factory.mktemp("assets")
    fill(folder)
    return folder


@pytest.fixture
def ingest_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the schemas `common` and `ingest`."""
    template = postgres_server.template("ingest", lambda dsn: migrated(dsn, "ingest"))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


async def operations_seen(page: Page) -> list[str]:
    """Return every operation that Swagger UI shows on the way down the page, as "GET /v1/scores", sorted.

    Of a long reference Swagger UI renders only what is in view, so that the page is read one screen at a time.
    """
    seen = set[str]()
    height = await page.evaluate("window.innerHeight")
    top = 0
    while top <= await page.evaluate("document.documentElement.scrollHeight"):
        await page.evaluate(SCROLL_AND_LET_IT_RENDER, top)
        seen.update(
            await page.locator(".opblock .opblock-summary").evaluate_all(
                """summaries => summaries.map(summary =>
                    summary.querySelector(".opblock-summary-method").textContent.trim() + " "
                    + summary.querySelector(".opblock-summary-path").dataset.path)"""
            )
        )
        top += height // 2
    await page.evaluate(SCROLL_AND_LET_IT_RENDER, 0)
    return sorted(seen)


async def test_an_operation_is_called_with_a_key_that_is_typed_in(
    ingest_url: str, assets: Path, tmp_path: Path
) -> None:
    async with running_ingest(ingest_url, page_assets=assets) as ingest:
        key = await ingest.key("default", "sources:read")
        assert ingest.parts.app is not None
        async with browsing(ingest.parts.app, tmp_path, path="/problems", with_scripts=True) as page:
            complaints: list[str] = []

            def note(message: ConsoleMessage) -> None:
                if message.type == "error":
                    complaints.append(message.text)

            page.on("console", note)
            await page.goto(page.url.replace("/problems", "/docs"))
            for scheme, look in (("dark", "dark-mode"), ("light", "")):
                await page.emulate_media(color_scheme=scheme)
                await expect(page.locator("html")).to_have_class(look)
            await expect(page.locator(".opblock").first).to_be_visible()
            assert await operations_seen(page) == sorted(OPERATIONS)
            await expect(page.locator("#plain-reference")).to_be_hidden()
            await page.get_by_role("button", name="Authorize", exact=True).first.click()
            await page.get_by_label("auth-bearer-value").fill(key)
            await page.get_by_role("button", name="Apply credentials").click()
            await page.get_by_role("button", name="Close").last.click()
            operation = page.locator("#operations-sources-list_sources")
            await operation.locator(".opblock-summary-control").click()
            await operation.get_by_role("button", name="Try it out").click()
            await operation.get_by_role("button", name="Execute").click()
            answer = operation.locator(".live-responses-table")
            await expect(answer.locator(".response-col_status").last).to_contain_text("200")
            await expect(answer).to_contain_text('"items"')
            assert complaints == []


async def test_without_scripts_the_page_shows_the_operations_of_all_services(
    ingest_url: str, assets: Path, tmp_path: Path
) -> None:
    async with running_ingest(ingest_url, page_assets=assets) as ingest:
        assert ingest.parts.app is not None
        async with browsing(ingest.parts.app, tmp_path, path="/docs") as page:
            for operation in OPERATIONS_OF_OTHERS:
                await expect(page.get_by_role("link", name=operation, exact=True)).to_be_visible()
            await expect(page.locator("#swagger-ui")).to_be_hidden()
