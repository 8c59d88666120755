"""HTTP: clocks with their logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy import RowMapping
from starlette.responses import StreamingResponse

from plaudit.alerting.clocks import commands, store
from plaudit.alerting.clocks.commands import ByHand, Changed, Follower
from plaudit.alerting.clocks.domain import by_hand
from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError
from plaudit.alerting.clocks.domain.filters import ClockFilters, Ownership, ownership_of
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.clocks.schemas import (
    HEAD,
    ClockEventOut,
    ClockOut,
    ClockWithLogOut,
    FulfilIn,
    MoveOut,
    MovePreviewOut,
    ReasonIn,
    SettleIn,
    csv_row,
)
from plaudit.alerting.people import store as people
from plaudit.alerting.people.api import fallback_of
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import Answers, Severity
from plaudit.common.db import Role, SqlTx, Tx
from plaudit.common.http import (
    AnyText,
    IdempotencyKeyHeader,
    Instant,
    Page,
    Paging,
    Principal,
    Refusals,
    SubjectFilter,
    TenantTx,
    Work,
    authorize,
    conflict,
    describe,
    list_apart,
    not_found,
    unprocessable,
)
from plaudit.common.http.files import ByteOrderMark, Format, Group, as_file, content_of_csv, written
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.parameters import parameters
from plaudit.common.http.problems import against_rule
from plaudit.common.idempotency import IdempotencyKey

MAX_REVIEW_ID_CHARS: Final = 100
MAX_ADDRESS_CHARS: Final = 254
EXPORTED_ROWS: Final = 500
"""Read at once for a file."""

PROBLEMS: Final = {"clock-refused": "The clock cannot be changed so as it stands; the detail says what can be done."}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {ClockRefusedError: lambda error: conflict("clock-refused", str(error))}
"""What the rules refuse → the problem that the client gets."""
_STARTED: Final = {
    "kind": "started",
    "happened_at": A_TIME,
    "recorded_at": A_TIME,
    "anchor_at": A_TIME,
    "policy_revision": 1,
    "reason": "published",
}
_BY_A_KEY: Final = {"happened_at": A_TIME, "recorded_at": A_TIME, "by": "key:vw3sajk26br3jcpn"}
_PAUSED: Final = {"kind": "paused", **_BY_A_KEY, "reason": "waits for the customer"}
_PAUSE: Final = {"from_at": A_TIME, "reason": "waits for the customer"}
EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "pause": {"state": State.PAUSED, "pauses": [_PAUSE], "log": [_STARTED, _PAUSED]},
    "resume": {
        "pauses": [{**_PAUSE, "to_at": A_TIME}],
        "log": [_STARTED, _PAUSED, {"kind": "resumed", **_BY_A_KEY, "reason": "waits for the customer"}],
    },
    "move": {},
    "fulfil": {
        "state": State.FULFILLED,
        "fulfilled_at": A_TIME,
        "log": [_STARTED, {"kind": "fulfilled", **_BY_A_KEY, "channel": "phone", "note": "Called, and apologised."}],
    },
    "settle": {
        "state": State.FULFILLED,
        "answers": Answers.UNTOLD,
        "fulfilled_at": A_TIME,
        "log": [
            _STARTED,
            {"kind": "warned", "happened_at": A_TIME, "recorded_at": A_TIME, "fraction": 0.5, "collapsed": True},
            {"kind": "warned", "happened_at": A_TIME, "recorded_at": A_TIME, "fraction": 0.8, "collapsed": True},
            {"kind": "unknown", "happened_at": A_TIME, "recorded_at": A_TIME},
            {"kind": "fulfilled", **_BY_A_KEY, "note": "Looked it up."},
        ],
    },
}
"""What a person does to a clock → what differs in the example of the answer."""


def _refused(example: str) -> dict[str, Any]:
    return describe(problems={"clock-refused": 409}, headers=("Idempotent-Replayed",), answer=EXAMPLES[example])


router = APIRouter(tags=["clocks"])
ClocksReader = Annotated[Principal, Depends(authorize("clocks:read"))]
ClocksWriter = Annotated[Principal, Depends(authorize("alerts:write"))]
Mover = Annotated[Principal, Depends(authorize("policies:write"))]
ClockId = Annotated[UUID, Path(description="The clock's id.")]


@dataclass(frozen=True)
class FilterParameters:
    """Which clocks are asked for."""

    subject: SubjectFilter = None
    state: Annotated[State | None, Query(description="Only those that stand so.")] = None
    review_id: Annotated[
        AnyText | None, Query(max_length=MAX_REVIEW_ID_CHARS, description="Only those of this review.")
    ] = None
    metric: Annotated[Metric | None, Query(description="Only those of this metric.")] = None
    source_id: Annotated[UUID | None, Query(description="Only those of reviews of this source.")] = None
    severity: Annotated[Severity | None, Query(description="Only those of reviews that are so bad.")] = None
    owner: Annotated[
        AnyText | None,
        Query(
            max_length=MAX_ADDRESS_CHARS,
            description="Only those of subjects that this person answers for, by the address.",
        ),
    ] = None
    due_after: Annotated[Instant | None, Query(description="Only those due then or later.")] = None
    due_before: Annotated[Instant | None, Query(description="Only those due before then.")] = None

    def filters(self, ownership: Ownership | None) -> ClockFilters:
        """Return them as stores take them.

        Raises:
            Problem: 422 `invalid-request`, when nobody has this address.
        """
        if ownership is not None and self.owner not in ownership.addresses:
            rule = f"Nobody answers for clocks at this address; there are {', '.join(ownership.addresses)}."
            named = against_rule("query", "/owner", "unknown_owner", rule)
            raise unprocessable("invalid-request", "There is no such owner; `errors` says who there is.", [named])
        return ClockFilters(
            subject=self.subject,
            state=self.state,
            review_id=self.review_id,
            metric=self.metric,
            source_id=None if self.source_id is None else str(self.source_id),
            severity=self.severity,
            due_after=self.due_after,
            due_before=self.due_before,
            owner=None if ownership is None or self.owner is None else (ownership, self.owner),
        )


AskedFilters = Annotated[FilterParameters, Depends(parameters(FilterParameters))]


@router.get("/v1/clocks", summary="List clocks")
async def list_clocks(
    request: Request, principal: ClocksReader, tx: TenantTx, paging: Paging, asked: AskedFilters
) -> Page[ClockOut]:
    """Return clocks in the order of their due times."""
    after = paging.after(tuple[datetime, UUID])
    filters = await _filters(request, tx, principal, asked)
    rows = await store.list_clocks(tx, principal.tenant_id, filters, after=after, limit=paging.rows)
    return paging.page(rows, lambda row: (row["due_at"], row["id"]), ClockOut.model_validate)


@router.get(
    "/v1/clocks.csv",
    response_class=StreamingResponse,
    responses={200: {"content": content_of_csv(HEAD)}},
    summary="Export clocks",
)
async def export_clocks(
    request: Request, principal: ClocksReader, tx: TenantTx, asked: AskedFilters, byte_order_mark: ByteOrderMark = False
) -> StreamingResponse:
    """Export as CSV (RFC 4180) all clocks that a list with these filters holds; there is no limit to their number.

    The columns are named and mean what the fields of `GET /v1/clocks` are and mean; `paused` says whether its time
    stands still. Instants are in UTC (ISO 8601), what there is not is empty, and a text that a spreadsheet could take
    for a formula has a quote in front.
    """
    filters, tenant_id = await _filters(request, tx, principal, asked), principal.tenant_id
    read = partial(store.list_clocks, tenant_id=tenant_id, filters=filters, limit=EXPORTED_ROWS)

    async def read_after(last: RowMapping, tx: SqlTx) -> Sequence[RowMapping]:
        return await read(tx, after=(last["due_at"], last["id"]))

    database = request.app.state.resources.database(Role.API)
    parts = list_apart(database, tenant_id, await read(tx), read_after, EXPORTED_ROWS)
    groups = (Group(found, ClockOut.model_validate, csv_row) async for found in parts)
    pieces = written(groups, HEAD, Format.CSV, byte_order_mark=byte_order_mark)
    return as_file(pieces, "clocks", Format.CSV)


@router.get("/v1/clocks/{clock_id}", summary="Read a clock")
async def read_clock(
    clock_id: Annotated[UUID, Path(description="The clock's id.")], principal: ClocksReader, tx: TenantTx
) -> ClockWithLogOut:
    """Return one clock with its log."""
    return await _clock_with_log(tx, principal.tenant_id, clock_id)


@router.get("/v1/clocks/moves/{move_id}", summary="Read how far a move of clocks has come")
async def read_move(
    move_id: Annotated[UUID, Path(description="The move's id.")], principal: ClocksReader, tx: TenantTx
) -> MoveOut:
    """Return one order to move running clocks."""
    move = await store.read_move(tx, principal.tenant_id, move_id)
    if move is None:
        raise not_found("move")
    return MoveOut.model_validate(move)


@router.post("/v1/clocks/move/preview", summary="Preview a move of running clocks")
async def preview_move(principal: Mover, tx: TenantTx) -> MovePreviewOut:
    """Say what moving all running clocks to the policy and the calendars in force would do. It changes nothing."""
    return MovePreviewOut.model_validate((await commands.preview_move(tx, principal.tenant_id))._asdict())


@router.post(
    "/v1/clocks/move",
    summary="Move running clocks",
    status_code=202,
    openapi_extra=describe(headers=("Idempotent-Replayed",), body={"reason": "new opening hours"}),
)
async def order_move(
    principal: Mover, work: Work, body: ReasonIn, response: Response, idempotency_key: IdempotencyKeyHeader
) -> MoveOut:
    """Move all running clocks to the policy and the calendars in force, in the background.

    A clock keeps its class by name. What has passed its new due time already is breached, and nobody is called for it.
    """
    once = _once(idempotency_key, "move", body)
    move, already = await commands.order_move(work, principal.tenant_id, body.reason, principal.actor, once=once)
    if already:
        response.headers["Idempotent-Replayed"] = "true"
    return MoveOut.model_validate(move)


@dataclass(frozen=True, slots=True)
class Order:
    """What comes with every order of a person about a clock."""

    principal: Principal
    work: Work
    response: Response
    key: str | None

    def once(self, clock_id: UUID, verb: str, body: BaseModel) -> IdempotencyKey | None:
        """Return the key under which a repeat of this order changes nothing, if it came with one."""
        return _once(self.key, f"{clock_id}/{verb}", body)


async def order_of(
    principal: ClocksWriter, work: Work, response: Response, idempotency_key: IdempotencyKeyHeader
) -> Order:
    """Return what comes with an order."""
    return Order(principal, work, response, idempotency_key)


Ordered = Annotated[Order, Depends(order_of)]


def changing(followers: Sequence[Follower]) -> APIRouter:
    """Return the endpoints by which people change a clock; the followers act on what happens to it."""
    hands = APIRouter(tags=["clocks"])

    async def change(clock_id: UUID, order: Order, decide: ByHand, once: IdempotencyKey | None) -> ClockWithLogOut:
        key = order.principal.tenant_id, clock_id
        changed = await commands.change_by_hand(order.work, key, decide, followers, once=once)
        return await _changed_clock(clock_id, order, changed)

    @hands.post("/v1/clocks/{clock_id}/pause", summary="Pause a clock", openapi_extra=_refused("pause"))
    async def pause_clock(clock_id: ClockId, order: Ordered, body: ReasonIn) -> ClockWithLogOut:
        """Stop the time of a running clock. A statutory one is never paused; one that is paused stays so."""
        by, reason = order.principal.actor, body.reason
        return await change(
            clock_id,
            order,
            lambda run, terms, now: by_hand.pause(run, terms, at=now, reason=reason, by=by),
            order.once(clock_id, "pause", body),
        )

    @hands.post("/v1/clocks/{clock_id}/resume", summary="Resume a clock", openapi_extra=_refused("resume"))
    async def resume_clock(clock_id: ClockId, order: Ordered, body: ReasonIn) -> ClockWithLogOut:
        """Let the time of a paused clock go on. It is due as much later as it was paused, in open time."""
        by, reason = order.principal.actor, body.reason
        return await change(
            clock_id,
            order,
            lambda run, _, now: by_hand.resume(run, at=now, reason=reason, by=by),
            order.once(clock_id, "resume", body),
        )

    @hands.post("/v1/clocks/{clock_id}/move", summary="Move a clock", openapi_extra=_refused("move"))
    async def move_clock(clock_id: ClockId, order: Ordered, body: ReasonIn) -> ClockWithLogOut:
        """Move one running clock to the policy and the calendars in force; one that is under them already stays.

        If it has passed its new due time already, it is breached, and nobody is called for it.
        """
        return await _changed_clock(
            clock_id,
            order,
            await commands.move_by_hand(
                order.work,
                (order.principal.tenant_id, clock_id),
                followers,
                reason=body.reason,
                by=order.principal.actor,
                once=order.once(clock_id, "move", body),
            ),
        )

    @hands.post("/v1/clocks/{clock_id}/fulfil", summary="Fulfil a clock", openapi_extra=_refused("fulfil"))
    async def fulfil_clock(clock_id: ClockId, order: Ordered, body: FulfilIn) -> ClockWithLogOut:
        """Say that what was due happened, such as a personal contact, where no event told of it."""
        by = order.principal.actor
        return await change(
            clock_id,
            order,
            lambda run, terms, now: by_hand.fulfil_alone(
                run, terms, at=body.happened_at, now=now, channel=body.channel, note=body.note, by=by
            ),
            order.once(clock_id, "fulfil", body),
        )

    @hands.post("/v1/clocks/{clock_id}/settle", summary="Settle an unknown clock", openapi_extra=_refused("settle"))
    async def settle_clock(clock_id: ClockId, order: Ordered, body: SettleIn) -> ClockWithLogOut:
        """Say of a clock of which nobody was told when what was due happened, or that it did not happen in time."""
        by, at = order.principal.actor, body.answered_at
        if at is None:
            decide: ByHand = lambda run, _terms, _now: by_hand.settle(run, note=body.note, by=by)  # noqa: E731
        else:
            decide = lambda run, _, now: by_hand.settle_answered(run, at=at, now=now, note=body.note, by=by)  # noqa: E731
        return await change(clock_id, order, decide, order.once(clock_id, "settle", body))

    return hands


def _once(key: str | None, verb: str, body: BaseModel) -> IdempotencyKey | None:
    if key is None:
        return None
    return IdempotencyKey(f"clocks:{key}", sha256(f"{verb}\n{body.model_dump_json()}".encode()).digest())


async def _changed_clock(clock_id: UUID, order: Order, changed: Changed | None) -> ClockWithLogOut:
    if changed is None:
        raise not_found("clock")
    if changed.already:
        order.response.headers["Idempotent-Replayed"] = "true"
    return await _clock_with_log(order.work.tx, order.principal.tenant_id, clock_id)


async def _clock_with_log(tx: SqlTx, tenant_id: str, clock_id: UUID) -> ClockWithLogOut:
    row = await store.read_clock(tx, tenant_id, clock_id)
    if row is None:
        raise not_found("clock")
    log = await store.log_of(tx, tenant_id, clock_id)
    entries = [ClockEventOut.of(event, recorded_at) for event, recorded_at in log]
    return ClockWithLogOut.model_validate({**row, "log": entries})


async def ownership(request: Request, tx: Tx, tenant_id: str) -> Ownership:
    """Return whose clocks of a tenant are whose."""
    return ownership_of((await people.load(tx, [tenant_id]))[tenant_id], fallback_of(request))


async def _filters(request: Request, tx: SqlTx, principal: Principal, asked: FilterParameters) -> ClockFilters:
    if asked.owner is None:
        return asked.filters(None)
    return asked.filters(await ownership(request, tx, principal.tenant_id))
