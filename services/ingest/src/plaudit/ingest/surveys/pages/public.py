"""The public page of an invitation. Looking at it changes nothing: programs that check mails open every link in them.

The token in the address is all that a visitor has: there are no cookies and no scripts. The same page answers to a
token that is malformed, unknown, or signed by nobody.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from msgspec.structs import replace
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Role
from plaudit.common.http import resources
from plaudit.common.http.auth import anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.http.origin import is_from_our_page
from plaudit.common.observability import tracing
from plaudit.common.outbox import UnitOfWork
from plaudit.common.pages import Pages
from plaudit.common.pages.static import StaticFiles
from plaudit.common.process import Resources
from plaudit.common.rate_limits import Limit, LimitExceededError, spend
from plaudit.common.vault import Vault
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.sources.domain import KeyedSource, UnopenedSecretError
from plaudit.ingest.surveys import commands, store
from plaudit.ingest.surveys.api import PATH
from plaudit.ingest.surveys.commands import Taken
from plaudit.ingest.surveys.domain.invitations import Invitation, Standing, standing
from plaudit.ingest.surveys.domain.links import Link, is_signed, link_keys, read_token, token_hash
from plaudit.ingest.surveys.domain.responses import (
    MAX_TEXT_CHARS,
    InvalidResponseError,
    SurveyResponse,
    chosen,
    delivery_of,
    read_response,
)
from plaudit.ingest.surveys.domain.survey import Survey, with_brand
from plaudit.ingest.surveys.pages.wording import WORDS, Message, choices_of, day_of, preferred

LIMIT_KIND: Final = "survey"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every page: what its address holds is told to nobody else, and kept by no cache."""
MAX_BODY_BYTES: Final = 65_536
"""Of a form: a text of the greatest length, each character of it spelled by escapes."""
MAX_TYPED_CHARS: Final = 10 * MAX_TEXT_CHARS
"""Of a text that is shown again, to be shortened."""
UNOPENED_RETRY_SECONDS: Final = 60
"""After which a link may be opened again that could not be checked."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
site: Final = Pages("plaudit.ingest.surveys")
STATIC: Final = StaticFiles.of_package("plaudit.ingest.surveys.pages", "/survey-static")

IngestResources = Annotated[Resources[IngestSettings], Depends(resources)]


@dataclass(frozen=True)
class Visit:
    """What a link leads to, and when it was opened."""

    survey: Survey
    invitation: Invitation
    source: KeyedSource
    tenant_name: str
    now: datetime

    @property
    def brand(self) -> str:
        """Whoever asks."""
        return self.survey.brand or self.tenant_name

    @property
    def standing(self) -> Standing:
        """What the link leads to now. While its source is paused, a survey takes nothing, as if it were closed."""
        return standing(self.invitation, self.survey.closed_at or self.source.paused_at, self.now)


async def find_visit(request: Request, token: str, parts: IngestResources, vault: OpenedVault) -> Visit:
    """Return what the token in the address leads to.

    Raises:
        AnswerInsteadError: 404 as a page, the token is none of ours; 503, nobody knows at present.
    """
    link = read_token(token)
    try:
        visit = None if link is None else await _find(link, token, parts, vault)
    except UnopenedSecretError:
        page = _nameless(request, HTTPStatus.SERVICE_UNAVAILABLE)
        page.headers["Retry-After"] = str(UNOPENED_RETRY_SECONDS)
        raise AnswerInsteadError(page) from None
    if visit is None:
        raise AnswerInsteadError(_unknown(request))
    return visit


CurrentVisit = Annotated[Visit, Depends(find_visit)]


async def _find(link: Link, token: str, parts: Resources[IngestSettings], vault: Vault) -> Visit | None:
    async with parts.database(Role.HOOK).transaction() as tx:
        source = await sources.find(tx, link.survey_id, vault)
        if source is None or not is_signed(link, link_keys(source.proving)):
            return None
        found = await store.find(tx, link.survey_id, link.invitation_id)
        if found is None or not hmac.compare_digest(found.invitation.token_hash, token_hash(token)):
            return None
        return Visit(found.survey, found.invitation, source, found.tenant_name, tx.now)


@router.get(f"{PATH}{{token}}")
async def show_survey(visit: CurrentVisit, r: Annotated[str, Query()] = "") -> Response:
    """Show the survey; `r` chooses a value, as links in mails do. Nothing is stored."""
    return _form(visit, rating=r) if visit.standing is Standing.OPEN else _ended(visit)


@router.post(f"{PATH}{{token}}")
async def respond(
    request: Request,
    visit: CurrentVisit,
    token: str,
    parts: IngestResources,
    rating: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Take the response, once. The same form sent again is answered as the first time."""
    words = WORDS[visit.survey.language]
    if is_from_our_page(request) is False:
        return _message(visit, words.elsewhere, HTTPStatus.FORBIDDEN)
    if visit.standing in {Standing.CLOSED, Standing.EXPIRED}:
        return _ended(visit)
    try:
        response = read_response(visit.survey.kind, rating, text)
    except InvalidResponseError as error:
        if visit.standing is Standing.RESPONDED:
            return _ended(visit)
        return _form(visit, rating=rating, text=text[:MAX_TYPED_CHARS], error=error.rule)
    await _count(request, visit, parts)
    taken = await _take(visit, response, parts)
    if taken in {Taken.NEW, Taken.SAME}:
        return RedirectResponse(f"{PATH}{token}", int(HTTPStatus.SEE_OTHER), headers=HEADERS)
    return _message(visit, words.other, HTTPStatus.CONFLICT) if taken is Taken.OTHER else _unknown(request)


