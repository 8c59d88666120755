"""The hot path of live scoring: a batch of changes becomes what to add to which rows of sums.

Nearly every change of a full stream is a new review of a subject that has reviews. Right after decoding it is reduced
to a few numbers and the key of its subject's own row. The ids of the rows are remembered, so that such a review costs
one look-up and, in the database, no search by text keys. All other changes are folded by key.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import exp2
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import msgspec

from plaudit.common.contracts.envelope import Epoch, NonEmpty
from plaudit.common.contracts.envelope import Sequence as Number
from plaudit.common.contracts.subjects import prefixes
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING
from plaudit.scoring.sums.domain.decay import EPOCH, LANDMARK_HALF_LIVES
from plaudit.scoring.sums.domain.fold import (
    EMPTY_ROW,
    DeltaKey,
    Deltas,
    OneStar,
    Subtracted,
    SubtractedWeights,
    add_share,
    fold,
    fold_half_life,
    half_life_share,
)
from plaudit.scoring.sums.domain.kept import (
    BLOCK_US,
    NEWEST,
    RECENT_US,
    TOTAL,
    TRUST_LANDMARK_US,
    TRUST_US,
    KeptSums,
)
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange
from plaudit.scoring.sums.domain.traits import NUMBERS

Data = TypeVar("Data")
Value = TypeVar("Value")

MAX_KEYS: Final = 100_000
"""Of each part of what is known. A key takes some 400 bytes."""

_NO_TABLE: Final = 0
_POWERS: Final = tuple(2.0**exponent for exponent in range(2 * LANDMARK_HALF_LIVES))
_TRUST_A: Final = KeptSums._fields.index("trust_a")
_TRUST_B2: Final = KeptSums._fields.index("trust_b2")
_RECENT_A: Final = KeptSums._fields.index("recent_a")
_RECENT_B2: Final = KeptSums._fields.index("recent_b2")
# A star's column lies as many behind these as the star says.
_BEFORE_COUNTS: Final = KeptSums._fields.index("n1") - 1
_BEFORE_TRUST: Final = KeptSums._fields.index("trust_w1") - 1
_BEFORE_RECENT: Final = KeptSums._fields.index("recent_w1") - 1


class CountedEvent(msgspec.Struct, Generic[Data], frozen=True, gc=False):
    """What live scoring reads of an envelope: every member more is time and memory of every review."""

    tenant: NonEmpty
    data: Data
    epoch: Epoch
    sequence: Number
    specversion: Literal["1.0"]


NewReview: TypeAlias = tuple[DeltaKey, int, float, int, float, float]
"""A new review: (key of its subject's own row, star, rating, when it was rated, weight in trust, weight in recent)."""


class OtherChange(msgspec.Struct, frozen=True, gc=False):
    """Any other change, and a review that cannot be scored."""

    tenant_id: str
    partition: int
    change: ScoredChange


Counted: TypeAlias = NewReview | OtherChange


def reducer() -> Callable[[CountedEvent[ScoredChange], int], Counted]:
    """Return a function that reduces an event, of a partition, to what `fold_batch` needs of it; it raises nothing."""
    powers, epoch, numbers = _POWERS, EPOCH, NUMBERS

    # It calls no function of ours: a call costs as much as all of this arithmetic.
    def reduce(event: CountedEvent[ScoredChange], partition: int) -> Counted:
        change = event.data
        after = change.after
        if (
            after is None
            or change.before is not None
            or not MIN_RATING <= (rating := after.rating) <= MAX_RATING
            or (traits := numbers.get((after.kind, after.origin, after.verified))) is None
        ):
            return OtherChange(event.tenant, partition, change)
        since = after.rated_at - epoch
        rated_at_us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        block, in_block_us = divmod(rated_at_us, BLOCK_US)
        half_lives, rest_us = divmod(in_block_us, RECENT_US)
        recent_w = exp2(rest_us / RECENT_US) * powers[half_lives]
        half_lives, rest_us = divmod(rated_at_us, TRUST_US)
        landmark = block * BLOCK_US // TRUST_LANDMARK_US
        trust_w = exp2(rest_us / TRUST_US) * powers[half_lives - LANDMARK_HALF_LIVES * landmark]
        key = (event.tenant, after.subject, after.source.id, traits, partition, block)
        return key, int(rating + 0.5), rating, rated_at_us, trust_w, recent_w

    return reduce


class Recent(Generic[Value]):
    """A mapping of bounded size, in two parts: when the newer one is full, the older one is dropped.

    What is asked for stays.
    """

    def __init__(self, max_keys: int) -> None:
        """Hold nothing yet.

        Args:
            max_keys: how many keys each part holds.
        """
        self._max_keys = max_keys
        self.newer: dict[DeltaKey, Value] = {}
        self.older: dict[DeltaKey, Value] = {}

    def get(self, key: DeltaKey) -> Value | None:
        """Return a key's value; None if it is not here."""
        value = self.newer.get(key)
        if value is None and (value := self.older.get(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: DeltaKey, value: Value) -> None:
        """Hold a key's value."""
        if len(self.newer) >= self._max_keys:
            self.newer, self.older = {}, self.newer
        self.newer[key] = value


class KnownRows:
    """The ids of the rows that reviews add to. An id is right for as long as nobody else has the partition."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        """Know nothing yet.

        Args:
            max_keys: how many keys each part of what is known holds.
        """
        self.table_file = _NO_TABLE
        """Of the table that all ids are of, whose file changes when it is emptied or replaced."""
        self.of_subjects = Recent[tuple[int, ...]](max_keys)
        """The key of a subject's own row → the ids of the rows of all its prefixes, the shortest first."""
        self.of_parents = Recent[int](max_keys)
        """The key of a row of a shorter prefix → its id: what a subject that is new shares with others."""

    def learn(self, keys: Iterable[DeltaKey], ids: Mapping[DeltaKey, int], table_file: int) -> bool:
        """Remember the rows of these subjects; return False if they are of another table than those known.

        Args:
            keys: of subjects' own rows.
            ids: the id of each row of all their prefixes that is not known as a parent's.
            table_file: of the table that the ids are of.
        """
        if self.table_file not in (_NO_TABLE, table_file):
            return False
        self.table_file = table_file
        for key in keys:
            tenant_id, subject, source_id, traits, partition, block = key
            row_ids = []
            for path in prefixes(subject)[:-1]:
                parent = tenant_id, path, source_id, traits, partition, block
                if (row_id := ids.get(parent)) is not None:
                    self.of_parents.put(parent, row_id)
                elif (row_id := self.of_parents.get(parent)) is None:
                    break  # others have taken its place since
                row_ids.append(row_id)
            else:
                self.of_subjects.put(key, (*row_ids, ids[key]))
        return True


@dataclass(slots=True)
class Additions:
    """What a batch adds: each row by its id once, and some rows by their keys as well."""

    one_star: dict[int, OneStar] = field(default_factory=dict)
    """By row id. Most rows get one review of a batch, and sending eleven numbers costs half of sending
    twenty-two."""
    several_stars: dict[int, list[float]] = field(default_factory=dict)
    """Row id → the numbers of `KeptSums`; none of these rows is in `one_star`."""
    by_key: Deltas = field(default_factory=dict)
    subtracted: Subtracted = field(default_factory=dict)
    """What is taken away of rows that are in `by_key`."""
    unknown: dict[DeltaKey, None] = field(default_factory=dict)
    """Keys of subjects' own rows, in order, that are in `by_key` and should be known from then on."""


def fold_batch(batch: Iterable[Counted], known: KnownRows) -> Additions:
    """Fold reduced changes. The sums come out as `fold` makes them, bit for bit.

    Raises:
        InvalidReviewError: a change cannot be scored.
    """
    found = Additions()
    one_star, several_stars = found.one_star, found.several_stars
    known_ids = known.of_subjects.newer.get
    for counted in batch:
        if isinstance(counted, OtherChange):
            fold(found.by_key, counted.tenant_id, counted.partition, counted.change, found.subtracted)
            continue
        key, star, rating, rated_at_us, trust_w, recent_w = counted
        ids = known_ids(key)
        if ids is None and (ids := known.of_subjects.get(key)) is None:
            ids = _add_unknown(found, known, counted)
        trust_a, trust_b2 = rating * trust_w, trust_w * trust_w
        recent_a, recent_b2 = rating * recent_w, recent_w * recent_w
        for row_id in ids:
            row = one_star.get(row_id)
            if row is None:
                one_star[row_id] = [
                    row_id, star, 1, rating, rated_at_us, trust_a, trust_b2, trust_w, recent_a, recent_b2, recent_w
                ]  # fmt: skip
            elif row[1] == star:
                row[2] += 1
                row[3] += rating
                row[4] = max(row[4], rated_at_us)
                row[5] += trust_a
                row[6] += trust_b2
                row[7] += trust_w
                row[8] += recent_a
                row[9] += recent_b2
                row[10] += recent_w
            else:
                numbers = several_stars.get(row_id)
                if numbers is None:
                    several_stars[row_id] = numbers = EMPTY_ROW.copy()
                _add(
                    numbers, star, 1, rating, rated_at_us, trust_a, trust_b2, trust_w, recent_a, recent_b2, recent_w
                )  # fmt: skip
    for row_id, numbers in several_stars.items():
        _, first_star, *first = one_star.pop(row_id)
        _add(numbers, int(first_star), *first)
    return found


def tenants_of(batch: Iterable[Counted]) -> set[str]:
    """Return the tenants that reduced changes are of."""
    return {counted.tenant_id if isinstance(counted, OtherChange) else counted[0][0] for counted in batch}


def fold_half_lives(
    batch: Iterable[Counted], live: Mapping[tuple[str, int], Iterable[int]]
) -> tuple[dict[int, Deltas], dict[int, SubtractedWeights]]:
    """Fold reduced changes for half-lives of tenants' own.

    Args:
        batch: changes that `fold_batch` takes.
        live: (tenant, partition) → the half-lives that are kept there.

    Returns:
        Half-life in microseconds → its deltas; and → the weights that they take away.
    """
    found: dict[int, Deltas] = {}
    subtracted: dict[int, SubtractedWeights] = {}
    for counted in batch:
        if isinstance(counted, OtherChange):
            tenant_id, partition = counted.tenant_id, counted.partition
            for half_life_us in live.get((tenant_id, partition), ()):
                deltas, taken = found.setdefault(half_life_us, {}), subtracted.setdefault(half_life_us, {})
                fold_half_life(deltas, tenant_id, partition, counted.change, half_life_us, taken)
            continue
        (tenant_id, subject, source_id, traits, partition, _), _, rating, rated_at_us, _, _ = counted
        for half_life_us in live.get((tenant_id, partition), ()):
            landmark, share = half_life_share(half_life_us, rating, rated_at_us)
            deltas = found.setdefault(half_life_us, {})
            for path in prefixes(subject):
                add_share(deltas, (tenant_id, path, source_id, traits, partition, landmark), share, 1)
    return found, subtracted


def _add(
    row: list[float], star: int, n: float, total: float, newest_us: float,
    trust_a: float, trust_b2: float, trust_w: float, recent_a: float, recent_b2: float, recent_w: float,
) -> None:  # fmt: skip
    """Add to one row what reviews of this star add to it."""
    row[_BEFORE_COUNTS + star] += n
    row[TOTAL] += total
    row[NEWEST] = max(row[NEWEST], newest_us)
    row[_TRUST_A] += trust_a
    row[_TRUST_B2] += trust_b2
    row[_BEFORE_TRUST + star] += trust_w
    row[_RECENT_A] += recent_a
    row[_RECENT_B2] += recent_b2
    row[_BEFORE_RECENT + star] += recent_w


def _add_unknown(found: Additions, known: KnownRows, review: NewReview) -> tuple[int, ...]:
    """Add a review of a new subject to the rows that are not known; return the ids of those that are."""
    key, star, rating, rated_at_us, trust_w, recent_w = review
    tenant_id, subject, source_id, traits, partition, block = key
    try:
        *parents, _ = prefixes(subject)
    except ValueError as error:
        raise InvalidReviewError(str(error)) from error
    row_ids = []
    wanted = [key]
    for path in parents:
        parent = tenant_id, path, source_id, traits, partition, block
        if (row_id := known.of_parents.get(parent)) is not None:
            row_ids.append(row_id)
        else:
            wanted.append(parent)
    for each in wanted:
        _add(
            found.by_key.setdefault(each, EMPTY_ROW.copy()), star, 1, rating, rated_at_us,
            rating * trust_w, trust_w * trust_w, trust_w, rating * recent_w, recent_w * recent_w, recent_w,
        )  # fmt: skip
    found.unknown[key] = None
    return tuple(row_ids)
