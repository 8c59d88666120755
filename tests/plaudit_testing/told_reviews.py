"""Reviews as ingest tells of them on Kafka, for tests of whoever reads them there."""

from asyncio import Future
from collections import Counter
from datetime import datetime

import msgspec
from aiokafka import AIOKafkaProducer

from plaudit.common.contracts import Envelope, ReviewChange, ReviewState
from plaudit.common.contracts.envelope import CONTENT_TYPE
from plaudit.common.events.partitioning import partition_of

PARTITIONS = 8


class Ingest:
    """Writes reviews as ingest does: numbered without gaps, one key for all of a subject's first segment."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.producer = producer
        self.sequences: Counter[int] = Counter()
        self.revisions: Counter[tuple[str, str]] = Counter()

    async def publishes(
        self,
        kind: str,
        before: ReviewState | None,
        after: ReviewState | None,
        recorded: datetime,
        review_id: str = "review-1",
        tenant: str = "default",
    ) -> None:
        """Tell of a change, and wait until the broker has it."""
        await (await self.sends(kind, before, after, recorded, review_id, tenant))

    async def sends(
        self,
        kind: str,
        before: ReviewState | None,
        after: ReviewState | None,
        recorded: datetime,
        review_id: str = "review-1",
        tenant: str = "default",
    ) -> Future[object]:
        """Tell of a change, together with others; return what is done when the broker has it."""
        subject = (after or before).subject  # type: ignore[union-attr]
        self.revisions[tenant, review_id] += 1
        key = f"{tenant}/{subject.split('/')[0]}".encode()
        partition = partition_of(key, PARTITIONS)
        self.sequences[partition] += 1
        event = Envelope(
            specversion="1.0",
            id=f"event-{partition}-{self.sequences[partition]}",
            source="/plaudit/ingest",
            type=kind,
            time=recorded,
            subject=subject,
            tenant=tenant,
            datacontenttype="application/json",
            data=ReviewChange(
                review_id=review_id, revision=self.revisions[tenant, review_id], before=before, after=after
            ),
            epoch="1",
            sequence=f"{self.sequences[partition]:020d}",
        )
        headers = [("content-type", CONTENT_TYPE.encode())]
        return await self.producer.send(  # type: ignore[no-any-return] # the library is not typed
            "reviews.v1", msgspec.json.encode(event), key=key, partition=partition, headers=headers
        )
