"""The console's page that checks a draft: a form, and what was found beside the marked text."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from plaudit.alerting.answers import commands, store
from plaudit.alerting.answers.domain.check import Draft, Finding, Kind, Review, Span
from plaudit.alerting.answers.domain.kept_answer import MAX_ANSWER_CHARS, MAX_REVIEW_CHARS, individuality
from plaudit.alerting.answers.domain.wording import LANGUAGES
from plaudit.alerting.answers.schemas import MAX_SHOWN_NAME_CHARS
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx
from plaudit.common.http.limits import form_bytes
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, staff

CHECK: Final = "/console/answers/check"
MAX_FORM_FIELDS: Final = 20
BODY_LIMITS: Final = {CHECK: form_bytes(4 * (MAX_ANSWER_CHARS + MAX_REVIEW_CHARS))}
"""Of an answer and a review in letters of four bytes."""
LANGUAGE_NAMES: Final[Mapping[str, str]] = {
    "en": "English", "de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch",
    "": "another language",
}  # fmt: skip
RATINGS: Final[Mapping[str, str]] = {
    "": "not said", "1": "1 star", "2": "2 stars", "3": "3 stars", "4": "4 stars", "5": "5 stars"
}  # fmt: skip
LABELS: Final[Mapping[str, str]] = {
    "text": "Your answer",
    "language": "Written in",
    "review": "What the review says",
    "rating": "Its rating",
    "author": "Who wrote it",
    "product": "What it is about",
}
TITLES: Final[Mapping[Kind, str]] = {
    Kind.SAME_TEXT: "The same text again",
    Kind.NEAR_COPY: "Near an earlier answer",
    Kind.ONLY_GREETING_DIFFERS: "Only greeting or sign-off is new",
    Kind.NOTHING_OF_THE_REVIEW: "Nothing of this review",
    Kind.NO_APOLOGY: "No apology",
    Kind.NO_QUESTION_OR_OFFER: "No question, no offer",
    Kind.HARD_TO_READ: "Hard to read",
    Kind.COUNTER_ATTACK: "Counter-attack",
}
UNKNOWN_LANGUAGE: Final = "und"
"""The tag of a language that nobody named (RFC 5646)."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.answers")
Reader = Annotated[Principal, Depends(staff("reviews:read"))]


@router.get(CHECK)
async def show_form(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show the form of a draft, and how individual the last answers are."""
    return await _page(request, principal, tx, Typed({"language": "en"}))


@router.post(CHECK)
async def check(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show what was found in a draft beside the marked text; nothing of it is kept."""
    typed = read_form(await request.form(max_files=0, max_fields=MAX_FORM_FIELDS))
    if typed.errors:
        return await _page(request, principal, tx, typed)
    draft = draft_of(typed.values)
    report = await commands.check_draft(tx, principal.tenant_id, draft)
    return await _page(
        request,
        principal,
        tx,
        typed,
        report=report,
        marked=list(marked(draft.text, report.findings)),
        titles=TITLES,
    )


def read_form(form: FormData) -> Typed:
    """Return what a form holds, and what is wrong with it."""
    values = {name: _lines(form.get(name, "")) for name in LABELS}
    errors: dict[str, str] = {}
    if not 0 < len(values["text"]) <= MAX_ANSWER_CHARS:
        errors["text"] = f"Write an answer of 1 to {MAX_ANSWER_CHARS:,} characters."
    if len(values["review"]) > MAX_REVIEW_CHARS:
        errors["review"] = f"Give at most {MAX_REVIEW_CHARS:,} characters."
    if values["language"] not in LANGUAGE_NAMES:
        errors["language"] = "Choose a language of the list."
    if values["rating"] not in RATINGS:
        errors["rating"] = "Choose a rating of the list."
    for name in ("author", "product"):
        if len(values[name]) > MAX_SHOWN_NAME_CHARS:
            errors[name] = f"Give at most {MAX_SHOWN_NAME_CHARS} characters."
    return Typed(values, errors)


def draft_of(values: Mapping[str, str]) -> Draft:
    """Return what is checked, of a form without errors."""
    return Draft(
        text=values["text"],
        language=values["language"] or UNKNOWN_LANGUAGE,
        review=Review(
            text=values["review"],
            rating=float(values["rating"]) if values["rating"] else None,
            author=values["author"] or None,
            product=values["product"] or None,
        ),
    )


def marked(text: str, findings: Sequence[Finding]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Return a draft in pieces, each with the numbers, from 1, of the findings that mark it."""
    spans = [(number, span) for number, found in enumerate(findings, 1) for span in found.spans]
    edges = sorted({0, len(text), *(edge for _, span in spans for edge in span)})
    for start, end in pairwise(edges):
        yield text[start:end], tuple(sorted({number for number, span in spans if _holds(span, start, end)}))


def _holds(span: Span, start: int, end: int) -> bool:
    return span.start <= start and end <= span.end


def _lines(value: object) -> str:
    """Return a text as somebody typed it: browsers send each line break as two characters."""
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


async def _page(
    request: Request, principal: Principal, tx: SqlTx, typed: Typed = NOTHING_TYPED, **context: Any
) -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "check.html",
        status=typed.status,
        further=("Check a draft",),
        values={name: typed.values.get(name, "") for name in LABELS},
        errors=typed.errors,
        labels=LABELS,
        languages={code: LANGUAGE_NAMES[code] for code in (*sorted(LANGUAGES, key=LANGUAGE_NAMES.__getitem__), "")},
        ratings=RATINGS,
        path=CHECK,
        max_text=MAX_ANSWER_CHARS,
        max_review=MAX_REVIEW_CHARS,
        max_name=MAX_SHOWN_NAME_CHARS,
        figures=individuality(await store.likenesses(tx, principal.tenant_id, None), tx.now),
        **({"report": None} | context),
    )
