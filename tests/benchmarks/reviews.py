"""Invented reviews: as webhook bodies and as events on the bus. The same seed gives the same reviews."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID, uuid5

from plaudit.common.contracts import Kind, Origin, RawRating, ReviewChange, ReviewState, Severity, SourceRef
from plaudit.common.contracts.topics import REVIEWS
from plaudit.common.events import Outgoing

TENANT = "default"
SEED = 20_261_122
AGE_DAYS = 730
TEXT_WORDS = 38
EVENT_TEXT_WORDS = 48
_NAMESPACE = UUID("7a1f0c52-8f0e-4a52-9d3b-0f9f7a6f8a10")
_PROSE = (
    "the order came two days late but staff at the counter were friendly and found it in minutes "
    "delivery was quick box slightly damaged nothing broken would buy again price fair for what you get "
    "nobody answered my mail until I called twice then everything was solved refund took a week"
)
_WORDS = _PROSE.split()


def text(draw: random.Random, words: int = TEXT_WORDS) -> str:
    """A review's text of so many words."""
    return " ".join(draw.choices(_WORDS, k=words)).capitalize() + "."


def instants(draw: random.Random, count: int) -> Iterator[datetime]:
    """So many instants within the last two years."""
    now = datetime.now(UTC).replace(microsecond=0)
    for _ in range(count):
        yield now - timedelta(seconds=draw.randrange(AGE_DAYS * 86_400), microseconds=draw.randrange(1_000_000))


def native_events(count: int, subject: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Distinct new reviews in the native webhook format, some 600 bytes each as JSON."""
    draw = random.Random(f"{SEED}{prefix}")
    for number, published_at in enumerate(instants(draw, count)):
        yield {
            "type": "review.created",
            "data": {
                "id": f"{prefix}-{number:08d}",
                "subject": f"{subject}/shop-{number % 100}",
                "rating": draw.randint(1, 5),
                "title": text(draw, 5),
                "text": text(draw),
                "language": "en",
                "published_at": published_at.isoformat(),
                "version": 1,
                "author": {"id": f"c-{number}", "name": "Sam Fielding", "email": f"sam.{number}@customers.example"},
                "verified": True,
                "origin": "invited",
                "tags": ["delivery", "support"],
            },
        }


def zipf(subjects: int, exponent: float, count: int, draw: random.Random) -> Sequence[int]:
    """Draw `count` of `subjects`, the one of rank r with a frequency of r to the power of minus `exponent`."""
    weights = list(accumulate(rank**-exponent for rank in range(1, subjects + 1)))
    return draw.choices(range(subjects), cum_weights=weights, k=count)


@dataclass(frozen=True)
class Shape:
    """What the events of a workload speak of."""

    name: str
    subjects: int
    exponent: float
    depth: int
    sources: int

    @property
    def summary(self) -> str:
        """In words."""
        return (
            f"{self.subjects:,} subjects of depth {self.depth}, Zipf {self.exponent}, {self.sources} "
            f"{'source' if self.sources == 1 else 'sources'}"
        )

    def subject(self, number: int) -> str:
        """The path of a subject; those of depth 2 share their first segment by a hundred."""
        return f"shop-{number}" if self.depth == 1 else f"company-{number // 100}/shop-{number % 100}"


def source_id(number: int) -> str:
    """The id of a source."""
    return str(uuid5(_NAMESPACE, f"source {number}"))


def order_key(subject: str) -> str:
    """The key of a subject's events on the bus: it says which partition they are in."""
    return f"{TENANT}/{subject.partition('/')[0]}"


def outgoing(shape: Shape, count: int) -> Iterator[Outgoing]:
    """New reviews as ingest writes them to its outbox, some 1.2 kB each."""
    draw = random.Random(SEED)
    began_at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    sources = [
        SourceRef(id=source_id(n), name=f"Source {n}", platform="native", created_at=began_at)
        for n in range(shape.sources)
    ]
    texts = [text(draw, EVENT_TEXT_WORDS) for _ in range(1_000)]
    titles = [text(draw, 5) for _ in range(1_000)]
    now = datetime.now(UTC)
    drawn = zipf(shape.subjects, shape.exponent, count, draw)
    for number, (subject_number, published_at) in enumerate(zip(drawn, instants(draw, count), strict=True)):
        subject = shape.subject(subject_number)
        rating = float(draw.randint(1, 5))
        state = ReviewState(
            subject=subject,
            kind=Kind.STARS,
            rating=rating,
            raw_rating=RawRating(value=rating, min=1.0, max=5.0),
            verified=True,
            origin=Origin.INVITED,
            severity=Severity.NEGATIVE if rating < 2.5 else Severity.NORMAL,
            source=sources[number % shape.sources],
            external_id=f"r-{number:08d}",
            published_at=published_at,
            rated_at=published_at,
            received_at=now,
            title=titles[number % 1_000],
            text=texts[number % 997],
            language="en",
            person=f"native:c-{number}",
            tags=("delivery", "support"),
            url=f"https://reviews.example/{number}",
        )
        yield Outgoing(
            topic=REVIEWS,
            key=order_key(subject),
            type="review.created",
            subject=subject,
            tenant_id=TENANT,
            time=now,
            data=ReviewChange(review_id=str(UUID(int=_NAMESPACE.int + number)), revision=1, before=None, after=state),
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
