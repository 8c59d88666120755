"""The frame of the public pages: what each of them needs, and the headers that it is sent with."""

from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from fastapi import Request
from starlette.responses import Response

from plaudit.common.pages import Pages
from plaudit.common.pages.languages import Language
from plaudit.common.pages.static import StaticFiles
from plaudit.common.settings import address_of
from plaudit.feedback_board.board.pages import wording
from plaudit.feedback_board.languages.pages import LANGUAGES, remember_language
from plaudit.feedback_board.languages.pages.words import Words
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.reach import REACH_WINDOW
from plaudit.feedback_board.requests.domain.status import DECIDED
from plaudit.feedback_board.requests.domain.text import NAME_MAX_CHARACTERS, TEXT_MAX_CHARACTERS, TITLE_MAX_CHARACTERS
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.visitors.pages import BoardResources, Visit, remember

STATIC: Final = StaticFiles.of_package("plaudit.feedback_board.board.pages", "/board-static")
PACKAGES: Final = tuple(
    f"plaudit.feedback_board.{room}"
    for room in ("board", "changelog", "comments", "accounts", "notifications", "similar")
)
"""Whose templates the pages are made of."""
site: Final = Pages(*PACKAGES)

Section = Literal["requests", "roadmap", "changelog", "me", ""]
_NOTHING: Final[dict[str, str]] = {}


def board_path(tenant_id: str) -> str:
    """Return the path of a board."""
    return f"/b/{tenant_id}"


def page(
    incoming: Request,
    visit: Visit,
    parts: BoardResources,
    language: Language,
    template: str,
    *,
    path: str = "",
    here: Section = "",
    description: str = "",
    feeds: dict[str, str] = _NOTHING,
    kept: dict[str, str] = _NOTHING,
    is_unlisted: bool = False,
    target: str = "",
    status_code: int = HTTPStatus.OK,
    **context: Any,
) -> Response:
    """Answer with a page of a board.

    Args:
        incoming: the request of HTTP that it answers; templates know a request of the board by that name.
        visit: who visits which board.
        parts: the resources of the process.
        language: to write it in.
        template: its name.
        path: of the page below that of the board, for its canonical address. A page that answers a form has that of the
            page with the form, which its links to other languages lead to.
        here: the section that it is in.
        description: what search engines and other sites show of it, in its language; else that of the board.
        feeds: title → path below that of the board, of feeds beside those of the board.
        kept: of the query of the page with the form, for these links.
        is_unlisted: whether search engines are asked to pass it over.
        target: where the links of a page for a frame open.
        status_code: of the answer.
        context: what else the template needs.
    """
    words = Words(language)
    base = board_path(visit.tenant_id)
    answer = site.response(
        template,
        status=int(status_code),
        board=visit,
        board_path=base,
        origin=address_of(parts.settings),
        path=quote(f"{base}{path}"),
        description=description or words.say("What people ask for, what we build, and why. Vote for what you need."),
        feeds={title: f"{base}{feed}" for title, feed in {**_feeds_of_board(words), **feeds}.items()},
        is_unlisted=is_unlisted,
        here=here,
        sections=[
            ("requests", words.say("Requests"), base),
            ("roadmap", words.say("Roadmap"), f"{base}/roadmap"),
            ("changelog", words.say("What we built"), f"{base}/changelog"),
            ("me", words.say("My feedback"), f"{base}/me"),
        ],
        language=language,
        languages=LANGUAGES,
        in_language=lambda code: _in_language(incoming, code, quote(f"{base}{path}"), kept),
        page_path=page_path,
        row_id=row_id,
        target=target,
        stylesheet=STATIC.url("board.css"),
        script=STATIC.url("board.js"),
        decided=DECIDED,
        title_max=TITLE_MAX_CHARACTERS,
        text_max=TEXT_MAX_CHARACTERS,
        name_max=NAME_MAX_CHARACTERS,
        window_days=REACH_WINDOW.days,
        **wording.helpers(language),
        **context,
    )
    # The page shows what the visitor has voted for, in the language of the browser.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Cookie, Accept-Language"
    remember(answer, parts, visit, visit.visitor)
    remember_language(incoming, answer, language, secure=parts.settings.public_url.startswith("https://"))
    return answer


def _feeds_of_board(words: Words) -> dict[str, str]:
    return {
        words.say("Feed of requests"): "/feeds/requests.atom",
        words.say("Feed of what we built"): "/feeds/changelog.atom",
    }


def row_id(request: domain.Request) -> str:
    """Return the fragment of a request's row in a list."""
    return f"request-{request.slug}"


def _in_language(request: Request, code: str, path: str, kept: dict[str, str]) -> str:
    """Return the address of this page in another language; of an answer to a form, that of the page with the form."""
    if request.method not in {"GET", "HEAD"}:
        return f"{path}?{urlencode({**kept, 'language': code})}"
    asked = [each for each in request.query_params.multi_items() if each[0] not in {"language", "notice"}]
    return f"?{urlencode([*asked, ('language', code)])}"
