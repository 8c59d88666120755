"""The console's page of reviews: the list with its filters, and beside it one review with all that became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES
from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, cut_page, decode_cursor, not_found
from plaudit.common.sessions import ConsolePages, staff
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.api import silent_sources
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.order import PLACE_TYPES, Order
from plaudit.ingest.reviews.domain.quotes import quotes
from plaudit.ingest.reviews.domain.scales import star_of
from plaudit.ingest.reviews.domain.state import Disposition, Kind, Origin, Review, Revision
from plaudit.ingest.sorting.domain.language import Language
from plaudit.ingest.sorting.domain.language_names import language_name
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sources.pages.shared import title_of_platform

ROWS: Final = 20
REVIEWS: Final = "/console/reviews"
REPORTS: Final = f"{REVIEWS}/reports"
EFFECT: Final = "/console/scores/effect"
"""Where what a review does to scores is shown."""
SCORED: Final = frozenset({Kind.STARS, Kind.THUMBS})
"""The kinds of reviews that count in scores; the others have figures of their own."""
MAX_TYPED_CHARS: Final = 500
MAX_COUNTED: Final = 1_000
"""Reviews; where there are more, the page says that."""
RARE: Final = ("platform", "check", "topic", "persona", "removed", "sort")
"""Choices that stand behind a click."""
STARS: Final[Mapping[str, tuple[str, float | None, float | None]]] = {
    "": ("any", None, None),
    "low": ("1 or 2", None, 2.5),
    "middle": ("3", 2.5, 3.5),
    "high": ("4 or 5", 3.5, None),
}
"""Choice → its words, and the ratings from and below which it reaches."""
ANSWERED: Final = {"": "any", "true": "answered", "false": "not answered", "unknown": "not told by the platform"}
SEVERITIES: Final = {
    "": "any",
    Severity.DRASTIC.value: "drastic",
    Severity.NEGATIVE.value: "negative",
    Severity.NORMAL.value: "normal",
}
CHECK: Final = {"": "all", "true": "yes, words hint at it", "false": "no, nothing hints at it"}
TOPICS: Final = {"": "any", **TOPIC_TITLES}
PERSONAS: Final = {"": "any", **PERSONA_TITLES}
SHOWN: Final = {"": "published", "true": "removed"}
ORDERS: Final = {
    Order.NEWEST.value: "newest first",
    Order.OLDEST.value: "oldest first",
    Order.RATING.value: "worst first",
}
_HAPPENED: Final = {
    "review.created": "The review was published.",
    "review.edited": "The customer changed it.",
    "review.answered": "It was answered.",
    "review.answer_removed": "The answer was taken back.",
    "review.removed": "The platform took it down.",
    "review.restored": "It is back on the platform.",
    "review.resolved": "It was settled.",
    "review.sorted": "Its words were sorted by other rules.",
}
_ORIGINS: Final = {
    Origin.ORGANIC: "unasked",
    Origin.INVITED: "on invitation",
    Origin.INCENTIVISED: "for a reward",
}
DISPOSITIONS: Final[Mapping[str, str]] = {
    Disposition.JUSTIFIED: "the customer is right",
    Disposition.WRONG_FACT: "the customer is mistaken",
    Disposition.UNCLEAR: "nobody can tell what is meant",
    Disposition.ABUSIVE: "it breaks rules of decency",
}
"""What was found → its words."""
EASES: Final = {
    "": "not said",
    "1": "very hard",
    "2": "hard",
    "3": "rather hard",
    "4": "neither hard nor easy",
    "5": "rather easy",
    "6": "easy",
    "7": "very easy",
}
"""How easily it was solved → its words."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.reviews")
Staff = Annotated[Principal, Depends(staff("reviews:read"))]


