import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.contracts import Envelope
from plaudit.common.contracts.examples import examples
from plaudit.scoring.profiles.domain import DAY_US, RECENT, TRUST
from plaudit.scoring.sums.domain.decay import Sums, merge, unix_us
from plaudit.scoring.sums.domain.fold import fold
from plaudit.scoring.sums.domain.kept import NEWEST, block_of, held
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange
from plaudit.scoring.sums.domain.traits import NUMBERS
from plaudit_testing.scored import MOMENT_US, change, folded, kept, kept_parts, key_of, row_of, scored


def share(rating=5.0, at_us=MOMENT_US, weight=1.0, sign=1, profile=TRUST):
    return list(row_of(rating, at_us, weight, sign=sign, profile=profile)[1])


def test_a_new_review_counts_for_every_prefix_of_its_subject():
    deltas = folded((None, scored(subject="acme/berlin/shop-3", rating=4)))

    assert deltas == {key_of(path): share(4) for path in ("acme", "acme/berlin", "acme/berlin/shop-3")}


def test_counts_stay_integers():
    deltas = folded((None, scored()), (scored(), None), (None, scored(rating=1)))

    assert all(isinstance(count, int) for row in deltas.values() for count in row[7:])


def test_what_is_removed_is_subtracted():
    assert folded((scored(), None)) == {key_of(path): share(sign=-1) for path in ("acme", "acme/berlin")}


def test_a_review_that_is_not_there_touches_nothing():
    assert folded((None, None)) == {}


@pytest.mark.parametrize("fold_them", [folded, kept])
def test_an_edit_that_leaves_the_contribution_as_it_was_touches_nothing(fold_them):
    assert fold_them((scored(), scored())) == {}


@pytest.mark.parametrize(
    "after", [scored(kind="thumbs"), scored(kind="nps"), scored(verified=False), scored(origin="incentivised")]
)
def test_kinds_origins_and_verified_reviews_are_kept_apart(after):
    traits = NUMBERS[after.kind, after.origin, after.verified]
    paths = ("acme", "acme/berlin")

    assert folded((scored(), after)) == {
        **{key_of(path): share(sign=-1) for path in paths},
        **{key_of(path, traits=traits): share() for path in paths},
    }


@pytest.mark.parametrize("unknown", [scored(kind="hearts"), scored(origin="bought")])
def test_a_kind_or_an_origin_that_is_not_known_is_refused(unknown):
    with pytest.raises(InvalidReviewError, match="is known"):
        folded((None, unknown))


@given(st.integers(-60 * 365 * DAY_US, 60 * 365 * DAY_US), st.floats(1, 5))
def test_a_kept_row_holds_each_half_life_as_its_own_row_would(rated_at_us, rating):
    [(*_, block)] = kept((None, scored(rating, rated_at_us, subject="acme")))
    [part] = kept_parts(kept((None, scored(rating, rated_at_us, subject="acme"))))

    for profile in (TRUST, RECENT):
        landmark, sums = held(block, part.kept, profile.half_life_us)
        assert merge([(landmark, sums)]).sums.counts == merge([row_of(rating, rated_at_us)]).sums.counts
        own_landmark, own = row_of(rating, rated_at_us, profile=profile)
        factor = 2.0 ** (64 * (own_landmark - landmark))
        assert sums[:7] == tuple(x * (factor**2 if i == 1 else factor) for i, x in enumerate(own[:7]))
    assert held(block, part.kept, None) == (0, row_of(rating, 0)[1])
    assert part.kept.newest_us == rated_at_us
    assert held(block, part.kept, TRUST.half_life_us + 1) is None


def test_the_newest_review_stays_the_newest_when_it_is_removed():
    older, newer = scored(5, MOMENT_US, subject="acme"), scored(4, MOMENT_US + 1, subject="acme")
    [row] = kept((None, older), (None, newer), (newer, None)).values()

    assert row[NEWEST] == MOMENT_US + 1


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
        fold(deltas, tenant_id, partition, change(None, scored(subject="acme", source_id=source_id)))

    block = block_of(MOMENT_US)
    assert set(deltas) == {(tenant, "acme", source, 1, partition, block) for tenant, source, partition in owners}


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
    deltas = kept((None, scored()))
    as_it_was = {path: row.copy() for path, row in deltas.items()}
    events = [(scored(subject="acme/b"), bad), (None, bad)] if good_first else [(bad, scored(subject="x")), (bad, None)]

    for before, after in events:
        with pytest.raises(InvalidReviewError, match=r"rating|segment"):
            fold(deltas, "default", 0, change(before, after))

    assert deltas == as_it_was


def test_a_state_decoded_from_the_bus_is_folded_as_it_is():
    event = msgspec.json.decode(dict(examples())["review.created"], type=Envelope[ScoredChange])

    state = scored(2, unix_us(event.data.after.rated_at), subject="northwind/lisbon", origin="invited")
    assert folded((None, event.data.after)) == folded((None, state)) != {}


def test_rows_that_cancel_within_a_batch_are_exactly_zero():
    deltas = folded((None, scored()), (scored(), None))

    assert deltas == {key_of(path): [0] * 12 for path in ("acme", "acme/berlin")}
