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
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, Profile
from plaudit.scoring.sums.domain.decay import EPOCH, LANDMARK_HALF_LIVES
from plaudit.scoring.sums.domain.fold import (
    B2,
    BEFORE_COUNTS,
    BEFORE_WEIGHTS,
    EMPTY_ROW,
    A,
    DeltaKey,
    Deltas,
    OneStar,
    add_share,
    fold,
)
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange

Data = TypeVar("Data")
Value = TypeVar("Value")

MAX_KEYS: Final = 100_000
"""Of each part of what is known. A key takes some 400 bytes."""

_NO_TABLE: Final = 0
_POWERS: Final = tuple(2.0**exponent for exponent in range(LANDMARK_HALF_LIVES))
_LANDMARK_BITS: Final = LANDMARK_HALF_LIVES.bit_length() - 1
_LANDMARK_MASK: Final = LANDMARK_HALF_LIVES - 1


class CountedEvent(msgspec.Struct, Generic[Data], frozen=True, gc=False):
    """What live scoring reads of an envelope: every member more is time and memory of every review."""

    tenant: NonEmpty
    data: Data
    epoch: Epoch
    sequence: Number
    specversion: Literal["1.0"]


NewReview: TypeAlias = tuple[DeltaKey, int, float, float, float]
"""A new review that counts: (key of its subject's own row, star, what it adds to a, to b2, to its star's weight)."""


class OtherChange(msgspec.Struct, frozen=True, gc=False):
    """Any other change, and a review that cannot be scored."""

    tenant_id: str
    partition: int
    change: ScoredChange


Counted: TypeAlias = NewReview | OtherChange


def reducer(profile: Profile) -> Callable[[CountedEvent[ScoredChange], int], Counted]:
    """Return a function that reduces an event, of a partition, to what `fold_batch` needs of it; it raises nothing."""
    kinds, half_life_us, is_uniform, weight = profile.kinds, profile.half_life_us, profile.is_uniform, profile.weight
    powers, epoch = _POWERS, EPOCH

    # It calls no function of ours: a call costs as much as all of this arithmetic.
    def reduce(event: CountedEvent[ScoredChange], partition: int) -> Counted:
        change = event.data
        after = change.after
        if (
            after is None
            or change.before is not None
            or after.kind not in kinds
            or not MIN_RATING <= (rating := after.rating) <= MAX_RATING
        ):
            return OtherChange(event.tenant, partition, change)
        since = after.rated_at - epoch
        half_lives, rest_us = divmod(
            (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, half_life_us
        )
        w = exp2(rest_us / half_life_us) * powers[half_lives & _LANDMARK_MASK]
        if not is_uniform:
            w *= weight(verified=after.verified, origin=after.origin)
        key = (event.tenant, after.subject, after.source.id, partition, half_lives >> _LANDMARK_BITS)
        return key, int(rating + 0.5), rating * w, w * w, w

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
            tenant_id, subject, source_id, partition, landmark = key
            row_ids = []
            for path in prefixes(subject)[:-1]:
                parent = tenant_id, path, source_id, partition, landmark
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
    """By row id. Most rows get one review of a batch, and sending six numbers costs half of sending thirteen."""
    several_stars: dict[int, list[float]] = field(default_factory=dict)
    """Row id → the numbers of `Sums`; none of these rows is in `one_star`."""
    by_key: Deltas = field(default_factory=dict)
    unknown: dict[DeltaKey, None] = field(default_factory=dict)
    """Keys of subjects' own rows, in order, that are in `by_key` and should be known from then on."""


def fold_batch(batch: Iterable[Counted], known: KnownRows, profile: Profile) -> Additions:
    """Fold reduced changes. The sums come out as `fold` makes them, bit for bit.

    Raises:
        InvalidReviewError: a change cannot be scored.
    """
    found = Additions()
    one_star, several_stars = found.one_star, found.several_stars
    known_ids = known.of_subjects.newer.get
    for counted in batch:
        if isinstance(counted, OtherChange):
            fold(found.by_key, counted.tenant_id, counted.partition, counted.change, profile)
            continue
        key, star, a, b2, w = counted
        ids = known_ids(key)
        if ids is None and (ids := known.of_subjects.get(key)) is None:
            ids = _add_unknown(found, known, key, star, a, b2, w)
        for row_id in ids:
            row = one_star.get(row_id)
            if row is None:
                one_star[row_id] = [row_id, star, a, b2, w, 1]
            elif row[1] == star:
                row[2] += a
                row[3] += b2
                row[4] += w
                row[5] += 1
            else:
                # What `add_share` does; to call it costs a tenth of this function.
                numbers = several_stars.get(row_id)
                if numbers is None:
                    several_stars[row_id] = numbers = EMPTY_ROW.copy()
                numbers[A] += a
                numbers[B2] += b2
                numbers[star + BEFORE_WEIGHTS] += w
                numbers[star + BEFORE_COUNTS] += 1
    for row_id in several_stars:
        _, first_star, a, b2, w, n = one_star.pop(row_id)
        add_share(several_stars, row_id, int(first_star), a, b2, w, int(n))
    return found


def _add_unknown(
    found: Additions, known: KnownRows, key: DeltaKey, star: int, a: float, b2: float, w: float
) -> tuple[int, ...]:
    """Add a review of a new subject to the rows that are not known; return the ids of those that are."""
    tenant_id, subject, source_id, partition, landmark = key
    try:
        *parents, _ = prefixes(subject)
    except ValueError as error:
        raise InvalidReviewError(str(error)) from error
    row_ids = []
    for path in parents:
        parent = tenant_id, path, source_id, partition, landmark
        if (row_id := known.of_parents.get(parent)) is not None:
            row_ids.append(row_id)
        else:
            add_share(found.by_key, parent, star, a, b2, w, 1)
    add_share(found.by_key, key, star, a, b2, w, 1)
    found.unknown[key] = None
    return tuple(row_ids)
