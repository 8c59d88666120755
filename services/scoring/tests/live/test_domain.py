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
    fold_half_lives,
    reducer,
)
from plaudit.scoring.profiles.domain import DAY_US, RECENT
from plaudit.scoring.sums.domain.fold import EMPTY_ROW, DeltaKey, Deltas, SubtractedWeights, fold, fold_half_life
from plaudit.scoring.sums.domain.kept import NEWEST, NOTHING_KEPT, kept_share
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange, ScoredReview
from plaudit_testing.scored import MOMENT_US, SOURCE_ID, change, scored

TABLE_FILE = 1
HALF_LIFE_US = RECENT.half_life_us
COMMON_US = 2_190 * DAY_US
"""Whole half-lives of every profile: 12 of trust, 73 of recent."""


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
exact = reviews_at(*(half_lives * COMMON_US for half_lives in (-3, -2, 0, 1, 2, 3)))
"""Their weights are small powers of two, so that sums are exact whatever their order."""
changes = st.one_of(st.builds(change, st.none(), exact), st.builds(change, st.none() | exact, st.none() | exact))
batches = st.lists(st.lists(st.tuples(st.sampled_from(["one", "two"]), st.integers(0, 1), changes), max_size=12))


class Ids(dict[DeltaKey, int]):
    """The ids of rows as a database gives them out."""

    def __missing__(self, key: DeltaKey) -> int:
        self[key] = len(self) + 1
        return self[key]


def counted(tenant_id: str, partition: int, each: ScoredChange) -> Counted:
    """A change as the decoder hands it on."""
    event = CountedEvent(tenant=tenant_id, data=each, epoch="1", sequence="1".zfill(20), specversion="1.0")
    return reducer()(event, partition)


def new(review: ScoredReview) -> Counted:
    return counted("one", 0, change(None, review))


def learn(known: KnownRows, found: Additions, ids: Ids) -> None:
    """Remember what the statement that adds by keys returns."""
    assert known.learn(found.unknown, {key: ids[key] for key in found.by_key}, TABLE_FILE)


def added_up(total: Deltas, found: Additions, ids: Ids) -> None:
    """Add a batch's additions to the total, as the statements do."""
    for key, numbers in found.by_key.items():
        ids[key]
        add(total, key, numbers)
    keys = {row_id: key for key, row_id in ids.items()}
    for row_id, (same_id, star, n, total_, newest_us, *weights) in found.one_star.items():
        assert row_id == same_id
        numbers: dict[str, float] = {**NOTHING_KEPT._asdict(), f"n{star}": n, "total": total_, "newest_us": newest_us}
        for name, (a, b2, w) in zip(("trust", "recent"), (weights[:3], weights[3:]), strict=True):
            numbers |= {f"{name}_a": a, f"{name}_b2": b2, f"{name}_w{star}": w}
        add(total, keys[row_id], numbers.values())
    for row_id, row in found.several_stars.items():
        assert row_id not in found.one_star
        add(total, keys[row_id], row)


def add(total: Deltas, key: DeltaKey, numbers: Iterable[float]) -> None:
    old, added = total.get(key, EMPTY_ROW), list(numbers)
    total[key] = [x + y for x, y in zip(old, added, strict=True)]
    total[key][NEWEST] = max(old[NEWEST], added[NEWEST])


def standing(total: Deltas) -> Deltas:
    """The rows that are not zero, leaving aside that a row may know a newest review whose sums have gone."""
    return {key: row for key, row in total.items() if any(number for at, number in enumerate(row) if at != NEWEST)}


@pytest.mark.parametrize("max_keys", [1, 2, 1_000])
@given(batches=batches)
def test_whatever_is_known_the_sums_are_those_of_each_change(
    max_keys: int, batches: list[list[tuple[str, int, ScoredChange]]]
) -> None:
    known, ids = KnownRows(max_keys), Ids()
    total: Deltas = {}
    wanted: Deltas = {}
    for batch in batches:
        found = fold_batch([counted(*each) for each in batch], known)
        added_up(total, found, ids)
        learn(known, found, ids)
        for tenant_id, partition, each in batch:
            fold(wanted, tenant_id, partition, each)
    assert standing(total) == standing(wanted)


