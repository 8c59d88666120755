"""Where a browser replaces all colours by those of its user, what a colour said is still to be seen."""

from pathlib import Path

from plaudit.common.pages.render import Pages
from plaudit.common.pages.static import SHARED
from plaudit_testing.browser import browser, needs_browser

SHOWN = """{% import "parts.html" as part %}
{% for number in (1, 5) %}<p>{{ part.stars(number) }}</p>{% endfor %}
{% for share in (0, 0.5, 1) %}{{ part.meter(share) }}{% endfor %}"""


@needs_browser
async def test_stars_and_meters_show_how_much_without_our_colours(tmp_path: Path) -> None:
    template = Pages()._environment.from_string(SHOWN)
    async with browser(tmp_path, with_scripts=True) as page:
        await page.emulate_media(forced_colors="active")
        await page.set_content(template.render())
        await page.add_style_tag(content=SHARED.content["plaudit.css"].decode())
        assert await page.locator(".stars s").evaluate("e => getComputedStyle(e).visibility") == "hidden"
        drawn = await page.locator(".meter rect").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
        assert min(drawn) >= 4, "between the borders, what is full differs from what is empty"
