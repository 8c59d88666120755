"""Real reviews with made-up lives, and what figures of them must be. Imports nothing of the product, on purpose.

The rows are real: what was rated, when, where, by whom invited. What becomes of a review, and when it was known, is
drawn from a seed: edits, edits that came to be known late, removals, restorations, moves, and reviews that were
imported long after they were written. A few are made replies to NPS, CSAT and CES, of which the rows have none.
"""

import csv
import gzip
import math
import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from plaudit_testing.oracle import instant, microseconds

DAY_US = 86_400_000_000
STARS = frozenset({"stars", "thumbs"})
LAST_US = microseconds(instant("2026-11-01T00:00:00Z"))
"""Nothing becomes known later, so that the present is later than everything."""
CHANGES = ("rating", "rating", "rating_of_before", "words", "verified", "move", "remove", "remove")


@dataclass(frozen=True, slots=True)
class Stand:
    """A review as it stands."""

    subject: str
    kind: str
    rating: float
    verified: bool
    origin: str
    source_id: str
    rated_us: int
    words: str = "as they were"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that became of a review, and when that was known."""

    review: str
    told_as: str
    known_us: int
    before: Stand | None
    after: Stand | None


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a score is computed."""

    half_life_days: float = math.inf
    prior_weight: float = 7.0
    prior_value: float = 3.5
    unverified_weight: float = 1.0
    origin_weights: Mapping[str, float] = field(default_factory=dict)
    source_weights: Mapping[str, float] = field(default_factory=dict)
    is_frozen: bool = False

    def weight(self, stand: Stand, at_us: int) -> float:
        """What a review weighs at an instant."""
        fresh = self.origin_weights.get(stand.origin, 1.0) * self.source_weights.get(stand.source_id, 1.0)
        if not stand.verified:
            fresh *= self.unverified_weight
        return float(fresh * 2.0 ** (-(at_us - stand.rated_us) / (self.half_life_days * DAY_US)))


def rows_of_rentals(folder: Path) -> Iterator[tuple[str, Stand, int | None]]:
    """Review, how it was first, and when it was known if its row tells."""
    businesses: dict[str, str] = {}
    for row in _rows(folder / "trustpilot_rental_platforms" / "reviews.csv.gz"):
        name = "".join(letter if letter.isalnum() else "-" for letter in row["companyName"].lower())
        source_id = businesses.setdefault(name, f"01956d00-0000-7000-8000-0000000001{len(businesses):02}")
        yield (
            row["reviewId"],
            Stand(
                subject=f"rental/{name}{('', '', '/desk-2')[zlib.crc32(row['reviewId'].encode()) % 3]}",
                kind="stars",
                rating=float(row["reviewRatingScore"]),
                verified=row["isReviewVerified"] == "true",
                origin="invited" if row["reviewLabel"] == "invited" else "organic",
                source_id=source_id,
                rated_us=microseconds(instant(row["reviewDate"])),
            ),
            None,
        )


def rows_of_firefox(folder: Path) -> Iterator[tuple[str, Stand, int | None]]:
    """As `rows_of_rentals`; an id that comes twice was changed. Reviews were known when they were exported."""
    exported = {
        name: microseconds(instant(time))
        for name, time in {"all_30jun": "2018-06-30T00:00:00Z", "exp2_15jul": "2018-07-15T00:00:00Z"}.items()
    }
    for row in _rows(folder / "gplay_firefox_console_export" / "reviews.csv.gz"):
        yield (
            row["id"],
            Stand(
                subject=f"apps/firefox/{row['Reviewer Language'].lower()}",
                kind="stars",
                rating=float(row["Star Rating"]),
                verified=True,
                origin="organic",
                source_id="01956d00-0000-7000-8000-000000000200",
                rated_us=int(row["Review Last Update Millis Since Epoch"]) * 1_000,
            ),
            min(exported[name] for name in row["exports"].split("|") if name in exported),
        )


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lives(rows: Iterable[tuple[str, Stand, int | None]], seed: int) -> list[Step]:
    """All that becomes of reviews, in the order in which it was known."""
    chance = random.Random(seed)
    by_review: dict[str, list[tuple[Stand, int | None]]] = {}
    for review, stand, known_us in rows:
        by_review.setdefault(review, []).append((stand, known_us))
    subjects = sorted({stand.subject for versions in by_review.values() for stand, _ in versions})
    steps = [
        step
        for review, versions in by_review.items()
        for step in _life(chance, review, sorted(versions, key=lambda each: each[0].rated_us), subjects)
        if step.known_us < LAST_US
    ]
    return sorted(steps, key=lambda step: step.known_us)