@given(review=reviews)
def test_a_review_of_known_rows_adds_the_same_bits_as_one_of_unknown_rows(review: ScoredReview) -> None:
    known, ids = KnownRows(), Ids()
    batch = [new(review)]
    first = fold_batch(batch, known)
    learn(known, first, ids)
    second = fold_batch(batch, known)
    assert not second.by_key
    total: Deltas = {}
    added_up(total, second, ids)
    assert total == first.by_key


def test_the_rows_of_a_subject_are_known_from_the_next_batch_on() -> None:
    known, ids = KnownRows(), Ids()
    batch = [new(scored(5)), new(scored(5))]
    first = fold_batch(batch, known)
    assert (len(first.by_key), first.one_star) == (2, {})
    learn(known, first, ids)
    second = fold_batch(batch, known)
    assert [row[2] for row in second.one_star.values()] == [2, 2]
    assert (second.by_key, second.unknown) == ({}, {})


def test_a_new_review_is_reduced_to_numbers_and_all_else_stays_a_change() -> None:
    key, star, rating, rated_at_us, trust_w, recent_w = counted("one", 3, change(None, scored(4.5, verified=False)))
    assert (key[:5], star) == (("one", "acme/berlin", SOURCE_ID, 0, 3), 5)
    assert (rating, rated_at_us) == (4.5, MOMENT_US)
    block, share = kept_share(4.5, MOMENT_US)
    assert (key[5], trust_w, recent_w) == (block, share.trust_w5, share.recent_w5)
    for other in (change(None, None), change(scored(), None), change(scored(), scored(4)), change(None, scored(7))):
        assert counted("one", 3, other) == OtherChange("one", 3, other)


def test_a_subject_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidReviewError, match="a subject is a path"):
        fold_batch([new(scored(5, subject="Acme"))], KnownRows())


@pytest.mark.parametrize("rating", [0.99, 5.01, float("nan")])
def test_a_rating_off_the_scale_is_refused_of_known_rows_too(rating: float) -> None:
    known, ids = KnownRows(), Ids()
    learn(known, fold_batch([new(scored(5))], known), ids)
    with pytest.raises(InvalidReviewError, match="off the scale"):
        fold_batch([new(scored(rating))], known)


def test_a_new_subject_adds_to_its_parents_by_their_ids() -> None:
    known, ids = KnownRows(), Ids()
    learn(known, fold_batch([new(scored(5, subject="acme/berlin/shop-1"))], known), ids)
    found = fold_batch([new(scored(5, subject="acme/berlin/shop-2"))], known)
    assert [key[1] for key in found.by_key] == ["acme/berlin/shop-2"]
    assert [*found.one_star] == [ids[key] for key in ids if key[1] in ("acme", "acme/berlin")]
    learn(known, found, ids)
    assert not fold_batch([new(scored(5, subject="acme/berlin/shop-2"))], known).by_key


def test_rows_of_another_table_are_not_remembered_beside_those_known() -> None:
    known, ids = KnownRows(), Ids()
    found = fold_batch([new(scored(5))], known)
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


OWN_US = [DAY_US // 24, 3_652 * DAY_US]
several = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]),
        st.integers(0, 1),
        st.builds(change, st.none() | reviews, st.none() | reviews),
    ),
    max_size=12,
)


@given(batch=several)
def test_sums_of_tenants_own_half_lives_are_those_of_each_change_where_live_keeps_them(
    batch: list[tuple[str, int, ScoredChange]],
) -> None:
    live = {("one", 0): OWN_US, ("two", 1): OWN_US[:1]}

    found, subtracted = fold_half_lives([counted(*each) for each in batch], live)

    for half_life_us in OWN_US:
        wanted: Deltas = {}
        taken: SubtractedWeights = {}
        for tenant_id, partition, each in batch:
            if half_life_us in live.get((tenant_id, partition), ()):
                fold_half_life(wanted, tenant_id, partition, each, half_life_us, taken)
        assert found.get(half_life_us, {}) == wanted
        assert subtracted.get(half_life_us, {}) == taken


def test_what_is_taken_away_of_a_half_life_is_the_weight_of_what_goes() -> None:
    first, last = (scored(5, hours * OWN_US[0], subject="acme/berlin") for hours in (0, 63))
    taken: SubtractedWeights = {}
    deltas: Deltas = {}

    for each in (change(None, first), change(None, last), change(last, None), change(first, scored(1, 0))):
        fold_half_life(deltas, "one", 0, each, OWN_US[0], taken)

    assert {key[1]: weight for key, weight in taken.items()} == {"acme": 2.0**63 + 1, "acme/berlin": 2.0**63 + 1}
