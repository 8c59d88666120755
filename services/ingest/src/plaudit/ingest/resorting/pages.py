"""The console's pages of sorting: the tenant's rules, what a change of them would change, and runs that apply them."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from msgspec.structs import replace
from starlette.datastructures import FormData
from starlette.responses import Response

from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, Work, not_found
from plaudit.common.pages.instants import moment
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, done, staff
from plaudit.ingest.resorting import commands, store
from plaudit.ingest.resorting.domain import MAX_REVIEWS, Change, Preview, SortingRun, outcome, preview
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.quotes import Quote, quote
from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.reviews.pages import REVIEWS
from plaudit.ingest.sorting import commands as rule_commands
from plaudit.ingest.sorting import store as stored_rules
from plaudit.ingest.sorting.domain.rules import (
    MAX_ADDED_CHARS,
    SHIPPED_RULES,
    Mute,
    RulesChangedError,
    RulesInForce,
    RulesRevision,
    SortingRules,
    WrongRulesError,
    check_rules,
)
from plaudit.ingest.sorting.domain.severity import DRASTIC_CATEGORIES
from plaudit.ingest.sorting.domain.sort import Sorted

SORTING: Final = "/console/sorting"
RUNS: Final = f"{SORTING}/runs"
SHOWN_CHANGES: Final = 10
SHOWN_QUOTES: Final = 3
SHOWN_RUNS: Final = 10
REFRESH_SECONDS: Final = 5
MAX_FORM_FIELDS: Final = 200
MAX_MUTES_CHARS: Final = 100_000
OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "drastic": ("drastic", "bad"),
    "check": ("to look at", "warn"),
    "negative": ("negative", "quiet"),
    "normal": ("normal", "quiet"),
}
"""Outcome → words, and their look."""
OLD_FORM: Final = "Somebody has changed the rules since this page was shown. Nothing is saved; look, and try again."

FORM_LABELS: Final[Mapping[str, str]] = {
    **{f"drastic.{name}": name.capitalize() for name in DRASTIC_CATEGORIES},
    **{f"topic.{name}": title for name, title in TOPIC_TITLES.items()},
    "mutes": "Muted phrases",
    "counted_anyway": "Phrases that count all the same",
    "languages": "Languages of your customers",
    "of_subject": "Try it on the reviews of",
}
"""Field → its label."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.resorting")
Reader = Annotated[Principal, Depends(staff("reviews:read"))]
RulesWriter = Annotated[Principal, Depends(staff("reviews:read", "sorting:write"))]


@dataclass(frozen=True)
class Form:
    """What the form of rules holds: the text of each field, and the boxes that are ticked."""

    texts: Mapping[str, str]
    off: Collection[str] = ()
    hidden: Collection[str] = ()


@dataclass(frozen=True)
class ShownChange:
    """A review that other rules judge otherwise, in the words of a page."""

    review_id: UUID
    stars: float
    before: tuple[str, str]
    after: tuple[str, str]
    quotes: Collection[Quote]
    counts: bool
    """Whether the quoted words count by the other rules; if not, they did by those in force."""
    gained: Collection[str]
    """Topics that it mentions by the other rules only."""
    lost: Collection[str]


