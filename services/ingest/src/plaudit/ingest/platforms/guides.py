"""The guide of each platform, its `doc.md`, as a part of a page: what to click there, what is read, and its limits."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from posixpath import normpath
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

GUIDES: Final = "/console/sources/platforms"
"""Where the console shows them, each under the name of its platform."""
_FIRST_LEVEL: Final = 2
"""Of the sections of a guide as they are written: the page has its title for a heading."""

_CACHED_GUIDES: Final = 128
"""Two of each platform, for both levels that pages ask for, and room for names that are none."""


@lru_cache(_CACHED_GUIDES)
def guide_of(platform: str, level: int = _FIRST_LEVEL) -> Markup | None:
    """Return the guide of a platform as HTML, without its title; None where there is none.

    Args:
        platform: its name, as sources have it.
        level: of the headings of its sections.
    """
    folder = platform.replace("-", "_")
    text = files(__package__).joinpath(folder, "doc.md")
    if not folder.isidentifier() or not text.is_file():
        return None
    return rendered(text.read_text("utf-8"), level)


def rendered(text: str, level: int = _FIRST_LEVEL) -> Markup:
    """Return a guide as HTML, without its title. HTML in it is shown as the text that it is.

    A link to another platform's guide leads to that one's page, any other link within the repository to nothing: the
    console does not show what it leads to.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = _without_title(reader.parse(text))
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + level - _FIRST_LEVEL, 6)}"
        elif token.type == "th_open":
            token.attrs = {"scope": "col"}
        elif token.type == "fence":
            token.type = "code_block"
            token.attrs = {"tabindex": "0", "role": "group", "aria-label": "Example"}
        elif token.children:
            token.children = _with_links(token.children)
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - markdown-it escapes all of it


def _without_title(tokens: Sequence[Token]) -> list[Token]:
    """Return what follows the heading of the first level, which is the platform's name."""
    has_title = bool(tokens) and tokens[0].type == "heading_open" and tokens[0].tag == "h1"
    return list(tokens[3:] if has_title else tokens)


def _with_links(tokens: Sequence[Token]) -> list[Token]:
    kept: list[Token] = []
    is_open = True
    for token in tokens:
        if token.type == "link_open":
            attributes = _link(str(token.attrs.get("href", "")))
            is_open = attributes is not None
            token.attrs = attributes or {}
        if is_open or token.type not in {"link_open", "link_close"}:
            kept.append(token)
    return kept


def _link(href: str) -> dict[str, str | int | float] | None:
    """Return the attributes of a link of a guide; None for one that leads nowhere."""
    if href.startswith(("https://", "http://")):
        return {"href": href, "rel": "noopener noreferrer"}
    match normpath(href).split("/"):
        case ["..", platform, "doc.md"]:
            return {"href": f"{GUIDES}/{platform.replace('_', '-')}"}
    return None
