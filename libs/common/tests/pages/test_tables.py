"""Tables of things: whole on paper, short on a phone, and tables all the same for who listens."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from plaudit.common.pages.static import SHARED
from plaudit_testing.browser import browser, needs_browser

pytestmark = needs_browser

SHEET_PIXELS = 718
"""Of A4 between margins of 10 mm."""
SHOWN = f"""<!doctype html><html lang="en"><head><style>{SHARED.content["plaudit.css"].decode()}</style></head><body>
<main class="card"><table class="stacked brief">
<thead><tr><th scope="col">Subject</th><th scope="col">Score</th><th scope="col">Reviews</th></tr></thead>
<tbody><tr><th scope="row">acme</th><td data-label="Score">4.26</td><td data-label="Reviews">1,204</td></tr>
<tr><th scope="row">acme/berlin</th><td data-label="Score">3.90</td><td data-label="Reviews">204</td></tr></tbody>
</table><details><summary>3 more</summary><p>folded</p></details></main></body></html>"""


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with browser(tmp_path, with_scripts=True) as opened:
        await opened.set_content(SHOWN)
        yield opened


async def tops(page: Page) -> list[float]:
    """How high the cells of the first row begin."""
    return await page.locator("tbody tr:first-child > *").evaluate_all(
        "all => all.map(each => Math.round(each.getBoundingClientRect().top))"
    )


async def test_on_paper_a_table_stays_one_and_the_ground_is_white(page: Page) -> None:
    await page.set_viewport_size({"width": SHEET_PIXELS, "height": 900})
    await page.emulate_media(media="print", color_scheme="dark")

    assert len(set(await tops(page))) == 1
    for element in ("html", "body"):
        ground = await page.locator(element).evaluate("each => getComputedStyle(each).backgroundColor")
        assert ground == "rgba(0, 0, 0, 0)"
    assert await page.locator("td").first.evaluate("each => getComputedStyle(each).color") == "rgb(27, 35, 32)"
    await expect(page.locator("details")).to_be_hidden()


async def test_on_paper_a_panel_with_a_form_alone_leaves_no_heading_and_one_with_facts_stays(page: Page) -> None:
    form = "<form><button>Do it</button></form>"
    panels = (
        f"<section class=panel><h2>State</h2>{form}</section><section class=panel><h2>Due</h2><dl></dl>{form}</section>"
    )
    await page.locator("body").evaluate("(body, panels) => body.insertAdjacentHTML('beforeend', panels)", panels)
    await page.emulate_media(media="print")
    await expect(page.get_by_role("heading", name="State")).to_be_hidden()
    await expect(page.get_by_role("heading", name="Due")).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
async def test_on_a_phone_cells_of_few_digits_stand_in_one_line_below_the_name(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 900})

    name, *cells = await tops(page)
    assert len(set(cells)) == 1
    assert cells[0] > name


@pytest.mark.parametrize("width", [1280, 390])
async def test_who_listens_hears_a_table_with_its_heads_on_every_screen(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 900})

    session = await page.context.new_cdp_session(page)
    heard = (await session.send("Accessibility.getFullAXTree"))["nodes"]
    roles = Counter(each["role"]["value"] for each in heard if not each["ignored"])
    names = {each["name"]["value"] for each in heard if each["role"]["value"] == "rowheader"}
    assert [roles[role] for role in ("table", "row", "columnheader", "cell")] == [1, 3, 3, 4]
    assert names == {"acme", "acme/berlin"}
