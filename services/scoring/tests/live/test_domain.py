"""A batch folded by known rows is, bit for bit, what each change folded by its keys is."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.live.domain import (
    Additions,
    Counted,
    CountedEvent,
    KnownRows,
    OtherChange,
    Recent,
    fold_batch,
    reducer,
)
from plaudit.scoring.profiles.domain import TRUST, Profile
from plaudit.scoring.sums.domain.decay import NO_SUMS
from plaudit.scoring.sums.domain.fold import DeltaKey, Deltas, fold
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange, ScoredReview
from plaudit_testing.scored import MOMENT_US, SOURCE_ID, change, scored

TABLE_FILE = 1
HALF_LIFE_US = TRUST.half_life_us
WEIGHTED = Profile(
    name="weighted",
    half_life_days=TRUST.half_life_days,
    prior_weight=1.0,
    prior_value=3.0,
    kinds=frozenset({"stars"}),
    unverified_weight=0.5,
    origin_weights={"invited": 0.25},
)


def reviews_at(*times_us: int) -> st.SearchStrategy[ScoredReview]:
    return st.builds(
        scored,
        st.sampled_from([1.0, 1.5, 2.25, 3.0, 4.5, 5.0]),
        st.sampled_from(times_us),
        subject=st.sampled_from(["acme", "acme/berlin", "acme/berlin/shop-3", "globex"]),
        kind=st.sampled_from(["stars", "stars", "nps"]),
        verified=st.booleans(),
        origin=st.sampled_from(["organic", "invited"]),
    )


reviews = reviews_at(MOMENT_US, MOMENT_US + 1, -1, 64 * HALF_LIFE_US - 1, 64 * HALF_LIFE_US, 63 * HALF_LIFE_US + 7)
exact = reviews_at(*(half_lives * HALF_LIFE_US for half_lives in (-64, -63, 0, 1, 3, 64, 65)))
"""Their weights are small powers of two, so that sums are exact whatever their order."""
changes = st.one_of(st.builds(change, st.none(), exact), st.builds(change, st.none() | exact, st.none() | exact))
batches = st.lists(st.lists(st.tuples(st.sampled_from(["one", "two"]), st.integers(0, 1), changes), max_size=12))


class Ids(dict[DeltaKey, int]):
    """The ids of rows as a database gives them out."""

    def __missing__(self, key: DeltaKey) -> int:
        self[key] = len(self) + 1
        return self[key]


def counted(profile: Profile, tenant_id: str, partition: int, each: ScoredChange) -> Counted:
    """A change as the decoder hands it on."""
    event = CountedEvent(tenant=tenant_id, data=each, epoch="1", sequence="1".zfill(20), specversion="1.0")
    return reducer(profile)(event, partition)


def new(review: ScoredReview, profile: Profile = TRUST) -> Counted:
    return counted(profile, "one", 0, change(None, review))


def learn(known: KnownRows, found: Additions, ids: Ids) -> None:
    """Remember what the statement that adds by keys returns."""
    assert known.learn(found.unknown, {key: ids[key] for key in found.by_key}, TABLE_FILE)


def added_up(total: Deltas, found: Additions, ids: Ids) -> None:
    """Add a batch's additions to the total, as the statements do."""
    for key, numbers in found.by_key.items():
        ids[key]
        add(total, key, numbers)
    keys = {row_id: key for key, row_id in ids.items()}
    for row_id, (same_id, star, a, b2, w, n) in found.one_star.items():
        assert row_id == same_id
        numbers = [*NO_SUMS]
        numbers[0], numbers[1], numbers[1 + int(star)], numbers[6 + int(star)] = a, b2, w, n
        add(total, keys[row_id], numbers)
    for row_id, numbers in found.several_stars.items():
        assert row_id not in found.one_star
        add(total, keys[row_id], numbers)


def add(total: Deltas, key: DeltaKey, numbers: Iterable[float]) -> None:
    total[key] = [old + new for old, new in zip(total.get(key, NO_SUMS), numbers, strict=True)]