async def typed(
    text: Annotated[str, Query()] = "",
    subject: Annotated[str, Query()] = "",
    source: Annotated[str, Query()] = "",
    platform: Annotated[str, Query()] = "",
    stars: Annotated[str, Query()] = "",
    answered: Annotated[str, Query()] = "",
    severity: Annotated[str, Query()] = "",
    check: Annotated[str, Query()] = "",
    topic: Annotated[str, Query()] = "",
    persona: Annotated[str, Query()] = "",
    removed: Annotated[str, Query()] = "",
    sort: Annotated[str, Query()] = "",
) -> dict[str, str]:
    """Return what the form of filters holds; a choice that there is not counts as none."""
    chosen = {
        "stars": stars if stars in STARS else "",
        "answered": answered if answered in ANSWERED else "",
        "severity": severity if severity in SEVERITIES else "",
        "check": check if check in CHECK else "",
        "topic": topic if topic in TOPICS else "",
        "persona": persona if persona in PERSONAS else "",
        "removed": removed if removed in SHOWN else "",
        "sort": sort if sort in ORDERS and sort != Order.NEWEST else "",
    }
    words = {"text": text.strip()[:MAX_TYPED_CHARS], "subject": subject.strip().strip("/")}
    return {**words, "source": source, "platform": platform, **chosen}


Form = Annotated[dict[str, str], Depends(typed)]


@router.get(REVIEWS)
async def show_reviews(request: Request, principal: Staff, tx: TenantTx, form: Form, cursor: Cursor = None) -> Response:
    """Show reviews, and beside the list the first one."""
    return await _page(request, principal, tx, form, cursor, None)


@router.get(f"{REVIEWS}/{{review_id}}")
async def show_review(
    request: Request, principal: Staff, tx: TenantTx, review_id: UUID, form: Form, cursor: Cursor = None
) -> Response:
    """Show one review beside the list."""
    review = await store.get(tx, principal.tenant_id, review_id)
    if review is None:
        raise not_found("review")
    return await _page(request, principal, tx, form, cursor, review)


async def _page(
    request: Request, principal: Principal, tx: SqlTx, form: dict[str, str], cursor: str | None, chosen: Review | None
) -> Response:
    tenant_id = principal.tenant_id
    sources = await store.source_choices(tx, tenant_id)
    titles = {platform: title_of_platform(request, platform) for _, _, platform in sources}
    form = {**form, "platform": form["platform"] if form["platform"] in titles else ""}
    silent = await silent_sources(request, tx, tenant_id)
    order = Order(form["sort"] or Order.NEWEST)
    error = SUBJECT_RULE if form["subject"] and not is_subject(form["subject"]) else ""
    list_path = REVIEWS + _query(form)
    after = decode_cursor(cursor, PLACE_TYPES[order], of=list_path) if cursor else None
    filters = _filters(form, [source_id for source_id, _, _ in sources])
    found = [] if error else await store.page(tx, tenant_id, filters, after, ROWS + 1, order=order, silent=silent)
    listed, following = cut_page(found, ROWS, lambda each: each.place, of=list_path)
    reviews = [each.review for each in listed if isinstance(each.review, Review)]
    is_whole = cursor is None and following is None
    counted = store.Count(len(listed), is_all=True) if is_whole else await _count(tx, tenant_id, filters, silent, error)
    selected = chosen or (reviews[0] if reviews else None)
    history = await store.history(tx, tenant_id, selected.id) if selected else []
    return await console.response(
        request,
        principal,
        tx,
        "reviews.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        further=(title_of(chosen),) if chosen else (),
        form=form,
        subject_error=error,
        is_narrowed=bool(_query(form)),
        has_sources=bool(sources),
        choices=_choices(sources, titles),
        rare_chosen=sum(bool(form[name]) for name in RARE),
        reviews=reviews,
        counted=_count_in_words(counted),
        selected=selected,
        is_chosen=chosen is not None,
        revisions=[_entry(each, before) for before, each in zip([None, *history], history, strict=False)],
        list_path=list_path,
        query=_query({**form, "cursor": cursor or ""}),
        next=following,
        is_first=cursor is None,
        answer_state=lambda review: _answer_state(review, silent),
        title_of=title_of,
        may_read_scores=principal.may("scores:read"),
        effect_path=_effect_path(selected) if selected and principal.may("scores:read") else "",
        platform_title=partial(title_of_platform, request),
        stars_of=stars_of,
        given_rating=_given_rating,
        origins=_ORIGINS,
        quotes=quotes(selected.state) if selected else [],
        topic_titles=TOPIC_TITLES,
        persona_titles=PERSONA_TITLES,
        language_name=language_name,
        is_judged=lambda state: Language(state.spoken, None).is_judged,
        is_web_address=is_web_address,
        reviews_path=REVIEWS,
        reports_path=REPORTS,
        may_answer=principal.may("answers:write"),
        may_erase=principal.may("erasures:write"),
        dispositions=DISPOSITIONS,
        eases=EASES,
    )


