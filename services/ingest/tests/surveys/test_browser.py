"""The pages of surveys in a real browser, on wide and narrow screens, by mouse and by keyboard, without scripts."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from plaudit_testing.accessibility import faults_of, first_focused
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.running_ingest import Ingest

pytestmark = [pytest.mark.postgres, needs_browser]


async def is_readable(page: Page) -> None:
    assert await faults_of(page) == []
    for width in (1280, 768, 375, 320):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


@pytest.mark.parametrize(
    ("kind", "language", "value", "name", "button", "thanks"),
    [
        ("stars", "en", "4", "4 ★ 4 stars", "Send", "Thank you"),
        ("nps", "de", "0", "0 von 10, sehr unwahrscheinlich", "Absenden", "Vielen Dank"),
        ("csat", "de", "5", "5 sehr zufrieden", "Absenden", "Vielen Dank"),
        ("ces", "en", "7", "7 of 7, very easy", "Send", "Thank you"),
    ],
)
async def test_a_customer_responds_by_mouse_on_every_screen(
    asking: Any,
    ingest: Ingest,
    tmp_path: Path,
    kind: str,
    language: str,
    value: str,
    name: str,
    button: str,
    thanks: str,
):
    asking.survey = await asking.make(kind=kind, language=language, template="hospitality", brand="Hotel Anker")
    link = await asking.link()
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path=f"{link}?r={value}") as page:
        await is_readable(page)
        await page.set_viewport_size({"width": 320, "height": 640})
        await page.goto(page.url.partition("?")[0])
        await page.get_by_role("button", name=button).click()
        assert await asking.reviews() == [], "a browser asks for a choice first"
        await page.get_by_role("radio", name=name, exact=True).check()
        await page.get_by_role("textbox").fill("Alles gut 🙂")
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("status")).to_contain_text(thanks)
        await is_readable(page)
        await page.reload()
        await expect(page.get_by_role("status")).to_contain_text(thanks)
        await page.go_back()
        await expect(page.get_by_role("status")).to_contain_text(thanks)
    [review] = await asking.reviews()
    assert (review["raw_rating"]["value"], review["text"]) == (float(value), "Alles gut 🙂")


async def test_a_customer_responds_by_keyboard_alone(asking: Any, ingest: Ingest, tmp_path: Path):
    link = await asking.link()
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path=f"{link}?r=2") as page:
        assert await first_focused(page) == "Skip to the question"
        await page.keyboard.press("Tab")
        chosen = page.get_by_role("radio", checked=True)
        await expect(chosen).to_have_value("2")
        assert await chosen.evaluate("field => field.matches(':focus-visible')")
        outline = "field => getComputedStyle(field.nextElementSibling).outlineStyle"
        assert await chosen.evaluate(outline) == "solid", "the focus is seen"
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Tab")
        await page.keyboard.type("Fine.")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Thank you")
    [review] = await asking.reviews()
    assert (review["rating"], review["text"]) == (4, "Fine.")


async def test_what_no_link_leads_to_is_readable_too(asking: Any, ingest: Ingest, tmp_path: Path):
    link = await asking.link()
    await asking.age(link)
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path=link) as page:
        await expect(page.get_by_role("heading", level=1)).to_have_text("This survey has ended")
        await is_readable(page)
        await page.goto(page.url[:-1])
        await expect(page.get_by_role("heading", level=1)).to_have_text("This link leads nowhere")
        await is_readable(page)


async def test_staff_make_a_survey_preview_it_and_invite(asking: Any, ingest: Ingest, tmp_path: Path):
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path="/console/surveys") as page:
        await page.get_by_label("API key").fill(await ingest.key())
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Surveys")
        await is_readable(page)
        await page.get_by_role("link", name="Make a survey").click()
        await page.get_by_label("Industry").select_option("trades")
        await page.get_by_label("Asks for").select_option("nps")
        await page.get_by_label("Language").select_option("de")
        await page.get_by_role("button", name="Take these words").click()
        await page.get_by_label("Who asks").fill("Dachdeckerei Donaudampfschifffahrtsgesellschaftskapitänswitwe")
        await page.get_by_role("button", name="Preview").click()
        await expect(page.get_by_role("group", name="Preview")).to_contain_text("Dachdeckerei")
        await is_readable(page)
        await page.get_by_role("button", name="Make the survey").click()
        await expect(page.locator("#name-error")).to_be_visible()
        await is_readable(page)
        await page.get_by_label("Name").fill("Nach dem Auftrag")
        await page.get_by_label("What it is about").fill("acme/dach")
        await page.get_by_role("button", name="Make the survey").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Nach dem Auftrag")
        await page.get_by_label("E-mail address").fill("ada@example.com")
        await page.get_by_label("Order or visit").fill("Auftrag 17")
        await page.get_by_role("button", name="Make the link").click()
        address = await page.locator("code.secret").inner_text()
        await is_readable(page)
        survey = page.url.removesuffix("/invitations")
        path = address[address.index("/s/") :]
        assert (await asking.respond(path, rating="9", text="Sauber.")).status_code == 303
        await page.goto(survey)
        await expect(page.get_by_role("heading", name="Responses")).to_be_visible()
        await is_readable(page)
        await page.get_by_role("button", name="Close the survey").click()
        await expect(page.get_by_role("status")).to_contain_text("Nobody can respond any more.")
        await is_readable(page)