@pytest.mark.parametrize("profile", [TRUST, WEIGHTED], ids=lambda profile: profile.name)
@pytest.mark.parametrize("max_keys", [1, 2, 1_000])
@given(batches=batches)
def test_whatever_is_known_the_sums_are_those_of_each_change(
    profile: Profile, max_keys: int, batches: list[list[tuple[str, int, ScoredChange]]]
) -> None:
    known, ids = KnownRows(max_keys), Ids()
    total: Deltas = {}
    wanted: Deltas = {}
    for batch in batches:
        found = fold_batch([counted(profile, *each) for each in batch], known, profile)
        added_up(total, found, ids)
        learn(known, found, ids)
        for tenant_id, partition, each in batch:
            fold(wanted, tenant_id, partition, each, profile)
    assert {key: row for key, row in total.items() if any(row)} == {key: row for key, row in wanted.items() if any(row)}


@pytest.mark.parametrize("profile", [TRUST, WEIGHTED], ids=lambda profile: profile.name)
@given(review=reviews.filter(lambda review: review.kind == "stars"))
def test_a_review_of_known_rows_adds_the_same_bits_as_one_of_unknown_rows(review, profile: Profile) -> None:
    known, ids = KnownRows(), Ids()
    batch = [new(review, profile)]
    first = fold_batch(batch, known, profile)
    learn(known, first, ids)
    second = fold_batch(batch, known, profile)
    assert not second.by_key
    total: Deltas = {}
    added_up(total, second, ids)
    assert total == first.by_key


def test_the_rows_of_a_subject_are_known_from_the_next_batch_on() -> None:
    known, ids = KnownRows(), Ids()
    batch = [new(scored(5)), new(scored(5))]
    first = fold_batch(batch, known, TRUST)
    assert (len(first.by_key), first.one_star) == (2, {})
    learn(known, first, ids)
    second = fold_batch(batch, known, TRUST)
    assert [row[-1] for row in second.one_star.values()] == [2, 2]
    assert (second.by_key, second.unknown) == ({}, {})


def test_a_new_review_is_reduced_to_numbers_and_all_else_stays_a_change() -> None:
    key, star, a, b2, w = counted(WEIGHTED, "one", 3, change(None, scored(4.5, verified=False)))
    assert (key[:4], star) == (("one", "acme/berlin", SOURCE_ID, 3), 5)
    assert (a, b2) == (4.5 * w, w * w)
    for other in (change(None, None), change(scored(), None), change(scored(), scored(4)), change(None, scored(7))):
        assert counted(TRUST, "one", 3, other) == OtherChange("one", 3, other)


def test_a_subject_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidReviewError, match="a subject is a path"):
        fold_batch([new(scored(5, subject="Acme"))], KnownRows(), TRUST)


@pytest.mark.parametrize("rating", [0.99, 5.01, float("nan")])
def test_a_rating_off_the_scale_is_refused_of_known_rows_too(rating: float) -> None:
    known, ids = KnownRows(), Ids()
    learn(known, fold_batch([new(scored(5))], known, TRUST), ids)
    with pytest.raises(InvalidReviewError, match="off the scale"):
        fold_batch([new(scored(rating))], known, TRUST)


def test_a_new_subject_adds_to_its_parents_by_their_ids() -> None:
    known, ids = KnownRows(), Ids()
    learn(known, fold_batch([new(scored(5, subject="acme/berlin/shop-1"))], known, TRUST), ids)
    found = fold_batch([new(scored(5, subject="acme/berlin/shop-2"))], known, TRUST)
    assert [key[1] for key in found.by_key] == ["acme/berlin/shop-2"]
    assert [*found.one_star] == [ids[key] for key in ids if key[1] in ("acme", "acme/berlin")]
    learn(known, found, ids)
    assert not fold_batch([new(scored(5, subject="acme/berlin/shop-2"))], known, TRUST).by_key


def test_rows_of_another_table_are_not_remembered_beside_those_known() -> None:
    known, ids = KnownRows(), Ids()
    found = fold_batch([new(scored(5))], known, TRUST)
    learn(known, found, ids)
    assert not known.learn(found.unknown, {key: ids[key] for key in found.by_key}, TABLE_FILE + 1)


def test_what_is_known_is_bounded_and_what_is_asked_for_stays() -> None:
    recent = Recent[int](max_keys=10)
    keys: list[DeltaKey] = [("one", f"shop-{number}", "source", 0, 1) for number in range(100)]
    for number, key in enumerate(keys, 1):
        recent.put(key, number)
        assert recent.get(keys[0]) == 1
    assert [recent.get(key) for key in keys[-10:]] == [*range(91, 101)]
    assert len(recent.newer) + len(recent.older) <= 20
