"""The language of a page: the one that the visitor chose, else the best of the browser's, else English.

A room's template says `{{ _("…") }}`; `catalogue/de.toml` has the same texts in German. For one more language, add its
catalogue, and its plural forms to `plaudit.common.pages.languages`.
"""

from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from plaudit.common.http.headers import preferred_language
from plaudit.common.pages.languages import Language, read_languages

ENGLISH: Final = Language(code="en", name="English")
LANGUAGES: Final = read_languages("plaudit.feedback_board.languages.pages", ENGLISH)
COOKIE: Final = "plaudit_language"
"""Set when a visitor chooses a language, and at no other time."""
COOKIE_MAX_AGE_SECONDS: Final = 400 * 86_400


async def language_of(request: Request, language: Annotated[str, Query(max_length=20)] = "") -> Language:
    """Return the language of a page; one that there is no catalogue of counts for nothing."""
    chosen = language if language in LANGUAGES else request.cookies.get(COOKIE, "")
    request.state.chose_language = language in LANGUAGES
    accepted = preferred_language(request.headers.get("accept-language", ""), tuple(LANGUAGES))
    return LANGUAGES.get(chosen) or LANGUAGES[accepted]


Reading = Annotated[Language, Depends(language_of)]
"""A parameter of a page: the language to write it in."""


def remember_language(request: Request, response: Response, language: Language, *, secure: bool) -> None:
    """Give the browser a cookie with the language, where the visitor has just chosen it."""
    if getattr(request.state, "chose_language", False):
        response.set_cookie(
            COOKIE,
            language.code,
            max_age=COOKIE_MAX_AGE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=secure,
            path="/",
        )
