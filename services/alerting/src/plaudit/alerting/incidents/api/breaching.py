"""HTTP: data breaches."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Response

from plaudit.alerting.incidents.api.common import (
    INCIDENTS,
    Following,
    IfMatch,
    IncidentId,
    Writer,
    etag_of,
    numbers_of,
)
from plaudit.alerting.incidents.commands import breach, reading
from plaudit.alerting.incidents.domain.breach import counted
from plaudit.alerting.incidents.domain.incident import (
    Incident,
)
from plaudit.alerting.incidents.schemas.breaches import (
    A_BREACH,
    A_NOTICE,
    AffectedIn,
    AuthorityIn,
    AwarenessIn,
    BreachIn,
    NoticeIn,
    PeopleToldIn,
)
from plaudit.alerting.incidents.schemas.incidents import A_DUE, IncidentInFullOut, in_full_out
from plaudit.alerting.incidents.schemas.parts import A_KEY
from plaudit.common.http import (
    Work,
    describe,
)
from plaudit.common.http.openapi_examples import A_TIME

router = APIRouter(prefix=INCIDENTS, tags=["incidents"])


def _described(
    known: Mapping[str, object],
    *,
    revision: int = 3,
    notice: str = "running",
    also: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return what an endpoint of data breaches tells the document.

    Args:
        known: what its answer knows of the breach beyond that there is one.
        revision: of the incident in the answer.
        notice: how the clock of the notice stands in the answer.
        also: slug → status of its problems beyond those of every endpoint.
    """
    answer = {
        "kind": "data_breach",
        "revision": revision,
        "notice": {**A_DUE, "state": notice},
        "breach": {**A_BREACH, **known},
    }
    return describe(problems={"incident-refused": 409, **also}, headers=("ETag",), answer=answer)


async def _in_full(work: Work, incident: Incident, response: Response) -> IncidentInFullOut:
    response.headers["ETag"] = etag_of(incident)
    return in_full_out(await reading.in_full(work.tx, incident.tenant_id, incident.id))


@router.put(
    "/{incident_id}/breach", summary="Say that an incident is a data breach", openapi_extra=_described({}, revision=2)
)
async def declare_breach(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: BreachIn,
    response: Response,
    if_match: IfMatch = None,
) -> IncidentInFullOut:
    """Say since when it is known. The 72 hours run from then, around the clock; they are never paused."""
    declared = await breach.declare(
        work,
        principal.tenant_id,
        incident_id,
        body.breach(principal.tenant_id, incident_id),
        principal.actor,
        following,
        expected=numbers_of(if_match),
    )
    return await _in_full(work, declared, response)


@router.put(
    "/{incident_id}/breach/awareness",
    summary="Correct since when a data breach is known",
    openapi_extra=_described({}, also={"clock-refused": 409}),
)
async def correct_awareness(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: AwarenessIn,
    response: Response,
    if_match: IfMatch = None,
) -> IncidentInFullOut:
    """Correct the time that the 72 hours count from. Who did it, when and why stays in the logs."""
    corrected = await breach.correct_awareness(
        work,
        principal.tenant_id,
        incident_id,
        body.aware_at,
        body.reason,
        principal.actor,
        following,
        expected=numbers_of(if_match),
    )
    return await _in_full(work, corrected, response)


@router.put(
    "/{incident_id}/breach/notice",
    summary="Write the notice to the authority",
    openapi_extra=_described({**A_NOTICE, "missing": []}),
)
async def write_notice(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: NoticeIn,
    response: Response,
    if_match: IfMatch = None,
) -> IncidentInFullOut:
    """Write what the authority is told, as far as it is known. Each version stays in the log."""
    written = await breach.write_notice(
        work,
        principal.tenant_id,
        incident_id,
        body.model_dump(),
        principal.actor,
        following,
        expected=numbers_of(if_match),
    )
    return await _in_full(work, written, response)


@router.put(
    "/{incident_id}/breach/affected",
    summary="Count the people affected",
    openapi_extra=_described(
        {"affected": 312, "affected_by": "count", "affected_method": "Rows of the table of customers."}
    ),
)
async def count_affected(
    principal: Writer, work: Work, following: Following, incident_id: IncidentId, body: AffectedIn, response: Response
) -> IncidentInFullOut:
    """Note how many people are affected and how that is known, by a number or by a list that is not kept."""
    found = counted(body.count, body.by, body.method, body.people)
    noted = await breach.count_affected(work, principal.tenant_id, incident_id, found, principal.actor, following)
    return await _in_full(work, noted, response)


@router.post(
    "/{incident_id}/breach/authority",
    summary="Note that the authority has been notified",
    openapi_extra=_described(
        {
            "notified_at": A_TIME,
            "notified_channel": "portal",
            "notified_reference": "2026-0815",
            "notified_note": "First notice; the scope follows.",
            "notified_by": A_KEY,
        },
        also={"clock-refused": 409},
        notice="fulfilled",
    ),
)
async def notify_authority(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: AuthorityIn,
    response: Response,
    if_match: IfMatch = None,
) -> IncidentInFullOut:
    """Note when, by which way and under which reference; this fulfils the clock. It is noted once."""
    notified = await breach.notify_authority(
        work,
        principal.tenant_id,
        incident_id,
        **body.model_dump(),
        by=principal.actor,
        following=following,
        expected=numbers_of(if_match),
    )
    return await _in_full(work, notified, response)


@router.put(
    "/{incident_id}/breach/people",
    summary="Note how many people have been told",
    openapi_extra=_described(
        {"people_told": 290, "people_not_told": 22, "people_channel": "letter", "people_told_at": A_TIME}
    ),
)
async def tell_people(
    principal: Writer, work: Work, following: Following, incident_id: IncidentId, body: PeopleToldIn, response: Response
) -> IncidentInFullOut:
    """Note how many of the people affected have been told, and how many have not."""
    noted = await breach.tell_people(
        work,
        principal.tenant_id,
        incident_id,
        **body.model_dump(),
        by=principal.actor,
        following=following,
    )
    return await _in_full(work, noted, response)
