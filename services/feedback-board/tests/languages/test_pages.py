"""The public pages in several languages."""

import ast
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from jinja2 import Environment, nodes

from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.accounts.pages import signing_in
from plaudit.feedback_board.board.pages import budgets, wording
from plaudit.feedback_board.holds.domain import PersonBlockedError, TooFastError
from plaudit.feedback_board.languages.pages import LANGUAGES
from plaudit.feedback_board.requests.domain.errors import HasMergedRequestsError
from plaudit.feedback_board.requests.domain.visibility import TooLateError
from plaudit_testing.board_pages import BOARD, page_of, put_on_board

ROOMS = ("board", "changelog", "comments", "accounts", "notifications", "similar")
GERMAN = {"accept-language": "fr;q=0.9, de-AT;q=0.8, en;q=0.5"}


def _said(room: str) -> Iterator[str]:
    """The English texts in the templates of a room's public pages."""
    folder = files(f"plaudit.feedback_board.{room}").joinpath("templates")
    for file in folder.iterdir():
        if file.name.startswith(("console", "stop", "_deflection", "_duplicates")):
            continue
        tree = Environment(extensions=["jinja2.ext.i18n"]).parse(file.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            texts = [each.value for each in call.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
            name = call.node.name if isinstance(call.node, nodes.Name) else getattr(call.node, "attr", "")
            if name in {"_", "say", "count", "noun"} and texts:
                yield texts[0]


def _said_in_code() -> Iterator[str]:
    """The English texts that the modules of the pages say themselves."""
    folders = [Path(str(files(f"plaudit.feedback_board.{room}.pages"))) for room in ("board", "accounts")]
    for file in (file for folder in folders for file in folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "say":
                yield from (each.value for each in node.args if isinstance(each, ast.Constant))


CONSTANTS = [
    *(text for table in (wording.STATUS_WORDS, wording.ALL_OF, wording.NOTHING_IN) for text in table.values()),
    *(text for table in (wording.ORDER_WORDS, wording.IMPACT_WORDS, wording.NOTICES) for text in table.values()),
    *(wording.SIZED, wording.UNSIZED, wording.MADE, wording.MADE_BY_TEAM, wording.MERGED_HERE, wording.UNMERGED_HERE),
    *(wording.MADE_BY, wording.MERGED, wording.BLOCKED_UNTIL, wording.MERGED_MEANWHILE),
    *(budgets.OF_NETWORK, budgets.OF_PERSON, signing_in.NO_MAILS, signing_in.SIGN_IN_FIRST),
    *map(
        str, (LimitExceededError(1), TooFastError(), TooLateError(), PersonBlockedError(None), HasMergedRequestsError())
    ),
]


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_a_catalogue_has_every_text_of_the_public_pages(code: str) -> None:
    texts = LANGUAGES[code].texts
    said = [*CONSTANTS, *_said_in_code(), *(text for room in ROOMS for text in _said(room))]
    assert len(said) > 100
    assert [text for text in dict.fromkeys(said) if text not in texts] == []


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_a_catalogue_keeps_the_values_of_every_text(code: str) -> None:
    lost = [
        (english, said)
        for english, said in LANGUAGES[code].texts.items()
        for form in ([said] if isinstance(said, str) else said)
        if english.count("%(") != form.count("%(")
    ]
    assert lost == []


def test_every_catalogue_is_read() -> None:
    folder = Path(str(files("plaudit.feedback_board.languages.pages").joinpath("catalogue")))
    assert {file.stem for file in folder.glob("*.toml")} | {"en"} == LANGUAGES.keys()


@pytest.mark.postgres
async def test_a_page_is_in_the_language_that_the_browser_likes_best(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode", "planned", votes=2, size=(2, 1.5))
    visitor = clients.visitor()
    for address in (BOARD, path, f"{BOARD}/roadmap", f"{BOARD}/changelog", f"{BOARD}/status/planned"):
        page = page_of(await visitor.get(address, headers=GERMAN))
        assert page.one("html").attributes["lang"] == "de", address
        assert page_of(await visitor.get(address)).one("html").attributes["lang"] == "en"
    text = page_of(await visitor.get(path, headers=GERMAN)).text
    assert "2 Stimmen" in text
    assert "Aufwand, Personenwochen 1,5" in text
    assert "Bemessen: Wirkung 2 (hoch), Aufwand 1,5 Personenwochen." in text


@pytest.mark.postgres
async def test_one_is_singular_in_every_language(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode", votes=1)
    for headers, words in (({}, "1 vote"), (GERMAN, "1 Stimme")):
        assert page_of(await clients.visitor().get(path, headers=headers)).one("p", class_="tally").text == words


@pytest.mark.postgres
async def test_a_chosen_language_stays_and_an_unknown_one_counts_for_nothing(clients) -> None:
    visitor = clients.visitor()
    assert page_of(await visitor.get(f"{BOARD}?language=xx")).one("html").attributes["lang"] == "en"
    assert dict(visitor.cookies) == {}
    link = page_of(await visitor.get(BOARD)).one("a", hreflang="de")
    chosen = await visitor.get(BOARD + link.attributes["href"])
    assert page_of(chosen).one("html").attributes["lang"] == "de"
    assert page_of(await visitor.get(f"{BOARD}/roadmap")).one("html").attributes["lang"] == "de"