async def _count(request: Request, visit: Visit, parts: Resources[IngestSettings]) -> None:
    """Count a response against the limit of the visitor's network, also one that is not taken.

    Raises:
        AnswerInsteadError: 429 as a page, too many came from there within this hour.
    """
    settings = parts.settings
    network = network_of(request, settings.trusted_proxies, visit.source.person_key)
    limit = Limit(LIMIT_KIND, network, settings.survey_responses_per_hour_per_network)
    try:
        async with parts.database(Role.API).transaction(visit.source.tenant_id) as tx:
            await spend(tx, visit.source.tenant_id, limit)
    except LimitExceededError as error:
        page = _message(visit, WORDS[visit.survey.language].busy, HTTPStatus.TOO_MANY_REQUESTS)
        page.headers["Retry-After"] = str(error.retry_after_seconds)
        raise AnswerInsteadError(page) from error


async def _take(visit: Visit, response: SurveyResponse, parts: Resources[IngestSettings]) -> Taken:
    invitation, source = visit.invitation, visit.source
    delivery = delivery_of(
        response,
        invitation,
        visit.survey.kind,
        source,
        delivery_id=str(parts.ids()),
        responded_at=visit.now,
        traceparent=tracing.current_traceparent(),
    )
    database = parts.database(Role.HOOK)
    async with database.driver_transaction(source.tenant_id, order_keys=delivery.order_keys) as tx:
        work = UnitOfWork(tx, parts.outbox, parts.ids)
        delivery = replace(delivery, rules=await sorting_rules.rules_of(tx, source.tenant_id))
        return await commands.take_response(work, delivery, invitation.id, response)


def form_context(survey: Survey, brand: str, rating: str = "", text: str = "", error: str = "") -> dict[str, Any]:
    """Return what the template of a survey's form shows.

    Args:
        survey: whose words.
        brand: whoever asks.
        rating: as it was chosen or typed into the address.
        text: as it was typed.
        error: the rule that was broken, empty for none.
    """
    words = WORDS[survey.language]
    worst, best = words.ends[survey.kind]
    return {
        "survey": survey,
        "language": survey.language,
        "brand": brand,
        "asked": with_brand(survey.wording, brand),
        "words": words,
        "choices": choices_of(survey.kind, survey.language),
        "worst": worst,
        "best": best,
        "chosen": chosen(survey.kind, rating),
        "text": text,
        "error": words.errors[error] if error else "",
        "error_field": "text" if error == "too_long" else "rating" if error else "",
        "private": words.private.format(brand=brand),
        "max_text": MAX_TEXT_CHARS,
    }


def _form(visit: Visit, *, rating: str = "", text: str = "", error: str = "") -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    context = form_context(visit.survey, visit.brand, rating, text, error)
    return _page("survey.html", status, **context)


def _ended(visit: Visit) -> Response:
    """Answer for a link that takes no response any more, and say why."""
    words, language = WORDS[visit.survey.language], visit.survey.language
    if visit.standing is Standing.RESPONDED:
        asked = with_brand(visit.survey.wording, visit.brand)
        return _page(
            "survey_thanks.html",
            HTTPStatus.OK,
            language=language,
            brand=visit.brand,
            skip=words.skip,
            title=asked.title,
            thanks=asked.thanks,
            hint=words.responded_on.format(day=day_of(visit.invitation.responded_at or visit.now, language)),
        )
    message = words.closed if visit.standing is Standing.CLOSED else words.expired
    return _message(visit, message, HTTPStatus.GONE)


def _message(visit: Visit, message: Message, status: HTTPStatus) -> Response:
    invitation, language = visit.invitation, visit.survey.language
    day = invitation.responded_at or (visit.now if status is HTTPStatus.CONFLICT else invitation.expires_at)
    text = message.text.format(day=day_of(day, language), brand=visit.brand)
    return _page(
        "survey_message.html",
        status,
        language=language,
        brand=visit.brand,
        skip=WORDS[language].skip,
        title=message.title,
        text=text,
    )


def _unknown(request: Request) -> Response:
    return _nameless(request, HTTPStatus.NOT_FOUND)


def _nameless(request: Request, status: HTTPStatus) -> Response:
    """Answer where it is not known who asks: the link leads nowhere, or cannot be checked at present."""
    language = preferred(request.headers.get("accept-language", ""))
    words = WORDS[language]
    message = words.unknown if status is HTTPStatus.NOT_FOUND else words.unavailable
    return _page(
        "survey_message.html",
        status,
        language=language,
        brand="",
        skip=words.skip,
        title=message.title,
        text=message.text,
    )


def _page(template: str, status: HTTPStatus, **context: Any) -> Response:
    page = site.response(template, status=status, stylesheet=STATIC.url("survey.css"), **context)
    page.headers.update(HEADERS)
    return page