def _life(
    chance: random.Random, review: str, versions: Sequence[tuple[Stand, int | None]], subjects: Sequence[str]
) -> Iterator[Step]:
    kind, known_us = _kind(chance), 0
    stand: Stand | None = None
    for version, told_us in versions:
        after = replace(version, kind=kind, rating=_rating(chance, kind, version.rating))
        known_us = max(known_us + 1, after.rated_us, _known(chance, after.rated_us, told_us))
        yield Step(review, "review.created" if stand is None else "review.edited", known_us, stand, after)
        stand = last = after
    for _ in range(chance.choice([0, 0, 0, 1, 2, 4])):
        known_us += chance.choice([chance.randrange(1, 5_000_000), chance.randrange(1, 300 * DAY_US)])
        if stand is None:
            yield Step(review, "review.restored", known_us, None, last)
            stand = last
            continue
        changed = _changed(chance, stand, known_us, subjects)
        yield Step(review, "review.removed" if changed is None else "review.edited", known_us, stand, changed)
        last, stand = changed or stand, changed


def _kind(chance: random.Random) -> str:
    return chance.choices(["stars", "thumbs", "nps", "csat", "ces"], [88, 3, 3, 3, 3])[0]


def _rating(chance: random.Random, kind: str, rating: float) -> float:
    """A reply as it is kept on the scale of 1 to 5."""
    if kind == "nps":
        return 1 + 0.4 * chance.randrange(11)
    if kind == "ces":
        return 1 + chance.randrange(7) / 1.5
    return rating


def _new_rating(chance: random.Random, kind: str) -> float:
    return _rating(
        chance, kind, chance.choice([1.0, 2.0, 3.0, 4.0, 5.0] if kind == "csat" else [1.0, 2.0, 3.5, 4.5, 5.0])
    )


def _known(chance: random.Random, rated_us: int, told_us: int | None) -> int:
    """At once, late, or with an import."""
    if told_us is not None and chance.random() < 0.5:
        return told_us
    late_us = chance.choice([0, chance.randrange(60_000_000), chance.randrange(60_000_000), 20 * DAY_US, 400 * DAY_US])
    return rated_us + late_us


def _changed(chance: random.Random, stand: Stand, known_us: int, subjects: Sequence[str]) -> Stand | None:
    match chance.choice(CHANGES):
        case "rating":
            rated_us = max(stand.rated_us + 1, known_us - chance.choice([0, 7_000_000, chance.randrange(90 * DAY_US)]))
            return replace(stand, rating=_new_rating(chance, stand.kind), rated_us=rated_us)
        case "rating_of_before":  # what the source calls its time is older than that of the rating it replaces
            rated_us = stand.rated_us - chance.choice([0, chance.randrange(30 * DAY_US)])
            return replace(stand, rating=_new_rating(chance, stand.kind), rated_us=rated_us)
        case "words":
            return replace(stand, words=stand.words + " not")
        case "verified":
            return replace(stand, verified=not stand.verified)
        case "move":
            return replace(stand, subject=chance.choice(subjects))
    return None


class Oracle:
    """Every figure by its definition, from all that became of reviews."""

    def __init__(self, steps: Iterable[Step]) -> None:
        """Note when each state took effect.

        A review counts from when it was rated, and so does a rating that is given anew; all else counts from when it
        was known. Nothing takes effect before what came before it.
        """
        self._lives: dict[str, list[tuple[int, int, Stand | None]]] = {}
        for step in steps:
            life, before, after = self._lives.setdefault(step.review, []), step.before, step.after
            if before and after and replace(before, words=after.words) == after:
                continue
            is_new = step.told_as == "review.created"
            is_rated_anew = before is not None and after is not None and after.rated_us > before.rated_us
            valid_us = after.rated_us if after and (is_new or is_rated_anew) else step.known_us
            rated = [each.rated_us for each in (before, after) if each is not None]
            life.append((max([valid_us, *rated, *(each[0] for each in life[-1:])]), step.known_us, after))

    def standing(
        self,
        subject: str,
        at_us: int,
        known_us: int,
        *,
        source_id: str | None = None,
        origin: str | None = None,
        ever: bool = False,
    ) -> list[Stand]:
        """The reviews of a subject and all below it that stand, or ever stood, at an instant as known at another."""
        found = []
        for life in self._lives.values():
            so_far = [stand for valid, known, stand in life if valid <= at_us and known <= known_us]
            found += so_far if ever else so_far[-1:]
        return [
            stand
            for stand in found
            if stand is not None
            and (stand.subject == subject or stand.subject.startswith(f"{subject}/"))
            and source_id in {None, stand.source_id}
            and origin in {None, stand.origin}
        ]


