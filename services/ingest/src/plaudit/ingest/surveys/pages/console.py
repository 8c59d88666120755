"""The console's pages of surveys: the list, making one from a template with a preview, and one with its responses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from msgspec.structs import asdict, replace
from starlette.responses import Response

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject, is_subject_within
from plaudit.common.db import Tx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, resources
from plaudit.common.mailbox import NotAMailboxError
from plaudit.common.names import checked_name
from plaudit.common.person_keys import person_key
from plaudit.common.process import Resources
from plaudit.common.refusals import WrongInputError, sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.settings import address_of
from plaudit.common.tenants import store as tenants
from plaudit.common.text import isolated
from plaudit.ingest.contacts.domain import is_address
from plaudit.ingest.customers.domain import MAX_VALUE_CHARS
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES, to_stars
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.api import OpenedVault, PlatformProofs
from plaudit.ingest.surveys import commands, store
from plaudit.ingest.surveys.api import PATH, find_survey
from plaudit.ingest.surveys.commands import Invited
from plaudit.ingest.surveys.domain.invitations import DEFAULT_DAYS, LeftOut, Wanted
from plaudit.ingest.surveys.domain.survey import (
    KINDS,
    MAX_BRAND_CHARS,
    MAX_LINE_CHARS,
    MAX_THANKS_CHARS,
    Language,
    Survey,
    SurveyClosedError,
    Wording,
    choices,
    wrong_words,
)
from plaudit.ingest.surveys.domain.templates import Template, wording_of
from plaudit.ingest.surveys.pages.public import STATIC, form_context
from plaudit.ingest.surveys.store import Counted

ROWS: Final = 20
SURVEYS: Final = "/console/surveys"
NEW: Final = f"{SURVEYS}/new"
TEMPLATES: Final = {
    Template.SOFTWARE: "Software",
    Template.SHOP: "Shop",
    Template.HOSPITALITY: "Hotel or restaurant",
    Template.HEALTH: "Health practice",
    Template.TRADES: "Trades",
}
KIND_WORDS: Final = {
    Kind.STARS: "Stars, 1 to 5",
    Kind.NPS: "NPS: would you recommend us, 0 to 10",
    Kind.CSAT: "CSAT: how satisfied, 1 to 5",
    Kind.CES: "CES: how easy, 1 to 7",
}
KIND_NAMES: Final = {Kind.STARS: "stars", Kind.NPS: "NPS", Kind.CSAT: "CSAT", Kind.CES: "CES"}
LANGUAGES: Final = {Language.ENGLISH: "English", Language.GERMAN: "German"}
_WORDS: Final = ("brand", "title", "question", "text_question", "thanks")
_TYPED: Final = ("name", "subject", *_WORDS)
LABELS: Final[Mapping[str, str]] = {
    "name": "Name",
    "subject": "What it is about",
    "brand": "Who asks",
    "title": "Heading",
    "question": "The question with the scale",
    "text_question": "The question for words",
    "thanks": "After the response",
    "email": "E-mail address",
    "about": "What it is about",
    "reference": "Order or visit",
}
"""Field → its label."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.surveys")
Reader = Annotated[Principal, Depends(staff("surveys:read"))]
Writer = Annotated[Principal, Depends(staff("surveys:read", "surveys:write"))]
Inviter = Annotated[Principal, Depends(staff("surveys:read", "surveys:invite"))]
IngestResources = Annotated[Resources[IngestSettings], Depends(resources)]
Word = TypeVar("Word", Template, Kind, Language)


async def typed_words(
    name: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    brand: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    question: Annotated[str, Form()] = "",
    text_question: Annotated[str, Form()] = "",
    thanks: Annotated[str, Form()] = "",
) -> dict[str, str]:
    """Return what a form with the words of a survey holds."""
    values = (name, subject.strip().strip("/"), brand, title, question, text_question, thanks)
    return dict(zip(_TYPED, values, strict=True))


TypedWords = Annotated[dict[str, str], Depends(typed_words)]


