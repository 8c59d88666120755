"""The console's pages in a real browser, on wide and narrow screens, by mouse and by keyboard, without scripts."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from plaudit.alerting.desk.pages.shared import KEYS
from plaudit.alerting.main import build
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.pages.static import SHARED
from plaudit.common.tenants import commands as tenants
from plaudit_testing.accessibility import faults_of, first_focused
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.clocks import answered, at, review

pytestmark = [pytest.mark.postgres, needs_browser]
LONG = "A very long title about the deposit that nobody gave back for nineteen days"


async def key_of_default(stage):
    async with stage.common.transaction() as tx:
        await tenants.create(tx, "default", "Kite Coffee")
        return await api_keys.create(tx, "default", "page", ["*"])


@pytest.fixture
async def page(stage, tmp_path) -> AsyncIterator[Page]:
    """The console, signed in: two clocks are late, two are due, and one answer came in time."""
    for number, subject in enumerate(("acme/berlin", "northlight-bikes/rotterdam/central-station")):
        await stage.happens(None, review(title=LONG, subject=subject), at(0), review_id=f"late {number}")
    done = review(title="Done")
    await stage.happens(None, done, at(20), review_id="done")
    await stage.happens(done, answered(done, at(20)), at(20), review_id="done")
    soon = review(title="אף אחד לא ענה לי", published_at=at(11.5), received_at=at(11.5), rating=2.0)
    await stage.happens(None, soon, at(11.5), review_id="soon")
    await stage.move_to(at(33.5))
    await stage.happens(None, review(published_at=at(33), received_at=at(33)), at(33), review_id="next")
    await stage.fires()
    async with browsing(build(stage.resources).app, tmp_path) as opened:
        await opened.get_by_label("API key").fill(await key_of_default(stage))
        await opened.get_by_role("button", name="Sign in").click()
        await expect(opened.get_by_role("heading", level=1)).to_have_text("Overview")
        yield opened


async def test_every_page_of_the_console_is_usable_by_everybody(page: Page):
    assert await faults_of(page) == []
    assert await first_focused(page) == "Skip to the content"
    await page.get_by_role("navigation", name="Console").get_by_role("link", name="Desk").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Desk")
    assert await faults_of(page) == []
    await page.get_by_role("link", name=LONG).last.click()
    await expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    assert await faults_of(page) == []
    await page.goto(page.url.partition("/console")[0] + "/console/desk/none")
    assert await faults_of(page) == []


async def test_no_duration_wraps(page: Page):
    for width in (320, 375, 1280):
        await page.set_viewport_size({"width": width, "height": 900})
        durations = page.locator(".lead-figure")
        assert await durations.count() == 6
        assert (
            await durations.evaluate_all(
                "figures => figures.map(figure => { const range = document.createRange(); "
                "range.selectNodeContents(figure.firstChild); return range.getClientRects().length; })"
            )
            == [1] * 6
        )


async def test_on_a_phone_the_list_and_the_clock_are_each_a_page_of_their_own(page: Page):
    await page.set_viewport_size({"width": 375, "height": 900})
    await page.get_by_role("link", name="Open the desk").click()
    await expect(page.locator(".selection")).to_be_hidden()
    await page.get_by_role("link", name=LONG).first.click()
    await expect(page.locator(".selection")).to_be_visible()
    await expect(page.locator("#due")).to_be_hidden()
    await page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Desk").click()
    await expect(page.locator("#due")).to_be_visible()


async def test_signing_out_by_keyboard_leads_to_the_form(page: Page):
    await page.get_by_role("button", name="Sign out").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert await faults_of(page) == []


@pytest.fixture
async def desk(stage, first_answers_only, tmp_path) -> AsyncIterator[Page]:
    """The desk with scripts, signed in: two clocks are late."""
    for number, title in enumerate(("First", "Second")):
        moment = at(number)
        await stage.happens(
            None, review(title=title, published_at=moment, received_at=moment), moment, review_id=f"late-{number}"
        )
    await stage.move_to(at(26))
    await stage.fires()
    async with browsing(build(stage.resources).app, tmp_path, with_scripts=True) as opened:
        await opened.get_by_label("API key").fill(await key_of_default(stage))
        await opened.get_by_role("button", name="Sign in").click()
        await opened.get_by_role("link", name="Open the desk").click()
        await expect(opened.get_by_role("heading", level=1)).to_have_text("Desk")
        yield opened


def chosen(page: Page):
    return page.locator("#selection h2")


async def test_keys_move_along_the_list_and_press_what_they_name(desk: Page):
    await expect(chosen(desk)).to_contain_text("First")
    await desk.keyboard.press("j")
    await expect(chosen(desk)).to_contain_text("Second")
    await expect(desk.get_by_role("link", name="Second")).to_be_focused()
    await desk.keyboard.press("k")
    await expect(chosen(desk)).to_contain_text("First")
    await desk.keyboard.press("a")
    await expect(desk.get_by_label("To", exact=True)).to_be_focused()
    await desk.get_by_label("To", exact=True).evaluate("field => field.blur()")
    await desk.keyboard.press("s")
    await expect(desk.get_by_label("What", exact=True)).to_be_focused()
    assert await faults_of(desk) == []


async def test_a_key_acknowledges_and_another_opens_the_review(desk: Page):
    await desk.keyboard.press("e")
    await expect(desk.get_by_role("status")).to_contain_text("The alert is acknowledged")
    await desk.keyboard.press("r")
    await desk.wait_for_url("**/console/answers/late-0#selected")


async def test_a_key_without_a_button_says_so_to_everybody(desk: Page):
    await desk.keyboard.press("e")
    await expect(desk.get_by_role("status")).to_contain_text("The alert is acknowledged")
    await desk.keyboard.press("e")
    told = desk.get_by_text("This clock has no button for that key.")
    box = await told.bounding_box()
    assert box is not None
    assert box["width"] > 100, "it is there for eyes, too"
    assert await faults_of(desk) == []


async def test_a_key_that_has_nothing_to_press_says_why_to_who_sees_and_who_hears(desk: Page, stage):
    await desk.set_viewport_size({"width": 390, "height": 844})
    soon = review(title="Third", published_at=at(25), received_at=at(25))
    await stage.happens(None, soon, at(25), review_id="soon")
    await desk.goto(f"{desk.url}?show=next")
    await desk.get_by_role("link", name="Third").click()
    await expect(desk.get_by_role("heading", name="Third")).to_be_visible()
    await desk.wait_for_load_state()
    for key in ("a", "e"):
        await desk.keyboard.press(key)
        words = desk.locator("[aria-live=polite].said")
        await expect(words).to_have_text("Nobody is called for it: there is no alert to acknowledge or to assign.")
        await expect(words).to_be_in_viewport(ratio=1)
        assert await faults_of(desk) == []
    await desk.keyboard.press("s")
    await expect(words).to_have_text("")


async def test_the_dialog_names_the_keys_and_turns_them_off(desk: Page):
    await desk.keyboard.press("?")
    dialog = desk.get_by_role("dialog", name="Keys")
    await expect(dialog).to_contain_text("acknowledge the alert")
    assert await faults_of(desk) == []
    await dialog.get_by_role("button", name="Turn keys off").click()
    await desk.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await desk.keyboard.press("j")
    await desk.get_by_role("link", name="keys", exact=True).click()
    await expect(dialog).to_be_visible()
    await expect(chosen(desk)).to_contain_text("First")


async def test_the_list_follows_what_happens(desk: Page, stage):
    await expect(desk.get_by_text("live ·")).to_be_visible()
    await stage.happens(None, review(title="Third", published_at=at(2), received_at=at(2)), at(26), review_id="late-2")
    await expect(desk.get_by_role("link", name="Third")).to_be_visible()


async def test_without_scripts_every_button_is_a_form(page: Page):
    await page.get_by_role("link", name="Open the desk").click()
    await page.get_by_role("link", name=LONG).first.click()
    await page.locator("summary", has_text="Silence").first.click()
    await page.get_by_label("Why", exact=True).first.fill("We know.")
    await page.get_by_role("button", name="Silence it").click()
    await expect(page.get_by_role("status")).to_contain_text("Nothing is told of it for 4 hours.")
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_role("status")).to_contain_text("The alert is acknowledged")
    assert await faults_of(page) == []


async def test_the_first_page_after_a_sign_in_is_in_the_zone_of_the_browser(stage, first_answers_only, tmp_path):
    await stage.happens(None, review(), at(0))
    async with browsing(build(stage.resources).app, tmp_path, with_scripts=True) as opened:
        devtools = await opened.context.new_cdp_session(opened)
        await devtools.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
        await opened.reload()
        await opened.get_by_label("API key").fill(await key_of_default(stage))
        await opened.get_by_role("button", name="Sign in").click()
        await expect(opened.locator(".as-of")).to_contain_text("JST")
        # Whoever comes from a provider of identities has not seen a page of ours before.
        await opened.context.clear_cookies(name="plaudit_zone")
        await opened.goto(opened.url)
        await expect(opened.locator(".as-of")).to_contain_text("JST")
        await opened.get_by_role("link", name="Open the desk").click()
        await expect(opened.locator("#selection")).to_contain_text("3 March 2026, 18:00 JST")


async def test_every_key_that_does_something_is_named_on_the_page_and_no_other():
    script = SHARED.content["desk.js"].decode()
    [listed] = re.findall(r"const KEYS = new Set\(\[(.*?)\]\)", script)
    pressed = {*re.findall(r'"(\w)"', listed), *re.findall(r'event\.key === "(.)"', script)}
    assert pressed == set(KEYS)


async def test_a_key_opens_the_review_where_it_was_written(desk: Page):
    link = desk.locator('[data-key="o"]')
    await link.evaluate(
        "link => link.addEventListener('click', event => { event.preventDefault(); document.title = 'pressed'; })"
    )
    await desk.keyboard.press("o")
    await expect(desk).to_have_title("pressed")
