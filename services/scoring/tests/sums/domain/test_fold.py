import msgspec
import pytest

from plaudit.common.contracts import Envelope
from plaudit.common.contracts.examples import examples
from plaudit.scoring.profiles.domain import DAY_US, TRUST, Profile
from plaudit.scoring.sums.domain.decay import Sums, unix_us
from plaudit.scoring.sums.domain.fold import fold
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange
from plaudit_testing.scored import MOMENT_US, change, folded, key_of, row_of, scored

WEIGHTED = Profile(
    name="weighted",
    half_life_days=30,
    prior_weight=2,
    prior_value=3,
    kinds=frozenset({"stars"}),
    unverified_weight=0.5,
    origin_weights={"incentivised": 0.25},
)


def share(rating=5.0, at_us=MOMENT_US, weight=1.0, sign=1, profile=TRUST):
    return list(row_of(rating, at_us, weight, sign=sign, profile=profile)[1])


def test_a_new_review_counts_for_every_prefix_of_its_subject():
    deltas = folded((None, scored(subject="acme/berlin/shop-3", rating=4)))

    assert deltas == {key_of(path): share(4) for path in ("acme", "acme/berlin", "acme/berlin/shop-3")}


def test_counts_stay_integers():
    deltas = folded((None, scored()), (scored(), None), (None, scored(rating=1)))

    assert all(isinstance(count, int) for row in deltas.values() for count in row[7:])


@pytest.mark.parametrize("gone", [None, scored(kind="nps")])
def test_what_is_removed_or_of_another_kind_is_subtracted(gone):
    assert folded((scored(), gone)) == {key_of(path): share(sign=-1) for path in ("acme", "acme/berlin")}


@pytest.mark.parametrize("absent", [None, scored(kind="csat")])
def test_what_is_restored_is_added(absent):
    assert folded((absent, scored())) == {key_of(path): share() for path in ("acme", "acme/berlin")}


@pytest.mark.parametrize("absent", [None, scored(kind="csat")])
@pytest.mark.parametrize("still_absent", [None, scored(kind="ces", rating=1)])
def test_a_review_that_does_not_count_touches_nothing(absent, still_absent):
    assert folded((absent, still_absent)) == {}


@pytest.mark.parametrize(
    "after", [scored(), scored(kind="thumbs"), scored(verified=False), scored(origin="incentivised"), scored(rating=5)]
)
def test_an_edit_that_leaves_the_contribution_as_it_was_touches_nothing(after):
    assert folded((scored(), after)) == {}


def test_a_changed_weight_is_a_change_where_the_profile_weighs():
    deltas = folded((scored(verified=False), scored(origin="incentivised")), profile=WEIGHTED)

    old, new = share(weight=0.5, profile=WEIGHTED), share(weight=0.25, profile=WEIGHTED)
    for path in ("acme", "acme/berlin"):
        assert deltas[key_of(path, profile=WEIGHTED)] == [y - x for x, y in zip(old, new, strict=True)]


def test_an_edited_rating_is_one_subtraction_and_one_addition():
    deltas = folded((scored(rating=1), scored(rating=4)))

    expected = [new - old for old, new in zip(share(1), share(4), strict=True)]
    assert deltas == {key_of("acme"): expected, key_of("acme/berlin"): expected}


def test_a_rating_given_anew_after_a_landmark_leaves_the_old_row_and_enters_the_new_one():
    block_us = 64 * TRUST.half_life_us
    earlier, later = block_us - DAY_US, block_us + DAY_US

    deltas = folded((scored(subject="acme", rated_at_us=earlier), scored(subject="acme", rated_at_us=later)))

    assert deltas == {key_of("acme", earlier): share(at_us=earlier, sign=-1), key_of("acme", later): share(at_us=later)}


def test_a_move_leaves_the_shared_prefixes_alone():
    deltas = folded((scored(subject="acme/berlin/shop-3"), scored(subject="acme/hamburg/shop-3")))

    gone, come = share(sign=-1), share()
    assert deltas == {
        key_of("acme/berlin"): gone,
        key_of("acme/berlin/shop-3"): gone,
        key_of("acme/hamburg"): come,
        key_of("acme/hamburg/shop-3"): come,
    }


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("acme", "acme/berlin", [], ["acme/berlin"]),
        ("acme/berlin", "acme", ["acme/berlin"], []),
        ("acme", "other", ["acme"], ["other"]),
        ("acme/b", "acme/bb", ["acme/b"], ["acme/bb"]),
    ],
)
def test_a_move_may_go_deeper_higher_or_elsewhere(old, new, gone, come):
    deltas = folded((scored(subject=old), scored(subject=new)))

    assert deltas == {key_of(path): share(sign=-1) for path in gone} | {key_of(path): share() for path in come}


def test_a_move_with_another_rating_changes_the_shared_prefixes_too():
    deltas = folded((scored(subject="acme/a", rating=1), scored(subject="acme/b", rating=2)))

    assert deltas[key_of("acme")] == [new - old for old, new in zip(share(1), share(2), strict=True)]
    assert deltas[key_of("acme/a")] == share(1, sign=-1)
    assert deltas[key_of("acme/b")] == share(2)


def test_tenants_sources_and_partitions_are_kept_apart():
    deltas = {}
    owners = [("a", "s", 0), ("a", "t", 0), ("b", "s", 0), ("b", "s", 1)]
    for tenant_id, source_id, partition in owners:
        fold(deltas, tenant_id, partition, change(None, scored(subject="acme", source_id=source_id)), TRUST)

    landmark = key_of("acme")[-1]
    assert set(deltas) == {(tenant, "acme", source, partition, landmark) for tenant, source, partition in owners}


@pytest.mark.parametrize("rating", [1, 1.5, 2.5, 3.49, 4.5, 5])
def test_a_review_is_counted_in_the_columns_of_its_star(rating):
    (row,) = folded((None, scored(rating, subject="acme"))).values()

    sums = Sums._make(row)
    star = int(rating + 0.5)
    assert sums.counts == tuple(int(each == star) for each in range(1, 6))
    assert sums.weights == tuple(sums.b * (each == star) for each in range(1, 6))
    assert sums.a == rating * sums.b


@pytest.mark.parametrize(
    "bad", [scored(rating=7.0), scored(rating=float("nan")), scored(subject="Acme/berlin", rating=1)]
)
@pytest.mark.parametrize("good_first", [True, False])
def test_a_record_that_cannot_be_scored_leaves_the_batch_as_it_was(bad, good_first):
    deltas = folded((None, scored()))
    as_it_was = {path: row.copy() for path, row in deltas.items()}
    events = [(scored(subject="acme/b"), bad), (None, bad)] if good_first else [(bad, scored(subject="x")), (bad, None)]

    for before, after in events:
        with pytest.raises(InvalidReviewError, match=r"rating|segment"):
            fold(deltas, "default", 0, change(before, after), TRUST)

    assert deltas == as_it_was


def test_a_state_decoded_from_the_bus_is_folded_as_it_is():
    event = msgspec.json.decode(dict(examples())["review.created"], type=Envelope[ScoredChange])

    state = scored(2, unix_us(event.data.after.rated_at), subject="northwind/lisbon", origin="invited")
    assert folded((None, event.data.after)) == folded((None, state)) != {}


def test_rows_that_cancel_within_a_batch_are_exactly_zero():
    deltas = folded((None, scored()), (scored(), None))

    assert deltas == {key_of(path): [0] * 12 for path in ("acme", "acme/berlin")}
