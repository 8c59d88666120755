"""What the scores must be, from scratch. Imports nothing of the product, on purpose."""

import csv
import gzip
import math
import random
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HALF_LIFE_US = int(182.5 * 86_400_000_000)
PRIOR_WEIGHT, PRIOR_VALUE = 7.0, 3.5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Since the Unix epoch."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def instant(text: str) -> datetime:
    """An RFC 3339 time."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Truth:
    """A review as it stands at the end."""

    subject: str
    rating: float
    published_at: datetime
    rated_at: datetime
    text: str
    version: int
    published: bool = True


@dataclass
class Story:
    """Events in an order in which they happened, and what is true after all of them."""

    events: list[dict[str, Any]] = field(default_factory=list)
    reviews: dict[str, Truth] = field(default_factory=dict)


def rows(folder: Path) -> list[dict[str, str]]:
    """The real reviews, oldest first."""
    with gzip.open(
        folder / "trustpilot_rental_platforms" / "reviews.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        return sorted(csv.DictReader(file), key=lambda row: row["reviewDate"])


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")


def _data(external_id: str, truth: Truth, edited_at: datetime | None = None) -> dict[str, Any]:
    data = {
        "id": external_id,
        "subject": truth.subject,
        "rating": truth.rating,
        "published_at": truth.published_at.isoformat().replace("+00:00", "Z"),
        "text": truth.text,
        "version": truth.version,
    }
    if edited_at is not None:
        data["edited_at"] = edited_at.isoformat().replace("+00:00", "Z")
    return data


def story(
    folder: Path, seed: int, *, edits: int, removals: int, restorations: int, moves: int, limit: int = 0
) -> Story:
    """The real reviews, then random edits, removals, restorations and moves, all with versions."""
    chance = random.Random(seed)
    told = Story()
    for row in rows(folder)[: limit or None]:
        truth = Truth(
            subject=f"rental/{_slug(row['companyName'])}",
            rating=float(row["reviewRatingScore"]),
            published_at=instant(row["reviewDate"]),
            rated_at=instant(row["reviewDate"]),
            text=row["reviewDescription"],
            version=1,
        )
        told.reviews[row["reviewId"]] = truth
        told.events.append({"type": "review.created", "data": _data(row["reviewId"], truth)})
    kinds = ["edit"] * edits + ["remove"] * removals + ["move"] * moves
    chance.shuffle(kinds)
    for kind in kinds:
        _happen(told, chance, kind)
    for external_id in chance.sample([i for i, t in told.reviews.items() if not t.published], restorations):
        truth = told.reviews[external_id] = replace(
            told.reviews[external_id], published=True, version=told.reviews[external_id].version + 1
        )
        told.events.append({"type": "review.restored", "data": {"id": external_id, "version": truth.version}})
    return told


def go_on(told: Story, seed: int, edits: int) -> list[dict[str, Any]]:
    """Let more edits happen; returns the new events alone."""
    chance = random.Random(seed)
    before = len(told.events)
    for _ in range(edits):
        _happen(told, chance, "edit")
    return told.events[before:]


def _happen(told: Story, chance: random.Random, kind: str) -> None:
    external_id = chance.choice([i for i, truth in told.reviews.items() if truth.published])
    old = told.reviews[external_id]
    version = old.version + chance.randint(1, 3)
    if kind == "remove":
        told.reviews[external_id] = replace(old, published=False, version=version)
        told.events.append({"type": "review.removed", "data": {"id": external_id, "version": version}})
        return
    edited_at = old.published_at + timedelta(
        seconds=chance.randint(1, 5_000_000), microseconds=chance.randint(0, 999_999)
    )
    edited_at = min(edited_at, datetime(2026, 11, 1, tzinfo=UTC))
    if kind == "move":
        companies = sorted({"/".join(truth.subject.split("/")[:2]) for truth in told.reviews.values()} - {old.subject})
        new = replace(old, subject=chance.choice(companies) + chance.choice(["", "/branch-2"]), version=version)
    elif chance.random() < 0.7:
        rating = chance.choice([value for value in (1.0, 2.0, 3.0, 4.0, 4.5, 5.0) if value != old.rating])
        new = replace(old, rating=rating, rated_at=edited_at, version=version)
    else:
        new = replace(old, text=old.text + " (edited)", version=version)
    told.reviews[external_id] = new
    told.events.append({"type": "review.edited", "data": _data(external_id, new, edited_at)})


def interleaved(
    events: Sequence[dict[str, Any]], seed: int, streams: int, *, twice: bool
) -> list[list[dict[str, Any]]]:
    """The events shuffled over streams, each review's own in one and in order; repeats anywhere after the first."""
    chance = random.Random(seed)
    by_review: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        by_review.setdefault(event["data"]["id"], []).append(event)
    dealt: list[list[tuple[float, dict[str, Any]]]] = [[] for _ in range(streams)]
    for external_id, own in by_review.items():
        times = sorted(chance.random() for _ in own)
        placed = list(zip(times, own, strict=True))
        if twice:
            placed += [(chance.uniform(time, 1.0), event) for time, event in placed]
        dealt[zlib.crc32(external_id.encode()) % streams].extend(placed)
    return [[event for _, event in sorted(stream, key=lambda pair: pair[0])] for stream in dealt]


def prefixes(subject: str) -> Iterable[str]:
    """Every prefix of a path, itself included."""
    parts = subject.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))


def expected(reviews: Iterable[Truth], prefix: str, at: datetime) -> dict[str, Any]:
    """Score, count and distribution of a prefix at an instant, computed review by review."""
    at_us = microseconds(at)
    mine = [truth for truth in reviews if truth.published and prefix in prefixes(truth.subject)]
    weights = [2.0 ** (-(at_us - microseconds(truth.rated_at)) / HALF_LIFE_US) for truth in mine]
    numerator = math.fsum([PRIOR_WEIGHT * PRIOR_VALUE, *(t.rating * w for t, w in zip(mine, weights, strict=True))])
    distribution = {str(star): 0 for star in range(1, 6)}
    for truth in mine:
        distribution[str(math.floor(truth.rating + 0.5))] += 1
    return {
        "score": numerator / math.fsum([PRIOR_WEIGHT, *weights]) if mine else None,
        "count": len(mine),
        "distribution": distribution,
    }
