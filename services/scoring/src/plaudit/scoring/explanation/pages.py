"""The console's pages of explanation: why a score moved, and what one review does to scores."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from plaudit.common.contracts.time import is_instant
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, Subject, TenantTx
from plaudit.common.http.times import Instant
from plaudit.common.numerals import counted, signed
from plaudit.common.pages.charts import Step, waterfall
from plaudit.common.sessions import ConsolePages, Typed, staff
from plaudit.scoring.explanation import store
from plaudit.scoring.explanation.api import (
    ByOrigin,
    BySource,
    Verified,
    usual_beginning,
)
from plaudit.scoring.explanation.domain.changes import SHOWN_PER_STAR, Change, Shown, shown
from plaudit.scoring.explanation.domain.effect import CountedReview, fresh_weight
from plaudit.scoring.explanation.domain.window import (
    LARGEST_REVIEWS,
    Explanation,
    ReversedWindowError,
    Together,
    by_source,
    by_stars,
)
from plaudit.scoring.explanation.domain.wording import UNSORTED, became, in_words, topic_in_words
from plaudit.scoring.explanation.store import of_reviews
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, ORIGIN_LABELS, ORIGINS, Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import Choices, NamedProfile
from plaudit.scoring.scores.domain import Moment, UnknownSubjectError, of_origin, read_parts
from plaudit.scoring.scores.pages import (
    MAX_TYPED_CHARS,
    Words,
    asked_of,
    bounds_of_day,
    of_unknown,
    source_choices,
    steps_to,
)
from plaudit.scoring.sources.domain import Source, name_of
from plaudit.scoring.sums.domain.decay import unix_us

EFFECT: Final = "/console/scores/effect"
EXPLANATION: Final = "/console/scores/explanation"
SOURCES: Final = "/console/sources"
MAX_ROWS: Final = 12
"""Of a table; what has less effect is one row together."""
DIGITS: Final = 3
LEAST_SHOWN: Final = 0.0005
"""Difference of two scores that three digits show."""
ORIGIN_CHOICES: Final = {"": "all origins"} | {each: each for each in ORIGINS}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.explanation", "plaudit.scoring.insight")
Staff = Annotated[Principal, Depends(staff("scores:read"))]


@router.get(EFFECT)
async def show_effect(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    subject: Subject,
    rating: Annotated[float, Query(ge=MIN_RATING, le=MAX_RATING)],
    rated_at: Instant,
    profile: NamedProfile,
    choices: Choices,
    verified: Verified = None,
    origin: ByOrigin = None,
    source_id: BySource = None,
) -> Response:
    """Show the scores of a subject and of all above it with and without one review."""
    source = None if source_id is None else str(source_id)
    weight = fresh_weight(profile, verified=verified, origin=origin, source_id=source)
    told = {"verified": verified, "origin": origin, "source_id": source}
    review = CountedReview(rating=rating, rated_at_us=unix_us(rated_at), weight=weight)
    return await console.response(
        request,
        principal,
        tx,
        "effect.html",
        further=steps_to(subject, profile, "Effect of a review"),
        subject=subject,
        rating=rating,
        rated_at=rated_at,
        effects=await store.effects_on(tx, principal.tenant_id, subject, review, profile),
        profile=profile,
        choices=choices,
        path=EFFECT,
        told={name: str(value).lower() for name, value in told.items() if value is not None},
    )


@router.get(EXPLANATION)
async def show_explanation(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    profile: NamedProfile,
    choices: Choices,
    subject: Words = "",
    begins: Annotated[str, Query(alias="from", max_length=MAX_TYPED_CHARS)] = "",
    ends: Annotated[str, Query(alias="to", max_length=MAX_TYPED_CHARS)] = "",
    source: Words = "",
    origin: Words = "",
) -> Response:
    """Show why a score moved between two instants; days are those of UTC, from their beginning until their end.

    A source or an origin that there is not counts as none.
    """
    subject = subject.strip().strip("/")
    typed, window = _read(subject, begins.strip(), ends.strip(), tx.now)
    offered = await source_choices(tx, principal.tenant_id)
    source, origin = source if source in offered else "", origin if origin in ORIGINS else ""
    asked = Asked(subject, of_origin(profile, origin) if origin else profile, source or None)
    found = None
    if subject and window is not None and not typed.errors:
        found, typed = await _explained(tx, principal.tenant_id, asked, window, typed)
    return await console.response(
        request,
        principal,
        tx,
        "explanation.html",
        status=typed.status,
        further=steps_to(subject, profile, "Why it moved") if found else ("Why a score moved",),
        subject=subject,
        profile=profile,
        choices=choices,
        typed=typed,
        found=found,
        source=source,
        source_choices=offered,
        origin=origin,
        origin_choices=ORIGIN_CHOICES,
        path=EXPLANATION,
        became=became,
        name_of=name_of,
        origin_labels=ORIGIN_LABELS,
        faded=faded,
        by_today=await _by_today(tx, principal.tenant_id, found, asked.source_id) if found else None,
        rated_at=await _rated_at(tx, principal.tenant_id, found) if found else {},
        **(_tables(found, await store.names_of(tx, principal.tenant_id, found)) if found else {}),
    )


class Asked(NamedTuple):
    """Which score is explained."""

    subject: str
    profile: Profile
    """It counts reviews of one origin alone, where one is chosen."""
    source_id: str | None
    """Of this source's reviews alone; None for those of all."""


