"""The console's page of scores, every subject as it stands now; and what forms that ask about one subject share."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, cut_page, decode_cursor
from plaudit.common.pages.navigation import Crumb
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, Typed, staff
from plaudit.scoring.profiles.domain import TRUST, Profile
from plaudit.scoring.scores import store
from plaudit.scoring.scores.api import Choices, NamedProfile
from plaudit.scoring.scores.domain import UnknownSubjectError, read_parts
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import names_apart
from plaudit.scoring.sums.domain.decay import unix_us

ROWS: Final = 25
SCORES: Final = "/console/scores"
LIVE: Final = "/v1/score-events"
"""The stream of scores that change, which a room above this one answers with."""
SUBJECT: Final = "/console/scores/subject"
"""The page of one subject."""
MAX_TYPED_CHARS: Final = 400
MAX_SOURCES: Final = 100
"""That a form offers."""
ALL_SOURCES: Final = "all sources"
Words = Annotated[str, Query(max_length=MAX_TYPED_CHARS)]
"""What is typed into a field of a form that asks."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.scores")
Staff = Annotated[Principal, Depends(staff("scores:read"))]


@router.get(SCORES)
async def show_scores(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    profile: NamedProfile,
    choices: Choices,
    under: Annotated[str, Query()] = "",
    cursor: Cursor = None,
) -> Response:
    """Show the score of every subject, or of those below one, in order."""
    under = under.strip().strip("/")
    error = SUBJECT_RULE if under and not is_subject(under) else ""
    asked = {"under": under} if under else {}
    by = {} if profile == TRUST else {"profile": profile.name}
    path = _address(SCORES, asked | by)
    (after,) = decode_cursor(cursor, tuple[str], of=path) if cursor else ("",)
    found = [] if error else await store.prefixes_after(tx, principal.tenant_id, after, under or None, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda prefix: (prefix,), of=path)
    parts = await store.present_parts(tx, principal.tenant_id, listed, profile)
    at_us = unix_us(tx.now)
    return await console.response(
        request,
        principal,
        tx,
        "scores.html",
        status=422 if error else 200,
        under=under,
        error=error,
        path=path,
        live=_address(LIVE, asked),
        scores_path=SCORES,
        subject_path=SUBJECT,
        scores=[(prefix, read_parts(profile, parts.get(prefix, []), at_us)) for prefix in listed],
        next=following,
        is_first=cursor is None,
        profile=profile,
        choices=choices,
        by=by,
        all_path=_address(SCORES, by),
    )


def steps_to(subject: str, profile: Profile, title: str) -> tuple[Crumb, str]:
    """Return the way to a page about a subject, for its breadcrumbs: by the subject's own page, of the same profile."""
    by = {} if profile == TRUST else {"profile": profile.name}
    return Crumb(subject, _address(SUBJECT, {"subject": subject} | by)), title


def asked_of(values: Mapping[str, str], errors: Mapping[str, str]) -> Typed:
    """Return what a form that asks about a subject holds, with what is wrong in it.

    Args:
        values: field → what is typed, `subject` among them, without blanks around it.
        errors: field → what is wrong; the empty text where nothing is. The subject is checked here.
    """
    subject = values["subject"]
    wrong = sentence(SUBJECT_RULE) if subject and not is_subject(subject) else ""
    return Typed(values, {name: words for name, words in {"subject": wrong, **errors}.items() if words})


def of_unknown(typed: Typed, error: UnknownSubjectError) -> Typed:
    """Return what a form holds that asked about a subject that there is not."""
    return Typed(typed.values, {"subject": str(error).replace("`", "")})


def bounds_of_day(text: str) -> tuple[datetime, datetime] | None:
    """Return when a day such as `2026-03-01` begins and ends, in UTC; None if the text is no day."""
    try:
        begins = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        return begins, begins + timedelta(days=1)
    except (OverflowError, ValueError):
        return None


async def source_choices(tx: SqlTx, tenant_id: str) -> dict[str, str]:
    """Return the sources that a form offers: id → name, and the empty text for all of them."""
    found = await sources.first(tx, tenant_id, MAX_SOURCES)
    return {"": ALL_SOURCES, **names_apart(found, list(found))}


def _address(path: str, asked: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(asked)}" if asked else path
