"""The page of every mail in a real browser: it fits, and has its heading, its words and its button."""

from pathlib import Path

import pytest
from markupsafe import Markup

from plaudit.common.mail import look
from plaudit_testing.browser import browser, needs_browser

HOSTILE = "<script>alert(1)</script>"


def test_what_people_wrote_is_text_in_each_part():
    parts = (look.heading(HOSTILE), look.paragraph(HOSTILE), look.button(f'https://x.example/"{HOSTILE}', HOSTILE))
    made = look.page(Markup("").join(parts), language='"><script>')
    assert "<script" not in made


@needs_browser
@pytest.mark.parametrize("width", [600, 320])
async def test_a_word_without_end_does_not_make_the_mail_wider_than_the_screen(tmp_path: Path, width: int):
    words = Markup("<li>{}</li>").format("W" + "o" * 400)
    made = look.page(look.heading("Late") + words + look.paragraph("o" * 400) + look.button("https://x", "Open"))
    async with browser(tmp_path, with_scripts=True) as page:
        await page.set_viewport_size({"width": width, "height": 700})
        await page.set_content(made)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.get_by_role("link", name="Open").is_visible()
