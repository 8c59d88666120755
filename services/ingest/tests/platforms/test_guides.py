"""The guides of platforms: every `doc.md` becomes a part of a page, and nothing of it is markup that it was not."""

import re
from html import unescape

import pytest

from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.guides import guide_of, rendered
from plaudit.ingest.sources.pages.shared import GUIDES


@pytest.mark.parametrize("platform", ADAPTERS)
def test_every_platform_has_a_guide_that_becomes_html(platform: str):
    guide = guide_of(platform)
    assert guide is not None
    assert "<h2>Connect</h2>" in guide
    assert "<h1>" not in guide
    assert " style=" not in guide
    assert "```" not in guide
    assert "<th>" not in guide, "each head of a column says that it is one"
    words = unescape(re.sub(r"<code>.*?</code>|<[^>]+>", "", guide, flags=re.DOTALL))
    assert not re.search(r"^(#+ |\|)|\]\(", words, re.MULTILINE), "something was not read as Markdown"


@pytest.mark.parametrize("platform", ADAPTERS)
def test_each_link_of_a_guide_leads_to_a_page_that_there_is_or_out_without_a_trace(platform: str):
    for attributes in re.findall(r"<a ([^>]*)>", str(guide_of(platform))):
        known = re.fullmatch(rf'href="{GUIDES}/([a-z0-9-]+)"', attributes)
        out = re.fullmatch(r'href="https?://[^"]+" rel="noopener noreferrer"', attributes)
        assert out or (known and known[1] in ADAPTERS), attributes


@pytest.mark.parametrize("name", ["nowhere", "..", "proofs", "custom/../native", "", "native/doc.md", "fixtures"])
def test_what_is_no_platform_has_no_guide(name: str):
    assert guide_of(name) is None


def test_html_in_a_guide_is_shown_as_text():
    guide = rendered('# T\n\n<script>alert(1)</script> <b onclick="x">b</b> ![p](https://x.example/p.png)\n')
    assert "<script" not in guide
    assert "<b " not in guide
    assert "<img" not in guide
    assert "&lt;script&gt;" in guide


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "../../x.md", "//evil.example", "data:text/html,x", "/console"]
)
def test_a_link_to_what_the_console_does_not_show_is_plain_words(href: str):
    assert "<a" not in rendered(f"See [the page]({href}).")


def test_headings_begin_at_the_level_that_the_page_asks_for():
    assert "<h3>Connect</h3>" in str(guide_of("trustpilot", 3))
