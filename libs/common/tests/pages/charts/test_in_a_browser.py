"""Charts in a real browser: drawn without scripts, and with scripts walked along and zoomed, under our policy."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Page, expect

from plaudit.common.pages.static import NO_ASSETS, PageAssets
from plaudit_local.page_assets import fill
from plaudit_local.servers.jars import JarsUnavailableError
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.chart_gallery import gallery

pytestmark = needs_browser

MEETING = """() => {
  const room = text => text.getBoundingClientRect();
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;  // boxes of lines are higher than their letters
  return [...document.querySelectorAll(".chart .plot > svg")].flatMap(drawing => {
    const texts = [...drawing.querySelectorAll("text")].filter(text => text.getBoundingClientRect().width);
    return texts.flatMap((one, n) => texts.slice(n + 1).filter(other => meet(room(one), room(other)))
      .map(other => `${one.textContent} | ${other.textContent}`));
  });
}"""
OUTSIDE = """() => [...document.querySelectorAll(".chart .plot > svg text")].filter(text => {
  const [room, card] = [text, text.closest(".card")].map(each => each.getBoundingClientRect());
  return room.width && (room.left < card.left || room.right > card.right);
}).map(text => text.textContent)"""

ARE_PAINTED = """(chart, places) => {
  const canvas = chart.querySelector("canvas");
  const [whole, over] = [canvas, chart.querySelector(".u-over")].map(each => each.getBoundingClientRect());
  const ratio = canvas.width / whole.width;
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const stroke = getComputedStyle(chart.querySelector(".line")).stroke.match(/\\d+/g).map(Number);
  const isStroke = (x, y) => stroke.every((part, n) => data[4 * (y * canvas.width + x) + n] === part);
  return places.map(place => {
    const x = Math.round((over.left - whole.left + over.width * place) * ratio);
    return [...Array(canvas.height).keys()].some(y => isStroke(Math.max(x, 1), y));
  });
}"""
"""Whether something of the line stands at places from left to right, in parts of the width."""


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> PageAssets:
    folder = tmp_path_factory.mktemp("assets")
    try:
        fill(folder)
    except JarsUnavailableError as error:
        pytest.skip(str(error))
    return PageAssets(folder)


@pytest.fixture
async def page(tmp_path: Path, assets: PageAssets) -> AsyncIterator[Page]:
    """All charts with scripts; nothing may be complained about in the console, such as a breach of the policy."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    async with browsing(gallery(assets), tmp_path, path="/problems", with_scripts=True) as opened:
        opened.on("console", note)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        await opened.goto(opened.url.replace("/problems", "/charts"))
        yield opened
        assert complaints == []


async def test_without_scripts_the_drawing_and_the_table_are_there(tmp_path: Path, assets: PageAssets) -> None:
    async with browsing(gallery(assets), tmp_path, path="/charts") as page:
        chart = page.locator(".chart").first
        await expect(chart.get_by_role("img", name="The score of kite-coffee went")).to_be_visible()
        await expect(chart.locator("path.line").first).to_be_visible()
        await expect(page.locator(".uplot, .reading")).to_have_count(0)
        await chart.get_by_text("The figures as a table").click()
        await expect(chart.get_by_role("row").filter(has_text="14 March 2026")).to_contain_text("4.31")


async def test_words_do_not_meet_or_leave_their_card_and_everybody_can_use_the_page(
    tmp_path: Path, assets: PageAssets
) -> None:
    async with browsing(gallery(assets), tmp_path, path="/charts") as page:
        assert await faults_of(page) == []
        for width in (320, 375, 390, 600, 640, 700, 900, 1280):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate(MEETING) == [], width
            assert await page.evaluate(OUTSIDE) == [], width


async def test_without_the_library_nothing_is_loaded(tmp_path: Path) -> None:
    async with browsing(gallery(NO_ASSETS), tmp_path, path="/charts", with_scripts=True) as page:
        await expect(page.locator(".chart path.line").first).to_be_visible()
        await expect(page.locator("script, .uplot")).to_have_count(0)


async def test_what_is_under_the_pointer_is_shown(page: Page) -> None:
    chart = page.locator(".chart").first
    box = await chart.locator(".u-over").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 40 / 59, box["y"] + 50)
    await expect(chart.locator(".reading")).to_be_visible()
    await expect(chart.locator(".reading")).to_contain_text("14 March 2026")
    await expect(chart.locator(".reading")).to_contain_text("kite-coffee 4.31")
    await page.mouse.move(box["x"], box["y"] - 100)
    await expect(chart.locator(".reading")).to_be_hidden()


async def test_a_point_of_the_library_stands_on_the_line_that_was_drawn(page: Page) -> None:
    chart = page.locator(".chart").first
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        await chart.locator(".plot").focus()
        await page.keyboard.press("Home")
        drawn = await chart.locator(".plot > svg > svg.plane").evaluate(
            "e => { const r = e.getBoundingClientRect(); return [r.left, r.right]; }"
        )
        over = await chart.locator(".u-over").evaluate(
            "e => { const r = e.getBoundingClientRect(); return [r.left, r.right]; }"
        )
        point = await chart.locator(".u-cursor-pt").first.evaluate(
            "e => { const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; }"
        )
        line = await chart.locator("path.line:not(.expected)").evaluate(
            "e => { const p = e.getPointAtLength(0).matrixTransform(e.getScreenCTM()); return [p.x, p.y]; }"
        )
        assert over == pytest.approx(drawn, abs=1)
        assert point == pytest.approx(line, abs=1.5)


async def test_a_chart_begins_whole_even_where_the_present_is_beyond_its_points(page: Page) -> None:
    await expect(page.locator(".chart .uplot").first).to_be_attached()
    await expect(page.locator(".chart.zoomed")).to_have_count(0)
    await expect(page.get_by_role("button", name="Show all")).to_have_count(0)


