"""HTTP: clocks with their logs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.alerting.clocks import commands, store
from plaudit.alerting.clocks.commands import ByHand, Follower
from plaudit.alerting.clocks.domain import by_hand
from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.clocks.schemas import (
    ClockEventOut,
    ClockOut,
    ClockWithLogOut,
    FulfilIn,
    MoveOut,
    MovePreviewOut,
    ReasonIn,
    SettleIn,
)
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.db import SqlTx
from plaudit.common.http import (
    AnyText,
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
    not_found,
)

MAX_REVIEW_ID_CHARS: Final = 100

PROBLEMS: Final = {"clock-refused": "The clock cannot be changed so as it stands; the detail says what can be done."}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {ClockRefusedError: lambda error: conflict("clock-refused", str(error))}
"""What the rules refuse → the problem that the client gets."""
REFUSED: Final = describe(problems={"clock-refused": 409})

router = APIRouter(tags=["clocks"])
ClocksReader = Annotated[Principal, Depends(authorize("clocks:read"))]
ClocksWriter = Annotated[Principal, Depends(authorize("alerts:write"))]
Mover = Annotated[Principal, Depends(authorize("policies:write"))]
ClockId = Annotated[UUID, Path(description="The clock's id.")]


@router.get("/v1/clocks", summary="List clocks")
async def list_clocks(
    principal: ClocksReader,
    tx: TenantTx,
    paging: Paging,
    subject: SubjectFilter = None,
    state: Annotated[State | None, Query(description="Only those that stand so.")] = None,
    review_id: Annotated[
        AnyText | None, Query(max_length=MAX_REVIEW_ID_CHARS, description="Only those of this review.")
    ] = None,
    metric: Annotated[Metric | None, Query(description="Only those of this metric.")] = None,
) -> Page[ClockOut]:
    """Return clocks in the order of their due times."""
    after = paging.after(tuple[datetime, UUID])
    rows = await store.list_clocks(
        tx,
        principal.tenant_id,
        subject=subject,
        state=state,
        review_id=review_id,
        metric=metric,
        after=after,
        limit=paging.rows,
    )
    return paging.page(rows, lambda row: (row["due_at"], row["id"]), ClockOut.model_validate)


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


@router.post("/v1/clocks/move", summary="Move running clocks", status_code=202)
async def order_move(principal: Mover, work: Work, body: ReasonIn) -> MoveOut:
    """Move all running clocks to the policy and the calendars in force, in the background.

    A clock keeps its class by name. What has passed its new due time already is breached, and nobody is called for it.
    """
    return MoveOut.model_validate(await commands.order_move(work, principal.tenant_id, body.reason, principal.actor))


def changing(followers: Sequence[Follower]) -> APIRouter:
    """Return the endpoints by which people change a clock; the followers act on what happens to it."""
    hands = APIRouter(tags=["clocks"])

    async def change(work: Work, principal: Principal, clock_id: UUID, decide: ByHand) -> ClockWithLogOut:
        clock = await commands.change_by_hand(work, (principal.tenant_id, clock_id), decide, followers)
        if clock is None:
            raise not_found("clock")
        return await _clock_with_log(work.tx, principal.tenant_id, clock_id)

    @hands.post("/v1/clocks/{clock_id}/pause", summary="Pause a clock", openapi_extra=REFUSED)
    async def pause_clock(clock_id: ClockId, principal: ClocksWriter, work: Work, body: ReasonIn) -> ClockWithLogOut:
        """Stop the time of a running clock. A statutory one is never paused; one that is paused stays so."""
        by, reason = principal.actor, body.reason
        return await change(
            work, principal, clock_id, lambda run, terms, now: by_hand.pause(run, terms, at=now, reason=reason, by=by)
        )

    @hands.post("/v1/clocks/{clock_id}/resume", summary="Resume a clock", openapi_extra=REFUSED)
    async def resume_clock(clock_id: ClockId, principal: ClocksWriter, work: Work, body: ReasonIn) -> ClockWithLogOut:
        """Let the time of a paused clock go on. It is due as much later as it was paused, in open time."""
        by, reason = principal.actor, body.reason
        return await change(
            work, principal, clock_id, lambda run, _, now: by_hand.resume(run, at=now, reason=reason, by=by)
        )

    @hands.post("/v1/clocks/{clock_id}/fulfil", summary="Fulfil a clock", openapi_extra=REFUSED)
    async def fulfil_clock(clock_id: ClockId, principal: ClocksWriter, work: Work, body: FulfilIn) -> ClockWithLogOut:
        """Say that what was due happened, such as a personal contact, where no event told of it."""
        by = principal.actor
        return await change(
            work,
            principal,
            clock_id,
            lambda run, terms, now: by_hand.fulfil_alone(
                run, terms, at=body.happened_at, now=now, channel=body.channel, note=body.note, by=by
            ),
        )

    @hands.post("/v1/clocks/{clock_id}/settle", summary="Settle an unknown clock", openapi_extra=REFUSED)
    async def settle_clock(clock_id: ClockId, principal: ClocksWriter, work: Work, body: SettleIn) -> ClockWithLogOut:
        """Say of a clock of which nobody was told when what was due happened, or that it did not happen in time."""
        by, at = principal.actor, body.answered_at
        if at is None:
            decide: ByHand = lambda run, _terms, _now: by_hand.settle(run, note=body.note, by=by)  # noqa: E731
        else:
            decide = lambda run, _, now: by_hand.settle_answered(run, at=at, now=now, note=body.note, by=by)  # noqa: E731
        return await change(work, principal, clock_id, decide)

    return hands


async def _clock_with_log(tx: SqlTx, tenant_id: str, clock_id: UUID) -> ClockWithLogOut:
    row = await store.read_clock(tx, tenant_id, clock_id)
    if row is None:
        raise not_found("clock")
    log = await store.log_of(tx, tenant_id, clock_id)
    entries = [ClockEventOut.of(event, recorded_at) for event, recorded_at in log]
    return ClockWithLogOut.model_validate({**row, "log": entries})
