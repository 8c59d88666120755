"""HTTP: what became of ratings."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from plaudit.alerting.reports.api.common import (
    EXAMPLE_LINE,
    TOO_MUCH,
    Accept,
    AskedOf,
    Reader,
    answered,
    lines_of_report,
)
from plaudit.alerting.reports.domain.asked import (
    OF_REVIEWS,
)
from plaudit.alerting.reports.domain.effects import Bucket, Effect, Effects
from plaudit.alerting.reports.domain.groups import Key, Report
from plaudit.alerting.reports.schemas import (
    EFFECT_FIELDS,
    EffectsReportOut,
    effect_out,
    effect_row,
    effects_out,
    head_of,
)
from plaudit.alerting.reports.store.effects import effects_of_answers
from plaudit.common.http import (
    TenantTx,
)
from plaudit.common.http.files import accepted, content_of_file

router = APIRouter(tags=["reports"])


@router.get(
    "/v1/reports/effects",
    response_model=EffectsReportOut,
    responses={200: {"content": content_of_file(head_of([], EFFECT_FIELDS), EXAMPLE_LINE)}},
    summary="Read what became of ratings",
    openapi_extra=TOO_MUCH,
)
async def read_answer_effects(principal: Reader, tx: TenantTx, asked: AskedOf, accept: Accept = "") -> Response:
    """Return what became of the ratings of negative reviews that were published in a time, by how soon we answered.

    A review counts that had one or two stars when it was answered, or has had and is not answered. Its wait counts from
    when it got that rating; it is raised if its rating now is a star higher, or more. Reviews that are removed do not
    count. It can be told by `source`, `severity`, `subject`, `week` and `month` (of the publication).

    It is no proof that answers caused it: reviews that are answered soon may differ from others.
    """
    of = asked.asked(tx.now, offered=OF_REVIEWS)
    report = await effects_of_answers(tx, principal.tenant_id, of)
    lines = lines_of_effects(report)

    def line(each: tuple[Key, Bucket, Effect]) -> BaseModel:
        return effect_out(each[1], each[2])

    return answered(
        effects_out(of, report),
        asked.form or accepted(accept),
        "effects",
        head_of(of.by, EFFECT_FIELDS),
        lines,
        line,
        lambda each: effect_row(of, *each),
    )


def lines_of_effects(report: Report[Effects]) -> list[tuple[Key, Bucket, Effect]]:
    """Return each bucket of each group of a report."""
    return [
        (group.key, bucket, effect)
        for group in lines_of_report(report)
        for bucket, effect in group.figures.buckets.items()
    ]
