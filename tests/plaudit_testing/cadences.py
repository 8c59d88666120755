"""Cadences on a real database: events go to their handlers as the runner brings them, time goes where the test says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from plaudit.alerting.cadences.consumer import BOARD_EVENTS, CUSTOMER_EVENTS, REVIEW_EVENTS, SCORE_EVENTS
from plaudit.alerting.cadences.jobs.cadence_job import CadenceJob, ReplanJob
from plaudit.common.contracts import Envelope
from plaudit.common.db import lock
from plaudit.common.kafka.subscription import Record, Subscription

MONDAY = datetime(2026, 3, 2, 7, tzinfo=UTC)
"""A Monday, two hours before the digest."""
ANN = "native:ann"


def on(days: float, hours: float = 0) -> datetime:
    """Return an instant by days and hours after the beginning."""
    return MONDAY + timedelta(days=days, hours=hours)


@dataclass
class Cadence:
    """Alerting in this process, as far as cadences go."""

    stage: Any
    tenant: str = "default"
    sequence: int = 0
    revisions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.job = CadenceJob(self.stage.resources)
        self.replans = ReplanJob(self.stage.resources)

    def customer(
        self, kind: str, at: datetime, *, person: str = ANN, received: datetime | None = None, **more: Any
    ) -> Record[Any]:
        """Return the record of an event about a customer."""
        if kind == "erased":
            data = {"erasure_id": "e-1", "person": person, "erased_at": at}
        else:
            data = {"event_id": str(uuid4()), "person": person, "subject": "acme/berlin", "happened_at": at}
            data |= {"received_at": received or at, **more}
        return self._record(CUSTOMER_EVENTS, f"customer.{kind}", data, received or at)

    def review(
        self,
        after: Mapping[str, Any] | None,
        at: datetime,
        *,
        before: Mapping[str, Any] | None = None,
        review_id: str = "review-1",
        kind: str = "review.created",
        **more: Any,
    ) -> Record[Any]:
        """Return the record of a review's change."""
        number = self.revisions[review_id] = self.revisions.get(review_id, 0) + 1
        data = {"review_id": review_id, "revision": number, "before": before, "after": after, **more}
        return self._record(REVIEW_EVENTS, kind, data, at)

    async def told(self, kind: str, at: datetime, **more: Any) -> None:
        """Something happened with a customer, and alerting reads of it."""
        await self.reads(CUSTOMER_EVENTS, [self.customer(kind, at, **more)])

    async def reviewed(self, at: datetime, **more: Any) -> None:
        """A customer has written a review."""
        await self.reads(REVIEW_EVENTS, [self.review(state(at, **more), at)])

    async def scored(self, subject: str, number: int, score: float | None, count: int = 10) -> None:
        """The score of a subject has changed."""
        await self.reads(SCORE_EVENTS, [self.score(subject, number, score, count)])

    def score(self, subject: str, number: int, score: float | None, count: int = 10) -> Record[Any]:
        """Return the record of a score."""
        data = {"subject": subject, "number": number, "profiles": {"trust": {"score": score, "count": count}}}
        return self._record(SCORE_EVENTS, "score.changed", data, MONDAY)

    async def requested(self, request_id: str, status: str, votes: int, title: str = "Dark mode") -> None:
        """A request of the board has changed."""
        await self.reads(BOARD_EVENTS, [self.request(request_id, status, votes, title)])

    def request(self, request_id: str, status: str, votes: int, title: str = "Dark mode") -> Record[Any]:
        """Return the record of a request."""
        request = {"request_id": request_id, "title": title, "status": status, "votes": votes, "created_at": MONDAY}
        return self._record(BOARD_EVENTS, "request.created", {"request": request}, MONDAY)

    async def reads(self, subscription: Subscription[Any], records: Sequence[Record[Any]]) -> None:
        """Alerting reads a batch: locks, then the handler, in one transaction."""
        async with self.stage.worker.transaction() as tx:
            await lock(tx, {key for record in records for key in subscription.order_keys(record)})
            assert await subscription.handler()(tx, records) == ()

    async def goes_to(self, moment: datetime) -> None:
        """Time goes on to a moment, and the job has its turns whenever something comes due on the way."""
        while True:
            [row] = await self.stage.rows(
                "SELECT min(due_at) AS due_at FROM occurrences WHERE failed_at IS NULL AND due_at <= $1", moment
            )
            await self.stage.move_to(min(moment, row["due_at"] or moment))
            while await self.job.turn():
                pass
            if row["due_at"] is None:
                return

    async def wakes_at(self, moment: datetime) -> None:
        """The job was down until a moment."""
        await self.stage.move_to(moment)
        while await self.job.turn():
            pass

    async def touchpoints(self, *, rule: str | None = None) -> list[tuple[str, str, str | None, str]]:
        """What became of occurrences: local date, state, reason and step, in order."""
        rows = await self.stage.rows(
            "SELECT local_date, state, why, step FROM touchpoints WHERE $1::text IS NULL OR rule = $1 "
            "ORDER BY local_date, rule, step",
            rule,
        )
        return [(f"{row['local_date']:%m-%d}", row["state"], row["why"], row["step"]) for row in rows]

    async def pending(self) -> list[tuple[str, str]]:
        """What is to come for customers: rule and local date."""
        rows = await self.stage.rows("SELECT rule, local_date FROM occurrences WHERE person <> '' ORDER BY 2, 1")
        return [(row["rule"], f"{row['local_date']:%m-%d}") for row in rows]

    def _record(self, subscription: Subscription[Any], kind: str, data: Mapping[str, Any], at: datetime) -> Record[Any]:
        self.sequence += 1
        event = Envelope(
            specversion="1.0",
            id=str(uuid4()),
            source="/plaudit/test",
            type=kind,
            time=at,
            subject="acme",
            tenant=self.tenant,
            datacontenttype="application/json",
            data=msgspec.json.decode(msgspec.json.encode(data), type=subscription.data),
            epoch="1",
            sequence=f"{self.sequence:020d}",
        )
        return Record(event=event, partition=0, offset=self.sequence - 1, sequence=self.sequence, epoch=1)


def state(at: datetime, *, rating: float = 5.0, person: str | None = ANN, **more: Any) -> dict[str, Any]:
    """Return a review's state, as far as cadences read it."""
    base = {"subject": "acme/berlin", "kind": "stars", "rating": rating, "published_at": at, "rated_at": at}
    return base | {"person": person} | more