@router.get(SORTING)
async def show_rules(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show the rules, and the latest runs that applied them."""
    current = await stored_rules.latest(tx, principal.tenant_id) or SHIPPED_RULES
    return await _page(request, principal, tx, current, _form_of(current.rules))


@router.post(SORTING)
async def act(request: Request, principal: RulesWriter, work: Work) -> Response:
    """Show what the rules of the form would change, or set them."""
    typed = await request.form(max_files=0, max_fields=MAX_FORM_FIELDS)
    form = _typed(typed)
    rules, errors = _rules(form)
    current = await stored_rules.latest(work.tx, principal.tenant_id) or SHIPPED_RULES
    if typed.get("do") == "save" and not errors:
        seen = str(typed.get("seen", ""))
        expected = {int(seen[:9])} if seen.isascii() and seen.isdigit() else ()
        try:
            await rule_commands.set_rules(
                work, principal.tenant_id, rules, principal.actor, expected_revisions=expected
            )
        except RulesChangedError:
            errors = {"languages": OLD_FORM}
        else:
            words = "The rules are saved, and count for what comes in five seconds. Apply them to stored reviews too."
            return done(request, SORTING, words)
    compared = None if errors else await _compared(work.tx, principal.tenant_id, rules, form)
    return await _page(request, principal, work.tx, current, form, errors, compared)


@router.post(f"{SORTING}/apply")
async def apply(request: Request, principal: RulesWriter, work: Work) -> Response:
    """Ask for the rules in force to be applied to stored reviews."""
    run = await commands.request(work, principal.tenant_id, principal.actor)
    return done(request, f"{RUNS}/{run.id}", "The stored reviews will be sorted again.")


@router.get(f"{RUNS}/{{run_id}}")
async def show_run(request: Request, principal: Reader, tx: TenantTx, run_id: UUID) -> Response:
    """Show how far a run is, and what it changed; until it is done, the page comes again by itself."""
    run = await store.get(tx, principal.tenant_id, run_id)
    if run is None:
        raise not_found("sorting run")
    return await console.response(
        request,
        principal,
        tx,
        "sorting_run.html",
        further=(f"Run of {moment(run.requested_at)}",),
        run=run,
        moves=_moves(run),
        refresh_seconds=None if run.finished_at else REFRESH_SECONDS,
        sorting_path=SORTING,
    )


async def _compared(tx: SqlTx, tenant_id: str, rules: SortingRules, form: Form) -> Preview:
    """Sort the latest reviews by these rules and by those in force."""
    in_force = await stored_rules.in_force(tx, tenant_id)
    proposed = RulesInForce(rules=rules, words_of_trade=in_force.words_of_trade)
    filters = Filters(subject=form.texts["of_subject"] or None)
    found = await reviews.page(tx, tenant_id, filters, None, MAX_REVIEWS)
    stored = [each.review for each in found if isinstance(each.review, Review)]
    # In a thread, so that other requests are answered meanwhile.
    return await asyncio.to_thread(preview, stored, in_force.compiled(), proposed.compiled())


def _form_of(rules: SortingRules) -> Form:
    texts = {
        "languages": ", ".join(rules.languages),
        **{f"drastic.{name}": rules.more_drastic.get(name, "") for name in DRASTIC_CATEGORIES},
        **{f"topic.{name}": rules.more_topics.get(name, "") for name in TOPIC_TITLES},
        "mutes": _lines(rules.mutes),
        "counted_anyway": _lines(rules.counted_anyway),
        "of_subject": "",
    }
    return Form(texts, rules.switched_off, rules.hidden_topics)


def _typed(typed: FormData) -> Form:
    def text(name: str) -> str:
        value = typed.get(name, "")
        return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""

    def ticked(name: str, known: Iterable[str]) -> tuple[str, ...]:
        values = typed.getlist(name)
        return tuple(each for each in known if each in values)

    names = _form_of(SortingRules()).texts
    return Form(
        {**{name: text(name) for name in names}, "of_subject": text("of_subject").strip("/")},
        ticked("off", DRASTIC_CATEGORIES),
        ticked("hidden", TOPIC_TITLES),
    )


def _rules(form: Form) -> tuple[SortingRules, dict[str, str]]:
    """Return the rules of a form, and what is wrong with it: field → why. Each field is checked by itself."""
    texts, errors = form.texts, {}
    if texts["of_subject"] and not is_subject(texts["of_subject"]):
        errors["of_subject"] = sentence(SUBJECT_RULE)
    rules = SortingRules(
        languages=tuple(dict.fromkeys(texts["languages"].lower().replace(",", " ").split())),
        switched_off=tuple(form.off),
        hidden_topics=tuple(form.hidden),
        more_drastic={name: text for name in DRASTIC_CATEGORIES if (text := texts[f"drastic.{name}"])},
        more_topics={name: text for name in TOPIC_TITLES if (text := texts[f"topic.{name}"])},
    )
    parts = {
        "languages": SortingRules(languages=rules.languages),
        **{f"drastic.{name}": SortingRules(more_drastic={name: text}) for name, text in rules.more_drastic.items()},
        **{f"topic.{name}": SortingRules(more_topics={name: text}) for name, text in rules.more_topics.items()},
    }
    for field, part in parts.items():
        try:
            check_rules(part)
        except WrongRulesError as error:
            errors[field] = sentence(error)
    # What is wrong is not blamed on the phrases too.
    rules = SortingRules() if errors else rules
    for field in ("mutes", "counted_anyway"):
        try:
            mutes = _mutes(texts[field])
            wanted = replace(rules, mutes=mutes) if field == "mutes" else replace(rules, counted_anyway=mutes)
            check_rules(wanted)
        except WrongRulesError as error:
            errors[field] = sentence(error)
        else:
            rules = wanted
    return rules, errors


def _mutes(text: str) -> tuple[Mute, ...]:
    """Return muted phrases, one a line: the subject, the category, and the phrase.

    Raises:
        WrongRulesError: a line holds none.
    """
    if len(text) > MAX_MUTES_CHARS:
        raise WrongRulesError(f"Write at most {MAX_MUTES_CHARS:,} characters.")
    mutes = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.split(maxsplit=2)
        if len(parts) != len(Mute.__struct_fields__) or not is_subject(parts[0]):
            raise WrongRulesError(f"Line {number} is not written as: subject, category, phrase.")
        if len(parts[2]) > MAX_ADDED_CHARS:
            raise WrongRulesError(f"The phrase of line {number} is longer than {MAX_ADDED_CHARS:,} characters.")
        mutes.append(Mute(subject=parts[0], category=parts[1], phrase=parts[2].strip()))
    return tuple(mutes)


def _lines(mutes: Iterable[Mute]) -> str:
    return "\n".join(f"{mute.subject} {mute.category} {mute.phrase}" for mute in mutes)


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    current: RulesRevision,
    form: Form,
    errors: Mapping[str, str] | None = None,
    compared: Preview | None = None,
) -> Response:
    in_force = await stored_rules.in_force(tx, principal.tenant_id)
    return await console.response(
        request,
        principal,
        tx,
        "sorting.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        current=current,
        texts=form.texts,
        off=form.off,
        hidden=form.hidden,
        errors=errors or {},
        form_labels=FORM_LABELS,
        form_ids={field: field.replace(".", "-") for field in FORM_LABELS},
        categories=DRASTIC_CATEGORIES,
        category_choices={name: (name.capitalize(), "") for name in DRASTIC_CATEGORIES},
        topic_choices={name: (title, "") for name, title in TOPIC_TITLES.items()},
        topics=TOPIC_TITLES,
        words_of_trade=[each for each in in_force.words_of_trade if each.muted],
        compared=compared,
        changes=[_shown(change) for change in compared.changes[:SHOWN_CHANGES]] if compared else [],
        outcomes=OUTCOMES,
        runs=await store.page(tx, principal.tenant_id, None, SHOWN_RUNS),
        max_chars=MAX_ADDED_CHARS,
        max_mutes_chars=MAX_MUTES_CHARS,
        may_change=principal.may("sorting:write"),
        sorting_path=SORTING,
        runs_path=RUNS,
        reviews_path=REVIEWS,
    )


def _shown(change: Change) -> ShownChange:
    before, after = change.before, change.after
    told = _quotes(after)
    topics = [{mark.name for mark in found.topics} for found in (before, after)]
    return ShownChange(
        review_id=change.review_id,
        stars=change.stars,
        before=OUTCOMES[outcome(before)],
        after=OUTCOMES[outcome(after)],
        quotes=told or _quotes(before),
        counts=bool(told),
        gained=sorted(TOPIC_TITLES[name] for name in topics[1] - topics[0]),
        lost=sorted(TOPIC_TITLES[name] for name in topics[0] - topics[1]),
    )


def _quotes(found: Sorted) -> list[Quote]:
    """Return the phrases that count, in their order; those of one category that overlap are one."""
    spans: list[tuple[str, int, int]] = []
    counted = (hit for hit in found.hits if hit.not_counted is None)
    for hit in sorted(counted, key=lambda hit: (hit.category, hit.start)):
        if spans and spans[-1][0] == hit.category and hit.start <= spans[-1][2]:
            spans[-1] = (hit.category, spans[-1][1], max(spans[-1][2], hit.end))
        else:
            spans.append((hit.category, hit.start, hit.end))
    return [
        quote(category, found.text, start, end)
        for category, start, end in sorted(spans, key=lambda span: span[1])[:SHOWN_QUOTES]
    ]


def _moves(run: SortingRun) -> list[tuple[str, str, int]]:
    """Return from which severity to which how many reviews went, the most frequent first."""
    moves = ((*move.partition(">"), count) for move, count in run.severities.items())
    return sorted(((before, after, count) for before, _, after, count in moves), key=lambda move: -move[2])