@router.get(SURVEYS)
async def show_surveys(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show the surveys of the tenant, with how many were invited and have responded."""
    after = decode_cursor(cursor, tuple[datetime, UUID], of=SURVEYS) if cursor else None
    found = await store.page(tx, principal.tenant_id, after, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.survey.created_at, each.survey.id), of=SURVEYS)
    return await console.response(
        request,
        principal,
        tx,
        "console_surveys.html",
        listed=listed,
        next=following,
        is_first=cursor is None,
        surveys_path=SURVEYS,
        new_path=NEW,
        may_write=principal.may("surveys:write"),
        kinds=KIND_NAMES,
        languages=LANGUAGES,
    )


@router.get(NEW)
async def show_new_survey(
    request: Request, principal: Writer, tx: TenantTx, template: str = "", kind: str = "", language: str = ""
) -> Response:
    """Show the words of a template, to be changed and made a survey."""
    survey = _draft(principal, template, kind, language)
    words = {"brand": "", **asdict(survey.wording)}
    return await _form(request, principal, tx, survey, Typed({"name": "", "subject": "", **words}))


@router.post(NEW)
async def make_survey(
    request: Request,
    principal: Writer,
    work: Work,
    proofs: PlatformProofs,
    vault: OpenedVault,
    form: TypedWords,
    template: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
    do: Annotated[Literal["make", "preview"], Form()] = "make",
) -> Response:
    """Make a survey, or show what it would look like."""
    draft = _draft(principal, template, kind, language)
    if do == "preview":
        return await _form(request, principal, work.tx, _previewed(draft, form), Typed(form))
    errors = {**_errors(form), **_word_errors(form)}
    if errors:
        return await _form(request, principal, work.tx, _previewed(draft, form), Typed(form, errors))
    survey = await commands.create(
        work,
        principal.tenant_id,
        name=checked_name(form["name"]),
        subject=form["subject"],
        template=draft.template,
        kind=draft.kind,
        language=draft.language,
        brand=form["brand"],
        wording=_wording(form),
        proofs=proofs,
        vault=vault,
    )
    return done(request, f"{SURVEYS}/{survey.id}", f"The survey “{isolated(survey.name)}” is made.")


@router.get(f"{SURVEYS}/{{survey_id}}")
async def show_survey(request: Request, principal: Reader, tx: TenantTx, survey_id: UUID) -> Response:
    """Show a survey: its responses in figures, its words, and how to invite."""
    return await _page(request, principal, tx, await find_survey(tx, principal, survey_id))


@router.post(f"{SURVEYS}/{{survey_id}}")
async def change_survey(
    request: Request,
    principal: Writer,
    work: Work,
    survey_id: UUID,
    form: TypedWords,
    do: Annotated[Literal["save", "preview", "close", "open"], Form()] = "save",
) -> Response:
    """Give a survey other words, close it, or open it again."""
    counted = await find_survey(work.tx, principal, survey_id)
    survey = counted.survey
    path = f"{SURVEYS}/{survey_id}"
    if do in {"close", "open"}:
        closed = do == "close"
        await commands.change(work.tx, survey, brand=survey.brand, wording=survey.wording, closed=closed)
        return done(request, path, "Nobody can respond any more." if closed else "The survey takes responses again.")
    previewed = _previewed(survey, form)
    if do == "preview":
        return await _page(request, principal, work.tx, _with_words(counted, previewed), Typed(form))
    if errors := _word_errors(form):
        return await _page(request, principal, work.tx, _with_words(counted, previewed), Typed(form, errors))
    closed = survey.closed_at is not None
    await commands.change(work.tx, survey, brand=form["brand"], wording=_wording(form), closed=closed)
    return done(request, path, "The words are saved. Links that were sent lead to them.")


@router.post(f"{SURVEYS}/{{survey_id}}/invitations")
async def invite(
    request: Request,
    principal: Inviter,
    work: Work,
    survey_id: UUID,
    vault: OpenedVault,
    parts: IngestResources,
    email: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    reference: Annotated[str, Form()] = "",
) -> Response:
    """Make a link for one customer, and show it."""
    counted = await find_survey(work.tx, principal, survey_id)
    form = {"email": email.strip(), "about": subject.strip().strip("/"), "reference": reference.strip()}
    wanted = await _wanted(work.tx, counted.survey, form)
    if not isinstance(wanted, Wanted):
        return await _page(request, principal, work.tx, counted, Typed(form, wanted))
    source = await sources.get(work.tx, principal.tenant_id, survey_id, vault)
    assert source is not None, "a survey has its source"
    try:
        judged = await commands.invite(work, counted.survey, source, [wanted], DEFAULT_DAYS, vault)
    except SurveyClosedError as error:
        return await _page(request, principal, work.tx, counted, Typed(form, {"email": sentence(error)}))
    [invited] = judged.each
    if isinstance(invited, LeftOut):
        return await _page(request, principal, work.tx, counted, Typed(form, {"email": invited.detail}))
    again = await find_survey(work.tx, principal, survey_id)
    return await _page(request, principal, work.tx, again, link=_link(invited, parts.settings))


def _with_words(counted: Counted, survey: Survey) -> Counted:
    """Return a survey with other words and the same count."""
    return Counted(survey, counted.responses)


def _link(invited: Invited, settings: IngestSettings) -> dict[str, Any]:
    return {
        "address": f"{address_of(settings)}{PATH}{invited.token}",
        "day": _day(invited.invitation.expires_at),
        "again": invited.again,
    }


async def _wanted(tx: Tx, survey: Survey, form: Mapping[str, str]) -> Wanted | dict[str, str]:
    """Return whom the form names, or what is wrong: field → words."""
    errors: dict[str, str] = {}
    reference = form["reference"]
    if form["about"] and not is_subject_within(form["about"], survey.subject):
        errors["about"] = f"It is {survey.subject}, or something below it."
    if len(reference) > MAX_VALUE_CHARS or "@" in reference or not reference.isprintable():
        errors["reference"] = f"At most {MAX_VALUE_CHARS} characters on one line, without @."
    key = await tenants.person_key_of(tx, survey.tenant_id)
    assert key is not None, "the tenant of a principal exists"
    try:
        person = person_key(key, form["email"]) if is_address(form["email"]) else ""
    except NotAMailboxError:
        person = ""
    if not person:
        errors["email"] = "Write one e-mail address such as ada@example.com."
    return errors or Wanted(person, form["about"] or survey.subject, reference or None)


async def _form(request: Request, principal: Principal, tx: Tx, survey: Survey, typed: Typed) -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "console_survey_new.html",
        status=typed.status,
        further=("Make a survey",),
        typed=typed,
        draft=survey,
        templates=TEMPLATES,
        kinds=KIND_WORDS,
        languages=LANGUAGES,
        surveys_path=SURVEYS,
        new_path=NEW,
        **await _shown(tx, survey),
    )


async def _page(
    request: Request,
    principal: Principal,
    tx: Tx,
    counted: Counted,
    typed: Typed = NOTHING_TYPED,
    *,
    link: Mapping[str, Any] | None = None,
) -> Response:
    survey = counted.survey
    ratings = await store.count_ratings(tx, survey.tenant_id, survey.id)
    counts = _counts(survey.kind, ratings)
    words = {"brand": survey.brand or "", **asdict(survey.wording), "email": "", "about": "", "reference": ""}
    return await console.response(
        request,
        principal,
        tx,
        "console_survey.html",
        status=typed.status,
        further=(survey.name,),
        counted=counted,
        figures=_figures(counted, counts),
        by_value=counts,
        most=max(counts.values(), default=0),
        typed=Typed({**words, **typed.values}, typed.errors),
        link=link,
        may_write=principal.may("surveys:write"),
        may_invite=principal.may("surveys:invite") and survey.closed_at is None,
        may_read_reviews=principal.may("reviews:read"),
        kinds=KIND_WORDS,
        languages=LANGUAGES,
        templates=TEMPLATES,
        surveys_path=SURVEYS,
        day=_day,
        **await _shown(tx, survey),
    )


async def _shown(tx: Tx, survey: Survey) -> dict[str, Any]:
    """Return what the preview shows, and the limits of the form."""
    tenant = await tenants.name_of(tx, survey.tenant_id) or survey.tenant_id
    lines = {"required": True, "maxlength": MAX_LINE_CHARS}
    return {
        "form_labels": LABELS,
        "stylesheet": STATIC.url("survey.css"),
        "preview": form_context(survey, survey.brand or tenant),
        "brand_limits": {"maxlength": MAX_BRAND_CHARS},
        "line_limits": lines,
        "question_limits": {**lines, "rows": 2, "class": "short"},
        "thanks_limits": {**lines, "maxlength": MAX_THANKS_CHARS, "rows": 4},
        "brand_hint": f"As customers know you. If empty: {isolated(tenant)}.",
    }


def _draft(principal: Principal, template: str, kind: str, language: str) -> Survey:
    """Return a survey that is not made yet, with the words of a template; a choice that there is not is the first."""
    chosen, asked = _one_of(Template, template, Template.SHOP), _one_of(Kind, kind, Kind.STARS)
    asked = asked if asked in KINDS else Kind.STARS
    spoken = _one_of(Language, language, Language.ENGLISH)
    now = datetime.fromtimestamp(0, UTC)
    return Survey(
        tenant_id=principal.tenant_id,
        id=UUID(int=0),
        name="",
        subject="",
        template=chosen,
        kind=asked,
        language=spoken,
        brand=None,
        wording=wording_of(chosen, spoken, asked),
        closed_at=None,
        invited=0,
        created_at=now,
        changed_at=now,
    )


def _one_of(words: type[Word], text: str, otherwise: Word) -> Word:
    return words(text) if text in set(words) else otherwise


def _previewed(survey: Survey, form: Mapping[str, str]) -> Survey:
    return replace(survey, brand=form["brand"].strip()[:MAX_BRAND_CHARS] or None, wording=_wording(form))


def _wording(form: Mapping[str, str]) -> Wording:
    return Wording(**{name: form[name] for name in _WORDS if name != "brand"})


def _errors(form: Mapping[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    try:
        checked_name(form["name"])
    except WrongInputError as error:
        errors["name"] = sentence(error)
    if not is_subject(form["subject"]):
        errors["subject"] = sentence(SUBJECT_RULE)
    return errors


def _word_errors(form: Mapping[str, str]) -> dict[str, str]:
    return {field: sentence(reason) for field, reason in wrong_words(_wording(form), form["brand"]).items()}


def _counts(kind: Kind, ratings: Mapping[float, int]) -> dict[int, int]:
    """Return how many responses chose each value."""
    scale = DEFAULT_SCALES[kind]
    return {value: ratings.get(to_stars(value, scale, kind), 0) for value in choices(kind)}


def _figures(counted: Counted, counts: Mapping[int, int]) -> list[tuple[str, str, str]]:
    survey, number = counted.survey, sum(counts.values())
    share = f"{counted.responses / survey.invited:.0%}" if survey.invited else "–"
    mean = f"{sum(value * count for value, count in counts.items()) / number:.1f}" if number else "–"
    figures = [
        (f"{survey.invited:,}", "invited", ""),
        (f"{counted.responses:,}", "responded", ""),
        (share, "of those invited", ""),
        (mean, f"on average, of {max(choices(survey.kind))}", ""),
    ]
    if survey.kind is Kind.NPS and number:
        above = sum(count for value, count in counts.items() if value >= 9)
        below = sum(count for value, count in counts.items() if value <= 6)
        figures.append((f"{100 * (above - below) / number:+.0f}", "NPS: 9 and 10 less 0 to 6, in percent", ""))
    return figures


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %B %Y}"