async def test_a_value_without_a_neighbour_is_a_dot_in_a_closer_look_too(page: Page) -> None:
    chart = page.locator(".card").filter(has_text="some alone").locator(".chart")
    await chart.locator(".plot").focus()
    await page.keyboard.press("Home")
    await page.keyboard.press("+")
    await expect(chart).to_have_class(re.compile("zoomed"))
    shown_hours = 13 / 3  # half of the chart
    painted = await chart.evaluate(ARE_PAINTED, [hour / shown_hours for hour in (0, 1, 2, 3)])
    assert painted == [True, False, True, False]


async def test_arrow_keys_walk_along_the_points_and_what_is_there_is_read(page: Page) -> None:
    chart = page.locator(".chart").first
    heard = chart.locator("[aria-live=polite]")
    await chart.get_by_role("application", name="The score of kite-coffee went").focus()
    await page.keyboard.press("ArrowRight")
    await expect(heard).to_have_text(
        "14 March 2026: kite-coffee 4.31, 95 % interval, from 4.25, 95 % interval, to 4.37"
    )
    await page.keyboard.press("ArrowRight")
    await expect(heard).to_contain_text("21 March 2026 (projected): kite-coffee 4.29")
    await expect(chart.locator(".reading")).to_contain_text("21 March 2026 (projected)")
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowLeft")
    await expect(heard).to_contain_text("7 June 2025: kite-coffee 4.2")
    await page.keyboard.press("End")
    await expect(heard).to_contain_text("25 July 2026 (projected)")
    for _ in range(28):
        await page.keyboard.press("ArrowLeft")
    await expect(heard).to_contain_text("10 January 2026 Shipped: refunds")
    await page.keyboard.press("Tab")
    await expect(chart.locator(".reading")).to_be_hidden()


async def test_a_gap_is_read_as_one(page: Page) -> None:
    chart = page.locator(".chart").nth(3)
    await chart.locator(".plot").focus()
    await page.keyboard.press("Home")
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await expect(chart.locator("[aria-live=polite]")).to_have_text("14 March 2026, 05:00 UTC: no value")


async def test_a_drag_zooms_and_the_button_shows_all_again(page: Page) -> None:
    chart = page.locator(".chart").first
    box = await chart.locator(".u-over").bounding_box()
    assert box is not None
    await expect(chart.get_by_role("button", name="Show all")).to_be_hidden()
    await page.mouse.move(box["x"] + 200, box["y"] + 50)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 500, box["y"] + 50, steps=4)
    await page.mouse.up()
    await expect(chart.locator("canvas")).to_be_visible()
    await expect(chart.locator("path.line").first).to_be_hidden()
    await expect(chart.locator(".happened")).to_be_visible()
    await chart.get_by_role("button", name="Show all").click()
    await expect(chart.locator("path.line").first).to_be_visible()
    await expect(chart.locator("canvas")).to_be_hidden()


async def test_keys_zoom_around_the_point_and_follow_it_and_escape_shows_all(page: Page) -> None:
    chart = page.locator(".chart").first
    await chart.locator(".plot").focus()
    await page.keyboard.press("ArrowRight")
    for _ in range(3):
        await page.keyboard.press("+")
    await expect(chart.locator("canvas")).to_be_visible()
    await page.keyboard.press("Home")
    await expect(chart.locator(".reading")).to_contain_text("7 June 2025")
    await page.wait_for_function(
        "chart => Math.abs(chart.querySelector('.u-cursor-x').getBoundingClientRect().right"
        " - chart.querySelector('.u-over').getBoundingClientRect().left) <= 2",
        arg=await chart.element_handle(),
    )
    await page.keyboard.press("-")
    await page.keyboard.press("Escape")
    await expect(chart.locator("canvas")).to_be_hidden()
    await expect(chart.locator(".reading")).to_be_hidden()


async def test_a_chart_follows_the_width_of_the_page(page: Page) -> None:
    chart = page.locator(".chart").nth(2)
    for width in (1280, 375, 900):
        await page.set_viewport_size({"width": width, "height": 900})
        wanted = await chart.locator(".plane").evaluate("e => e.getBoundingClientRect().width")
        await page.wait_for_function(
            "([chart, wanted]) => Math.abs(chart.querySelector('.u-over').clientWidth - wanted) <= 1",
            arg=[await chart.element_handle(), wanted],
        )


async def test_without_our_colours_lines_are_seen(page: Page) -> None:
    await page.emulate_media(forced_colors="active", color_scheme="dark")
    stroke = "e => getComputedStyle(e).stroke"
    assert await page.locator(".chart path.line").first.evaluate(stroke) == "rgb(255, 255, 255)"


async def test_a_chart_that_is_replaced_can_be_walked_along_and_one_in_use_is_not_replaced(page: Page) -> None:
    replacing = """() => document.querySelector("figure.chart").parentElement
      .dispatchEvent(new CustomEvent("live-replace", {bubbles: true, cancelable: true}))"""
    drawn = await page.locator(".uplot").count()
    plot = page.locator("figure.chart .plot").first
    await plot.focus()
    assert not await page.evaluate(replacing)
    await plot.blur()
    assert await page.evaluate(replacing)
    await page.evaluate("""async () => {
      const read = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      const part = document.querySelector("figure.chart").parentElement;
      part.replaceChildren(...read.querySelector("figure.chart").parentElement.childNodes);
      part.dispatchEvent(new CustomEvent("live-replaced", {bubbles: true}));
    }""")
    await expect(page.locator(".uplot")).to_have_count(drawn)
    await plot.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator("figure.chart .reading").first).to_be_visible()
