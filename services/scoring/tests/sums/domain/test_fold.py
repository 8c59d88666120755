from dataclasses import dataclass, replace

import msgspec
import pytest

from plaudit.scoring.domain.decay import contribution
from plaudit.scoring.domain.fold import fold
from plaudit.scoring.domain.profile import DAY_US, TRUST, Profile

MOMENT = 20_000 * DAY_US
WEIGHTED = Profile(
    name="weighted",
    half_life_days=30,
    prior_weight=2,
    prior_value=3,
    kinds=frozenset({"stars"}),
    unverified_weight=0.5,
    origin_weights={"incentivised": 0.25},
)


@dataclass(frozen=True)
class Given:
    subject: str = "acme/berlin"
    kind: str = "stars"
    rating: float = 5.0
    verified: bool = True
    origin: str = "organic"
    published: bool = True
    rated_at_us: int = MOMENT


def folded(*events, profile=TRUST):
    deltas = {}
    for before, after in events:
        fold(deltas, "default", "source-1", before, after, profile)
    return deltas


def key(path, at_us=MOMENT, profile=TRUST):
    return "default", path, "source-1", contribution(5, at_us, 1.0, profile)[0]


def share(rating=5.0, at_us=MOMENT, weight=1.0, sign=1, profile=TRUST):
    return [sign * value for value in contribution(rating, at_us, weight, profile)[1]]


def test_a_new_review_counts_for_every_prefix_of_its_subject():
    deltas = folded((None, Given(subject="acme/berlin/shop-3", rating=4)))

    assert deltas == {key(path): share(4) for path in ("acme", "acme/berlin", "acme/berlin/shop-3")}


def test_counts_stay_integers():
    deltas = folded((None, Given()), (Given(), None), (None, Given(rating=1)))

    assert all(isinstance(count, int) for row in deltas.values() for count in row[7:])


@pytest.mark.parametrize("gone", [None, Given(published=False), Given(kind="nps")])
def test_what_is_removed_unpublished_or_of_another_kind_is_subtracted(gone):
    assert folded((Given(), gone)) == {key(path): share(sign=-1) for path in ("acme", "acme/berlin")}


@pytest.mark.parametrize("absent", [None, Given(published=False), Given(kind="csat")])
def test_what_is_restored_is_added(absent):
    assert folded((absent, Given())) == {key(path): share() for path in ("acme", "acme/berlin")}


@pytest.mark.parametrize("absent", [None, Given(published=False), Given(kind="csat")])
@pytest.mark.parametrize("still_absent", [None, Given(published=False, rating=1), Given(kind="ces")])
def test_a_review_that_does_not_count_touches_nothing(absent, still_absent):
    assert folded((absent, still_absent)) == {}


@pytest.mark.parametrize(
    "after", [Given(), Given(kind="thumbs"), Given(verified=False), Given(origin="incentivised"), Given(rating=5)]
)
def test_an_edit_that_leaves_the_contribution_as_it_was_touches_nothing(after):
    assert folded((Given(), after)) == {}


def test_a_changed_weight_is_a_change_where_the_profile_weighs():
    deltas = folded((Given(verified=False), Given(origin="incentivised")), profile=WEIGHTED)

    old, new = share(weight=0.5, profile=WEIGHTED), share(weight=0.25, profile=WEIGHTED)
    for path in ("acme", "acme/berlin"):
        assert deltas[key(path, profile=WEIGHTED)] == [y - x for x, y in zip(old, new, strict=True)]


def test_an_edited_rating_is_one_subtraction_and_one_addition():
    deltas = folded((Given(rating=1), Given(rating=4)))

    expected = [new - old for old, new in zip(share(1), share(4), strict=True)]
    assert deltas == {key("acme"): expected, key("acme/berlin"): expected}


def test_a_rating_given_anew_after_a_landmark_leaves_the_old_row_and_enters_the_new_one():
    block_us = 64 * TRUST.half_life_us
    earlier, later = block_us - DAY_US, block_us + DAY_US

    deltas = folded((Given(subject="acme", rated_at_us=earlier), Given(subject="acme", rated_at_us=later)))

    assert deltas == {key("acme", earlier): share(at_us=earlier, sign=-1), key("acme", later): share(at_us=later)}


def test_a_move_leaves_the_shared_prefixes_alone():
    deltas = folded((Given(subject="acme/berlin/shop-3"), Given(subject="acme/hamburg/shop-3")))

    gone, come = share(sign=-1), share()
    assert deltas == {
        key("acme/berlin"): gone,
        key("acme/berlin/shop-3"): gone,
        key("acme/hamburg"): come,
        key("acme/hamburg/shop-3"): come,
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
    deltas = folded((Given(subject=old), Given(subject=new)))

    assert deltas == {key(path): share(sign=-1) for path in gone} | {key(path): share() for path in come}


def test_a_move_with_another_rating_changes_the_shared_prefixes_too():
    deltas = folded((Given(subject="acme/a", rating=1), Given(subject="acme/b", rating=2)))

    assert deltas[key("acme")] == [new - old for old, new in zip(share(1), share(2), strict=True)]
    assert deltas[key("acme/a")] == share(1, sign=-1)
    assert deltas[key("acme/b")] == share(2)


def test_tenants_and_sources_are_kept_apart():
    deltas = {}
    for tenant, source in [("a", "s"), ("a", "t"), ("b", "s")]:
        fold(deltas, tenant, source, None, Given(subject="acme"), TRUST)

    k = key("acme")[3]
    assert set(deltas) == {("a", "acme", "s", k), ("a", "acme", "t", k), ("b", "acme", "s", k)}


@pytest.mark.parametrize("bad", [Given(rating=7.0), Given(rating=float("nan")), Given(subject="Acme/berlin", rating=1)])
@pytest.mark.parametrize("good_first", [True, False])
def test_a_record_that_cannot_be_scored_leaves_the_batch_as_it_was(bad, good_first):
    deltas = folded((None, Given()))
    as_it_was = {path: row.copy() for path, row in deltas.items()}
    events = [(Given(subject="acme/b"), bad), (None, bad)] if good_first else [(bad, Given(subject="x")), (bad, None)]

    for before, after in events:
        with pytest.raises(ValueError, match=r"rating|segment"):
            fold(deltas, "default", "source-1", before, after, TRUST)

    assert deltas == as_it_was


def test_a_decoded_projection_feeds_it_as_it_is():
    class Projection(msgspec.Struct):
        subject: str
        kind: str
        rating: float
        verified: bool
        origin: str
        published: bool
        rated_at_us: int

    decoded = msgspec.json.decode(msgspec.json.encode(Given(rating=4)), type=Projection)

    assert folded((None, decoded)) == folded((None, Given(rating=4)))


def test_rows_that_cancel_within_a_batch_are_exactly_zero():
    deltas = folded((None, Given()), (Given(), replace(Given(), published=False)))

    assert deltas == {key(path): [0] * 12 for path in ("acme", "acme/berlin")}