def score(rules: Rules, stands: Iterable[Stand], at_us: int) -> float | None:
    """The score of what stands, by its definition; None where no stars are among it."""
    stars = [each for each in stands if each.kind in STARS]
    if not stars:
        return None
    weights = [rules.weight(each, at_us) for each in stars]
    numerator = [rules.prior_weight * rules.prior_value, *(w * s.rating for w, s in zip(weights, stars, strict=True))]
    return math.fsum(numerator) / math.fsum([rules.prior_weight, *weights])


def effective(rules: Rules, stands: Iterable[Stand], at_us: int) -> float:
    """How many of equal weight would say as much as those with stars (Kish): the sum of weights squared, by squares."""
    weights = [rules.weight(each, at_us) for each in stands if each.kind in STARS]
    squares = math.fsum(weight * weight for weight in weights)
    return math.fsum(weights) ** 2 / squares if squares else 0.0


def distribution(stands: Iterable[Stand]) -> dict[str, int]:
    """How many have which stars, halves up."""
    counts = Counter(str(math.floor(each.rating + 0.5)) for each in stands if each.kind in STARS)
    return {star: counts[star] for star in "12345"}


def newest_us(stands: Iterable[Stand]) -> int:
    """When the newest of those with stars was rated."""
    return max((each.rated_us for each in stands if each.kind in STARS), default=0)


def mean(rules: Rules, stands: Iterable[Stand], at_us: int, value: Callable[[Stand], float]) -> float | None:
    """The decayed mean of a value of each; None of none."""
    weighed = [(rules.weight(each, at_us), value(each)) for each in stands]
    total = math.fsum(weight for weight, _ in weighed)
    return math.fsum(weight * each for weight, each in weighed) / total if weighed else None


def nps(stand: Stand) -> float:
    """100 for a promoter, -100 for a detractor: 9 and 10, and 0 to 6, of 10."""
    asked = round((stand.rating - 1) / 0.4)
    return 100.0 * ((asked >= 9) - (asked <= 6))


def csat(stand: Stand) -> float:
    """In percent: the two best answers of five."""
    return 100.0 * (stand.rating >= 3.5)


def ces(stand: Stand) -> float:
    """The effort from 1 to 7."""
    return 1 + (stand.rating - 1) * 1.5


def median_age_us(rules: Rules, stands: Iterable[Stand], at_us: int) -> int:
    """The age that half of the weight, or more, has at most."""
    stars = sorted((each for each in stands if each.kind in STARS), key=lambda each: -each.rated_us)
    total, sofar = math.fsum(rules.weight(each, at_us) for each in stars), 0.0
    for each in stars:
        sofar += rules.weight(each, at_us)
        if sofar >= total / 2:
            return at_us - each.rated_us
    raise AssertionError("there is no review")


def made_up_rows(count: int, seed: int, subjects: Sequence[str]) -> Iterator[tuple[str, Stand, int | None]]:
    """Rows that nobody wrote, of the last three years, for tests that need no real ones."""
    chance = random.Random(seed)
    for number in range(count):
        yield (
            f"made-up-{seed}-{number}",
            Stand(
                subject=chance.choice(subjects),
                kind="stars",
                rating=float(chance.randint(1, 5)),
                verified=chance.random() < 0.8,
                origin=chance.choice(["organic", "invited", "incentivised"]),
                source_id=f"01956d00-0000-7000-8000-00000000030{chance.randrange(3)}",
                rated_us=LAST_US - chance.randrange(3 * 365 * DAY_US),
            ),
            None,
        )
