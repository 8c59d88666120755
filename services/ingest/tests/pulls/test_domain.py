"""The rules of when a source is asked and what becomes of an answer, without any server."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.platforms import ADAPTERS, INTERFACES
from plaudit.ingest.platforms.interface import Limit, UnexpectedAnswerError, Walk, instant, linked
from plaudit.ingest.pulls.domain import (
    HELD_FOR,
    HELD_LISTS,
    LONGEST_WAIT,
    NOT_TAKEN,
    REMOVED_AT_ONCE,
    WALK_LASTS,
    HeldRemovals,
    KnownReview,
    Pull,
    PullError,
    Trouble,
    failed,
    finished,
    is_far_smaller,
    judge,
    plan,
    removals,
    retry_after,
    settle,
    spend,
)
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    Ignored,
    Quarantined,
    RestoreReview,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GOOGLE, APPLE, PLAY = (INTERFACES[name] for name in ("google-business", "app-store", "google-play"))
PULL = Pull(tenant_id="default", source_id="s", platform="google-business", credentials_at=NOW, next_at=NOW, listing=3)


def created(external_id: str = "r-1", version: int | None = None, rating: float = 4) -> CreateReview:
    return CreateReview(external_id=external_id, version=version, content=Content(rating=rating, published_at=NOW))


def known_review(
    changed_at: datetime, told_at: datetime, mark: bytes, *, removed: bool = False, is_stored: bool = True
) -> KnownReview:
    return KnownReview(is_stored, removed, changed_at, told_at, mark)


# What is asked for.


def test_the_first_walk_lists_everything():
    planned = plan(PULL, GOOGLE, NOW)
    assert planned.walk == Walk(started_at=NOW, complete=True)
    assert planned.listing == 4


def test_the_next_one_asks_for_what_changed_since_with_some_overlap():
    watermark = NOW - timedelta(hours=1)
    planned = plan(replace(PULL, complete_at=NOW - timedelta(hours=2), watermark=watermark), GOOGLE, NOW)
    assert planned.walk == Walk(started_at=NOW, complete=False, since=watermark - GOOGLE.look_back)
    assert planned.listing == 3


def test_an_interface_that_never_lists_all_is_never_asked_to():
    assert plan(PULL, PLAY, NOW).walk == Walk(started_at=NOW, complete=False)


def test_a_walk_goes_on_until_its_pages_can_no_longer_be_asked_for():
    begun = replace(PULL, walk=Walk(started_at=NOW, complete=False, pages=3))
    assert plan(begun, GOOGLE, NOW + WALK_LASTS - timedelta(seconds=1)) == begun
    assert plan(begun, GOOGLE, NOW + WALK_LASTS).walk == Walk(started_at=NOW + WALK_LASTS, complete=True)


@pytest.mark.parametrize("saw_all", [True, False])
@pytest.mark.parametrize("unnamed", [True, False])
def test_a_complete_walk_counts_only_if_it_saw_all(saw_all: bool, unnamed: bool):
    walk = Walk(started_at=NOW, complete=True, unnamed=unnamed)
    after = finished(replace(PULL, walk=walk, complete_listing=2), walk, GOOGLE, NOW, saw_all=saw_all)
    assert after.complete_listing == (3 if saw_all and not unnamed else 2)
    assert (after.walk, after.next_at) == (None, NOW + GOOGLE.every)


def test_the_cursor_never_passes_the_beginning_of_the_walk_and_never_goes_back():
    ahead = Walk(started_at=NOW, complete=False, latest=NOW + timedelta(hours=1))
    after = finished(PULL, ahead, GOOGLE, NOW, saw_all=True)
    assert after.watermark is not None
    assert after.watermark < NOW
    old = Walk(started_at=NOW, complete=False, latest=NOW - timedelta(days=9))
    assert finished(after, old, GOOGLE, NOW, saw_all=True).watermark == after.watermark


# Waiting.


@pytest.mark.parametrize(
    ("written", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta()),
        ("Mon, 01 Jun 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Mon, 01 Jun 2026 11:00:00 GMT", timedelta()),
        ("99999999999999999999", LONGEST_WAIT),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_forms(written: str | None, wait: timedelta | None):
    assert retry_after(written, NOW) == wait


def test_a_date_that_no_clock_shows_does_not_hide_that_there_were_too_many_requests():
    judged = judge(429, {"retry-after": "Mon, 01 Jun 99999999999 12:10:00 GMT"}, NOW)
    assert judged is not None
    assert (judged.trouble, judged.wait) == (Trouble.LIMITED, None)


@given(st.text(max_size=60))
def test_no_retry_after_fails(written: str):
    assert retry_after(written, NOW) is None or retry_after(written, NOW) >= timedelta()


def test_each_failure_waits_longer_up_to_a_limit_and_for_what_is_asked():
    pull, waits = PULL, []
    for _ in range(12):
        pull = failed(pull, PullError(Trouble.UNAVAILABLE, "x"), NOW, 1.0)
        waits.append(pull.next_at - NOW)
    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert waits[-1] == timedelta(hours=1)
    asked = failed(PULL, PullError(Trouble.LIMITED, "x", timedelta(days=3)), NOW, 1.0)
    assert (asked.next_at, asked.not_before) == (NOW + LONGEST_WAIT, NOW + LONGEST_WAIT)


@pytest.mark.parametrize("trouble", Trouble)
def test_a_walk_begins_anew_only_where_a_page_was_refused(trouble: Trouble):
    walk = Walk(started_at=NOW, complete=True, pages=3)
    kept = failed(replace(PULL, walk=walk), PullError(trouble, "x"), NOW, 1.0).walk
    assert kept == (None if trouble in {Trouble.REFUSED, Trouble.UNREADABLE} else walk)


def test_requests_are_counted_in_windows():
    pull: Pull | datetime = PULL
    for _ in range(3):
        assert isinstance(pull, Pull)
        pull = spend(pull, Limit(requests=3, seconds=60), NOW)
    assert isinstance(pull, Pull)
    assert spend(pull, Limit(requests=3, seconds=60), NOW + timedelta(seconds=59)) == NOW + timedelta(seconds=60)
    assert isinstance(spend(pull, Limit(requests=3, seconds=60), NOW + timedelta(seconds=60)), Pull)


def test_every_status_is_judged():
    assert [judge(status, {}, NOW) for status in (200, 204, 299)] == [None, None, None]
    troubles = {status: judge(status, {}, NOW) for status in range(300, 600)}
    assert all(troubles.values())
    kinds = {status: error.trouble for status, error in troubles.items() if error is not None}
    assert (kinds[401], kinds[403], kinds[429], kinds[500], kinds[404], kinds[302]) == (
        Trouble.CREDENTIALS,
        Trouble.CREDENTIALS,
        Trouble.LIMITED,
        Trouble.UNAVAILABLE,
        Trouble.REFUSED,
        Trouble.REFUSED,
    )


# What a page says.

ASKED = NOW
BEFORE, AFTER = NOW - timedelta(minutes=1), NOW + timedelta(seconds=1)


def test_what_is_new_is_due_and_the_same_again_is_not():
    first = settle([created()], ["r-1"], {}, ASKED, APPLE)
    assert (first.items, first.is_due) == ([created()], True)
    known = {"r-1": known_review(BEFORE, BEFORE, first.fingerprints["r-1"])}
    assert not settle([created()], ["r-1"], known, ASKED, APPLE).is_due
    assert settle([created(rating=2)], ["r-1"], known, ASKED, APPLE).is_due


def test_what_another_way_has_changed_since_is_told_again():
    mark = settle([created()], ["r-1"], {}, ASKED, APPLE).fingerprints["r-1"]
    known = {"r-1": known_review(BEFORE, BEFORE - timedelta(minutes=1), mark)}
    assert settle([created()], ["r-1"], known, ASKED, APPLE).is_due


def test_a_page_from_before_a_change_waits_where_there_are_no_versions():
    known = {"r-1": known_review(AFTER, BEFORE, b"x", removed=True)}
    settled = settle([created()], ["r-1"], known, ASKED, APPLE)
    assert isinstance(settled.items[0], Ignored)
    assert (settled.is_due, settled.fingerprints) == (False, {"r-1": NOT_TAKEN})
    with_version = settle([created(version=7)], ["r-1"], known, ASKED, GOOGLE)
    assert with_version.items == [created(version=7)]


def test_a_removed_review_that_is_listed_with_a_known_version_is_restored():
    known = {"r-1": known_review(BEFORE, BEFORE, b"x", removed=True)}
    settled = settle([created(version=7)], ["r-1"], known, ASKED, GOOGLE)
    assert settled.items == [created(version=7), RestoreReview(external_id="r-1")]
    assert settled.is_due


def test_the_last_change_is_the_publication_only_of_a_new_review():
    new = settle([created(version=7)], ["r-1"], {}, ASKED, PLAY).items[0]
    known = {"r-1": known_review(BEFORE, BEFORE, b"x")}
    edited = settle([created(version=7)], ["r-1"], known, ASKED, PLAY).items[0]
    assert isinstance(new, CreateReview)
    assert isinstance(edited, CreateReview)
    assert (new.content.published_at, new.content.edited_at) == (NOW, UNSET)
    assert (edited.content.published_at, edited.content.edited_at) == (UNSET, NOW)


def test_an_erased_review_is_no_news_and_leaves_no_fingerprint():
    known = {"r-1": replace(known_review(BEFORE, BEFORE, NOT_TAKEN), erased=True)}
    settled = settle([created()], ["r-1"], known, ASKED, APPLE)
    assert (settled.is_due, settled.fingerprints) == (False, {"r-1": NOT_TAKEN})


def test_what_cannot_be_read_is_due_once():
    items = [Quarantined("stars: is missing")]
    first = settle(items, ["r-1"], {}, ASKED, APPLE)
    known = {"r-1": known_review(BEFORE, BEFORE, first.fingerprints["r-1"], is_stored=False)}
    assert first.is_due
    assert not settle(items, ["r-1"], known, ASKED, APPLE).is_due
    assert settle(items, [None], known, ASKED, APPLE).is_due


# Interfaces.


def test_every_interface_is_of_a_platform_and_sends_tokens_nowhere_else():
    assert INTERFACES.keys() <= ADAPTERS.keys()
    for interface in INTERFACES.values():
        assert interface.origin.startswith("https://")
        assert interface.limit.requests > 0
    assert linked(APPLE.origin, None) is None
    for elsewhere in ("https://api.appstoreconnect.apple.com.example.com/x", "http://127.0.0.1/", "//x", 5):
        with pytest.raises(UnexpectedAnswerError, match="another host"):
            linked(APPLE.origin, elsewhere)


def test_an_instant_has_a_zone_or_is_none():
    assert instant("2026-05-01T10:00:00.123456789Z") == datetime(2026, 5, 1, 10, 0, 0, 123456, UTC)
    assert [instant(text) for text in ("2026-05-01T10:00:00", "soon", "", None)] == [None] * 4


# What complete lists lack.


@pytest.mark.parametrize(
    ("missing", "visible", "far_smaller"),
    [(0, 0, False), (10, 10, False), (11, 11, True), (11, 54, True), (11, 55, False), (20, 99, True), (20, 100, False)],
)
def test_a_list_is_far_smaller_by_number_and_by_share(missing: int, visible: int, far_smaller: bool):
    assert is_far_smaller(missing, visible) is far_smaller


def test_few_missing_reviews_are_removed_at_once_and_end_what_was_held():
    held = HeldRemovals(since=NOW, listing=1, missing=50, visible=60)
    assert removals(PULL, 7, REMOVED_AT_ONCE, 12, NOW) == (PULL, 7)
    assert removals(replace(PULL, held_removals=held), 7, 0, 60, NOW) == (PULL, 7)


def test_many_are_removed_after_three_lists_on_end_over_a_day_and_only_what_all_of_them_lack():
    times = [NOW, NOW + HELD_FOR / 2, NOW + HELD_FOR]
    pull = PULL
    for number, at in enumerate(times, start=1):
        pull, since = removals(pull, before=number, missing=50, visible=60, started_at=at)
        if number < HELD_LISTS:
            assert since is None
            assert pull.held_removals is not None
            assert (pull.held_removals.lists, pull.held_removals.since) == (number, NOW)
    assert (pull.held_removals, since) == (None, 1)


def test_three_lists_in_less_than_a_day_are_not_enough():
    pull, since = PULL, None
    for number in range(1, 10):
        pull, since = removals(pull, number, 50, 60, NOW + timedelta(hours=2 * number))
        assert since is None
    assert pull.held_removals is not None


def test_two_lists_over_more_than_a_day_are_not_enough():
    pull, _ = removals(PULL, 1, 50, 60, NOW)
    assert removals(pull, 2, 50, 60, NOW + 3 * HELD_FOR)[1] is None
