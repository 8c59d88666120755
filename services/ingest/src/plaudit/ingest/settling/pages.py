"""The console's page that settles one review, and follows its report to the platform; and the list of all reports."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.pages.navigation import Crumb
from plaudit.common.refusals import sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.domain.state import Disposition, Review
from plaudit.ingest.reviews.pages import (
    DISPOSITIONS,
    EASES,
    REPORTS,
    REVIEWS,
    is_web_address,
    stars_of,
    title_of,
)
from plaudit.ingest.settling import commands, store
from plaudit.ingest.settling.domain import (
    MAX_NOTE_CHARS,
    NoOpenReportError,
    ReportOpenError,
    ReportReason,
    ReportState,
    ResolutionChangedError,
    ReviewGoneError,
    Settled,
    words,
)
from plaudit.ingest.settling.schemas import ReportDecisionIn, ReportIn, ResolutionIn
from plaudit.ingest.sources.pages.shared import title_of_platform

MAX_LABEL_ROWS: Final = 500
"""Of the latest resolutions, whose labels are offered."""
MAX_TYPED_CHARS: Final = 20_000
REASONS: Final[Mapping[str, str]] = {
    ReportReason.NOT_A_CUSTOMER: "the writer was no customer",
    ReportReason.SPAM: "it is spam or an advertisement",
    ReportReason.ABUSIVE: "it insults or threatens",
    ReportReason.OFF_TOPIC: "it is about something else",
    ReportReason.CONFLICT_OF_INTEREST: "the writer has an interest in it",
    ReportReason.PERSONAL_DATA: "it tells personal data of somebody",
    ReportReason.WRONG_FACT: "what it says is not so",
    ReportReason.OTHER: "another reason",
}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    ReportState.OPEN: ("the platform decides", "warn"),
    ReportState.ACCEPTED: ("accepted", "good"),
    ReportState.DECLINED: ("declined", "bad"),
}
"""State → words, and their look."""
SHOWN: Final[Mapping[str, str]] = {
    "": "open",
    ReportState.ACCEPTED.value: "accepted",
    ReportState.DECLINED.value: "declined",
    "all": "all",
}
"""Which reports a list holds → its words."""
ROWS: Final = 20
DECISIONS: Final[Mapping[str, str]] = {
    ReportState.DECLINED: "it keeps the review",
    ReportState.ACCEPTED: "it takes the review down",
}
PROBLEMS: Final[Mapping[str, str]] = {
    "disposition": "Choose one of these.",
    "ease": "Choose one of these.",
    "reason": "Choose one of these.",
    "state": "Choose one of these.",
    "note": f"Write at most {MAX_NOTE_CHARS:,} characters, and none that cannot be seen.",
    "evidence": f"Write at most {MAX_NOTE_CHARS:,} characters, and none that cannot be seen.",
    "decision": f"Write at most {MAX_NOTE_CHARS:,} characters, and none that cannot be seen.",
}
"""Field → what it must be, in words."""
LABELS: Final[Mapping[str, str]] = {
    "disposition": "What was found",
    "outcome": "What was done",
    "cause": "What led to it",
    "ease": "How easily it was solved",
    "note": "Note",
    "reason": "Why",
    "evidence": "What proves it",
    "state": "The decision",
    "decision": "In its words",
}
"""Field → its label."""
LABEL_RULE: Final = "Write a label of small letters, digits, dots, hyphens and underscores, 64 at most"
_NO_LABEL: Final = re.compile(r"[^a-z0-9]+")

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.settling")
Staff = Annotated[Principal, Depends(staff("reviews:read"))]
Responder = Annotated[Principal, Depends(staff("reviews:read", "answers:write"))]
TypedText = Annotated[str, Form(max_length=MAX_TYPED_CHARS)]
PAGE: Final = f"{REVIEWS}/{{review_id}}/settle"


@router.get(REPORTS)
async def show_reports(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    show: Annotated[str, Query()] = "",
    cursor: Cursor = None,
) -> Response:
    """Show the reports to platforms, the latest first: the open ones, unless others are asked for."""
    show = show if show in SHOWN else ""
    list_path = REPORTS + (f"?show={show}" if show else "")
    after = decode_cursor(cursor, tuple[datetime, UUID], of=list_path) if cursor else None
    state = None if show == "all" else ReportState(show or ReportState.OPEN)
    found = await store.report_page(tx, principal.tenant_id, state, after, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.reported_at, each.id), of=list_path)
    of_them = await reviews.some(tx, principal.tenant_id, {each.review_id for each in listed})
    return await console.response(
        request,
        principal,
        tx,
        "reports.html",
        further=("Reports",),
        reports=[(each, of_them.get(each.review_id)) for each in listed],
        show=show,
        shown=SHOWN,
        nothing="No report is like that." if show else "No report is open.",
        states=STATES,
        reasons=REASONS,
        list_path=list_path,
        next=following,
        is_first=cursor is None,
        title_of=title_of,
        platform_title=partial(title_of_platform, request),
        reviews_path=REVIEWS,
        reports_path=REPORTS,
    )


@router.get(PAGE)
async def show(request: Request, principal: Staff, tx: TenantTx, review_id: UUID) -> Response:
    """Show how a review is settled and reported, with the forms of both."""
    return await _page(request, principal, tx, await _review(tx, principal, review_id))


@router.post(PAGE)
async def settle(
    request: Request,
    principal: Responder,
    work: Work,
    review_id: UUID,
    disposition: TypedText = "",
    outcome: TypedText = "",
    cause: TypedText = "",
    ease: TypedText = "",
    note: TypedText = "",
    seen: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Settle a review, or settle it anew."""
    review = await _review(work.tx, principal, review_id)
    values = {
        "disposition": disposition,
        "outcome": outcome.strip(),
        "cause": cause.strip(),
        "ease": ease,
        "note": note,
    }
    try:
        given = {
            **values,
            "cause": values["cause"] or None,
            "ease": int(ease) if ease in EASES and ease else ease or None,
        }
        wanted = ResolutionIn.model_validate({**given, "note": _lines(note)})
        expected = {int(seen)} if seen.isascii() and seen.isdigit() else None
        await commands.settle(
            work, principal.tenant_id, review_id, wanted.finding(), principal.actor, expected=expected
        )
    except ValidationError as error:
        return await _page(request, principal, work.tx, review, settling=Typed(values, _errors(error, values)))
    except ResolutionChangedError:
        refused = {"disposition": "Somebody else has settled it since this page was shown. Look, and save again."}
        return await _page(request, principal, work.tx, review, settling=Typed(values, refused))
    return done(request, f"{REVIEWS}/{review_id}/settle", "The review is settled. It counts as before.")