async def _count(
    tx: SqlTx, tenant_id: str, filters: Filters, silent: frozenset[UUID], error: str
) -> store.Count | None:
    return None if error else await store.count(tx, tenant_id, filters, MAX_COUNTED, silent=silent)


def _count_in_words(counted: store.Count | None) -> str:
    """Return how many reviews there are: exactly, or that there are more; nothing where it is not known."""
    if counted is None or not counted.number:
        return ""
    if counted.number > MAX_COUNTED:
        return f"More than {MAX_COUNTED:,} reviews"
    words = "1 review" if counted.number == 1 else f"{counted.number:,} reviews"
    return words if counted.is_all else f"At least {words}"


def _filters(form: Mapping[str, str], source_ids: Sequence[UUID]) -> Filters:
    _, at_least, below = STARS[form["stars"]]
    chosen = [source_id for source_id in source_ids if str(source_id) == form["source"]]
    return Filters(
        subject=form["subject"] or None,
        source_id=chosen[0] if chosen else None,
        platform=form["platform"] or None,
        severity=form["severity"] or None,
        check=form["check"] == "true" if form["check"] else None,
        topic=form["topic"] or None,
        persona=form["persona"] or None,
        rating_gte=at_least,
        rating_lt=below,
        answered=form["answered"] or None,
        text=form["text"] or None,
        removed=form["removed"] == "true",
    )


def _choices(sources: Sequence[tuple[UUID, str, str]], titles: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {
        "source": {"": "all", **{str(source_id): name for source_id, name, _ in sources}},
        "platform": {"": "all", **dict(sorted(titles.items(), key=lambda each: each[1].casefold()))},
        "stars": {value: words for value, (words, _, _) in STARS.items()},
        "answered": ANSWERED,
        "severity": SEVERITIES,
        "check": CHECK,
        "topic": TOPICS,
        "persona": PERSONAS,
        "removed": SHOWN,
        "sort": ORDERS,
    }


def title_of(review: Review) -> str:
    """Return what a review is called in lists: its title, or its rating and its subject."""
    state = review.state
    return state.title or f"{state.rating:.2g}-star review of {state.subject}"


def stars_of(review: Review) -> int:
    """Return how many stars of five stand for a rating."""
    return star_of(review.state.rating)


def _effect_path(review: Review) -> str:
    """Return the address of what a review does to scores; empty where it counts in none."""
    state = review.state
    if review.removed or state.kind not in SCORED:
        return ""
    asked = {
        "subject": state.subject,
        "rating": state.rating,
        "rated_at": state.rated_at.isoformat(),
        "verified": str(state.verified).lower(),
        "origin": state.origin.value,
        "source_id": review.source_id,
    }
    return f"{EFFECT}?{urlencode(asked)}"


def _given_rating(review: Review) -> str:
    """Return the rating as it was given: `7, NPS from 0 to 10`."""
    raw = review.state.raw_rating
    what = "stars" if review.state.kind is Kind.STARS else review.state.kind.upper()
    return f"{raw.value:g}, {what} from {raw.min:g} to {raw.max:g}"


def _answer_state(review: Review, silent: frozenset[UUID]) -> tuple[str, str]:
    """Return whether a review is answered, in words, and its look."""
    state = review.state
    if state.answered_at is not None:
        return "answered", "good"
    if state.answer is not None:
        return f"answer {state.answer.state}", "warn"
    if review.source_id in silent:
        return "answers are not told here", "quiet"
    return "not answered", "warn" if state.severity is not Severity.NORMAL else "quiet"


def _entry(revision: Revision, before: Revision | None) -> tuple[datetime, str, str]:
    """Return an entry of a review's history: when we knew it, what happened, and the text that was replaced."""
    state, earlier = revision.state, before.state if before else None
    replaced = earlier.text if earlier and state and earlier.text and earlier.text != state.text else ""
    words = _HAPPENED.get(revision.type, revision.type)
    if earlier and state and earlier.rating != state.rating:
        words = f"{words} The rating went from {earlier.rating:.2g} to {state.rating:.2g} stars."
    return revision.known_at, words, replaced or ""


def _query(form: Mapping[str, str]) -> str:
    given = {name: value for name, value in form.items() if value}
    return f"?{urlencode(given)}" if given else ""


def is_web_address(url: str) -> bool:
    """Return whether a text is an address that a page may lead to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