async def _explained(
    tx: SqlTx, tenant_id: str, asked: Asked, window: tuple[datetime, datetime], typed: Typed
) -> tuple[Explanation | None, Typed]:
    subject, profile, source_id = asked
    try:
        return await store.explain_window(tx, tenant_id, subject, profile, window, LARGEST_REVIEWS, source_id), typed
    except ReversedWindowError:
        return None, Typed(typed.values, {"to": "It must be later than the beginning."})
    except UnknownSubjectError as error:
        return None, of_unknown(typed, error)


async def _rated_at(tx: SqlTx, tenant_id: str, found: Explanation) -> Mapping[str, datetime]:
    return await of_reviews.rated_at(tx, tenant_id, [review.review_id for review, _ in found.reviews])


async def _by_today(tx: SqlTx, tenant_id: str, found: Explanation, source_id: str | None) -> float | None:
    """Return the first score by what is known today, as the subject's chart has it; None where it is the same."""
    at = found.first.at
    parts = await scores.parts_of(tx, tenant_id, found.subject, Moment(at=at), found.profile, source_id=source_id)
    value = read_parts(found.profile, parts, unix_us(at)).value
    return None if abs(value - found.change.before) < LEAST_SHOWN else value


def _read(subject: str, begins: str, ends: str, now: datetime) -> tuple[Typed, tuple[datetime, datetime] | None]:
    """Return what the form holds, with what is wrong in it, and the window that it means."""
    until = min(now, _instant(ends, at_end=True) or now) if _is_day(ends) else _instant(ends) or now
    usual = usual_beginning(until).replace(hour=0, minute=0, second=0, microsecond=0)
    since = _instant(begins) or usual
    typed = asked_of(
        {"subject": subject, "from": begins or f"{since:%F}", "to": ends or f"{until:%F}"},
        {
            "from": "" if not begins or _instant(begins) else "This is no day.",
            "to": "" if not ends or _instant(ends) else "This is no day.",
        },
    )
    return typed, None if typed.errors else (since, until)


def _is_day(text: str) -> bool:
    return bool(text) and not is_instant(text)


def _instant(text: str, *, at_end: bool = False) -> datetime | None:
    """Return the instant of a text, which may be a day: its beginning, or its end; None if it is neither."""
    if is_instant(text):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (OverflowError, ValueError):
            return None
    day = bounds_of_day(text)
    return day and day[at_end]


class Row(NamedTuple):
    """A row of a table: its words, and where they lead, if anywhere."""

    words: str
    path: str = ""


def _tables(found: Explanation, names: Mapping[str, Source]) -> dict[str, Any]:
    """Return the tables of an explanation, each of rows with effects in thousandths that add up."""
    stars = {Row(in_words(each, done.changes)): done for each, done in found.by(by_stars).items()}
    by_sources = {
        Row(_of_source(source_id, done, names), f"{SOURCES}/{source_id}"): done
        for source_id, done in found.by(by_source).items()
    }
    topics = {Row(topic_in_words(each, done.changes)): done for each, done in found.topics.items()}
    parts = shown(_of(found, _cut(stars)))
    return {
        "parts": parts,
        "drawn": _drawn(found, parts),
        "sources": shown(_of(found, _cut(by_sources))) if len(by_sources) > 1 else None,
        "topics": shown(_of(found, _cut(topics))) if topics else None,
        "is_partly_unsorted": UNSORTED in found.topics,
        "names": names,
        "count": sum(done.changes for done in by_sources.values()),
    }


def _drawn(found: Explanation, parts: Shown[Row]) -> Markup:
    """Return how the score came from one value to the other; the same figures stand in the table of the page."""
    steps = [(row.words, effect) for row, effect in parts.effects.items()]
    if found.profile.half_life_us is not None:
        steps.insert(0, (faded(found.profile), parts.ageing))
    before, after = (f"Score on {each.at.day} {each.at:%B %Y}" for each in (found.first, found.second))
    return waterfall(
        Step(before, parts.before / SHOWN_PER_STAR),
        [Step(words, effect / SHOWN_PER_STAR) for words, effect in steps],
        Step(after, parts.after / SHOWN_PER_STAR),
        summary=_summary(parts, steps),
        has_table=False,
    )


def faded(profile: Profile) -> str:
    """Return what ageing is called on the page."""
    return f"Older reviews faded towards {profile.prior_value:g}"


def _summary(parts: Shown[Row], steps: Sequence[tuple[str, int]]) -> str:
    """Return what the chart shows, in words: from where to where, and what did most."""
    before, after = (f"{score / SHOWN_PER_STAR:.3f}" for score in (parts.before, parts.after))
    most = max(steps, key=lambda each: abs(each[1]), default=("", 0))
    did = f" What did most: {most[0]}, {signed(most[1] / SHOWN_PER_STAR, DIGITS)}." if most[1] else ""
    return f"The score went from {before} to {after} stars.{did} All figures stand in the table below."


def _of_source(source_id: str, done: Together, names: Mapping[str, Source]) -> str:
    return f"{name_of(names, source_id)}: {counted(done.changes, 'change')}"


def _cut(rows: Mapping[Row, Together]) -> dict[Row, float]:
    """Return the effects of the first rows, and what all others did together."""
    named, others = list(rows.items())[:MAX_ROWS], list(rows.items())[MAX_ROWS:]
    cut = {row: each.effect for row, each in named}
    if others:
        changes = sum(each.changes for _, each in others)
        cut[Row(counted(changes, "other change"))] = sum(each.effect for _, each in others)
    return cut


def _of(found: Explanation, effects: Mapping[Row, float]) -> Change[Row]:
    """Return the change with these effects, which add up to it."""
    change = found.change
    return Change(
        before=change.before, aged=change.aged, after=change.after, mean_weight=change.mean_weight, effects=effects
    )