@router.post(f"{PAGE}/report")
async def report(
    request: Request,
    principal: Responder,
    work: Work,
    review_id: UUID,
    reason: TypedText = "",
    evidence: TypedText = "",
) -> Response:
    """Note that a review is reported to its platform."""
    review = await _review(work.tx, principal, review_id)
    values = {"reason": reason, "evidence": evidence}
    try:
        wanted = ReportIn.model_validate({"reason": reason, "evidence": _lines(evidence)})
        proof = words(wanted.evidence)
        await commands.report(work, principal.tenant_id, review_id, wanted.reason, proof, principal.actor)
    except ValidationError as error:
        return await _page(request, principal, work.tx, review, reporting=Typed(values, _errors(error, values)))
    except (ReportOpenError, ReviewGoneError) as error:
        return await _page(request, principal, work.tx, review, reporting=Typed(values, {"reason": sentence(error)}))
    return done(
        request, f"{REVIEWS}/{review_id}/settle", "The report is noted. The review counts until it is taken down."
    )


@router.post(f"{PAGE}/decision")
async def decide(
    request: Request,
    principal: Responder,
    work: Work,
    review_id: UUID,
    state: TypedText = "",
    decision: TypedText = "",
) -> Response:
    """Note what the platform has decided."""
    review = await _review(work.tx, principal, review_id)
    values = {"state": state, "decision": decision}
    path = f"{REVIEWS}/{review_id}/settle"
    try:
        wanted = ReportDecisionIn.model_validate({"state": state, "decision": _lines(decision)})
        answered = words(wanted.decision)
        await commands.decide_report(
            work, principal.tenant_id, review_id, ReportState(wanted.state), answered, principal.actor
        )
    except ValidationError as error:
        return await _page(request, principal, work.tx, review, deciding=Typed(values, _errors(error, values)))
    except NoOpenReportError as error:
        return done(request, path, sentence(error), is_good=False)
    return done(request, path, "The decision is noted.")


async def _review(tx: SqlTx, principal: Principal, review_id: UUID) -> Review:
    review = await reviews.get(tx, principal.tenant_id, review_id)
    if review is None:
        raise not_found("review")
    return review


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    review: Review,
    *,
    settling: Typed = NOTHING_TYPED,
    reporting: Typed = NOTHING_TYPED,
    deciding: Typed = NOTHING_TYPED,
) -> Response:
    tenant_id = principal.tenant_id
    history = await store.history(tx, tenant_id, review.id)
    reports = await store.reports_of(tx, tenant_id, review.id)
    outcomes, causes = await store.labels(tx, tenant_id, MAX_LABEL_ROWS)
    current = next(iter(history), None)
    return await console.response(
        request,
        principal,
        tx,
        "settle.html",
        status=max(settling.status, reporting.status, deciding.status),
        further=(Crumb(title_of(review), f"{REVIEWS}/{review.id}"), "Settle"),
        review=review,
        title=title_of(review),
        stars=stars_of(review),
        history=history,
        seen=current.number if current else 0,
        values={**_stored(current), **settling.values},
        errors=settling.errors,
        all_errors={**settling.errors, **reporting.errors, **deciding.errors},
        form_labels=LABELS,
        outcomes=outcomes,
        causes=causes,
        reports=reports,
        open_report=next((each for each in reports if each.state is ReportState.OPEN), None),
        reporting=reporting,
        deciding=deciding,
        dispositions=DISPOSITIONS,
        eases=EASES,
        reasons=REASONS,
        states=STATES,
        decisions=DECISIONS,
        max_note_chars=MAX_NOTE_CHARS,
        may_settle=principal.may("answers:write"),
        is_web_address=is_web_address,
        review_path=f"{REVIEWS}/{review.id}",
        settle_path=f"{REVIEWS}/{review.id}/settle",
    )


def _stored(current: Settled | None) -> dict[str, str]:
    """Return what the form of settling holds at first."""
    if current is None:
        return {"disposition": Disposition.JUSTIFIED, "outcome": "", "cause": "", "ease": "", "note": ""}
    found = current.finding
    return {
        "disposition": found.disposition,
        "outcome": found.outcome,
        "cause": found.cause or "",
        "ease": "" if found.ease is None else str(found.ease),
        "note": found.note or "",
    }


def _errors(error: ValidationError, values: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong in a form: field → words; a label is said as it could be written."""
    fields = {str(each["loc"][0]) for each in error.errors()}
    return {field: PROBLEMS.get(field) or _label_error(values[field]) for field in fields}


def _label_error(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    near = _NO_LABEL.sub("_", "".join(each for each in letters if not unicodedata.combining(each))).strip("_")[:64]
    return f"{LABEL_RULE}{f', such as {near}' if near else ', such as refunded'}."


def _lines(text: str) -> str:
    """Return a text with the line ends that it was typed with: a browser sends each as CR LF."""
    return text.replace("\r\n", "\n")
