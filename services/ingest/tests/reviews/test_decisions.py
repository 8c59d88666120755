"""Each rule of `decide`: given what is stored, when something is said, then this becomes of it."""

import dis
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.reviews.domain.content import first_state
from plaudit.ingest.reviews.domain.decisions import NOT_PUBLIC, Change, Held, Revised, Unchanged, decide
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.scales import Scale
from plaudit.ingest.reviews.domain.state import Answer, Kind, Origin, RawRating, Severity
from plaudit.ingest.sources.domain import Source

PUBLISHED = datetime(2026, 2, 14, 10, 15, 30, 250_000, UTC)
RECEIVED = datetime(2026, 2, 14, 10, 16, tzinfo=UTC)
LATER = datetime(2026, 2, 20, 8, 0, tzinfo=UTC)
EDITED = datetime(2026, 2, 19, 23, 0, tzinfo=UTC)
AHEAD = timedelta(minutes=5)

SOURCE = Source(
    id="source-1",
    tenant_id="default",
    name="Shop",
    platform="native",
    subject="acme",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    secret="whsec_",
)


def content(**told):
    return Content(**{"rating": 4.0, "published_at": PUBLISHED, "text": "Good", **told})


def create(version=None, **told):
    return CreateReview(external_id="r-1", version=version, content=content(**told))


def edit(version=None, **told):
    return EditReview(external_id="r-1", version=version, content=Content(**told))


def remove(version=None):
    return RemoveReview(external_id="r-1", version=version)


def restore(version=None):
    return RestoreReview(external_id="r-1", version=version)


def answer(version=None, **given):
    return AnswerReview(external_id="r-1", version=version, answer=AnswerContent(**{"text": "Thanks", **given}))


def when(current, instruction, at=LATER):
    return decide(current, instruction, SOURCE, at, "review-1")


def given(*instructions, at=RECEIVED):
    """What is stored after these."""
    current = None
    for instruction in instructions:
        decision = decide(current, instruction, SOURCE, at, "review-1")
        assert isinstance(decision, Revised), decision
        current = decision.stored
    return current


class TestCreation:
    def test_a_new_review_is_created_whole(self):
        told = create(
            7, kind=Kind.STARS, title="Hm", language="en", url="https://x.example", person="native:1", verified=True,
            origin=Origin.INVITED, tags=("a",), subject="acme/berlin",
        )  # fmt: skip
        decision = when(None, told, at=RECEIVED)
        state = decision.stored.state
        assert decision.type == "review.created"
        assert decision.change == Change(review_id="review-1", revision=1, before=None, after=state)
        assert (decision.stored.revision, decision.stored.version, decision.stored.removed) == (1, 7, False)
        assert (state.subject, state.rating, state.raw_rating) == ("acme/berlin", 4.0, RawRating(value=4, min=1, max=5))
        assert (state.kind, state.severity, state.origin, state.verified) == (
            Kind.STARS, Severity.NORMAL, Origin.INVITED, True,
        )  # fmt: skip
        assert (state.title, state.text, state.language, state.url) == ("Hm", "Good", "en", "https://x.example")
        assert (state.person, state.tags, state.external_id) == ("native:1", ("a",), "r-1")
        assert (state.published_at, state.rated_at, state.received_at) == (PUBLISHED, PUBLISHED, RECEIVED)
        assert (state.edited_at, state.published_at_raw, state.answer, state.text_cut) == (None, None, None, False)
        assert state.source == SOURCE.ref

    def test_what_is_not_said_has_its_default(self):
        state = when(None, create(text=UNSET)).stored.state
        assert (state.subject, state.kind, state.origin, state.verified) == ("acme", Kind.STARS, Origin.ORGANIC, False)
        assert (state.title, state.text, state.language, state.url, state.person) == (None,) * 5
        assert state.tags == ()

    def test_the_partition_key_is_tenant_and_first_segment(self):
        assert given(create(subject="acme/berlin/shop-3")).partition_key == "default/acme"

    def test_without_a_time_it_was_published_when_it_was_received(self):
        state = given(create(published_at=UNSET)).state
        assert (state.published_at, state.rated_at) == (RECEIVED, RECEIVED)

    def test_an_edit_of_an_unknown_review_creates_it_rated_at_the_edit(self):
        whole = EditReview(external_id="r-1", version=3, content=content(edited_at=EDITED))
        decision = when(None, whole)
        assert decision.type == "review.created"
        assert (decision.stored.state.rated_at, decision.stored.state.published_at) == (EDITED, PUBLISHED)

    def test_an_edit_of_an_unknown_review_without_an_edit_time_counts_from_its_publication(self):
        state = when(None, EditReview(external_id="r-1", content=content())).stored.state
        assert state.rated_at == PUBLISHED

    def test_a_creation_without_a_rating_is_quarantined(self):
        assert "rating is missing" in when(None, create(rating=UNSET)).reason

    def test_a_creation_with_an_answer_is_one_event(self):
        told = AnswerContent(text="Thanks", published_at=PUBLISHED)
        decision = when(None, create(answer=told))
        assert decision.type == "review.created"
        assert decision.change.after.answer == Answer(text="Thanks", published_at=PUBLISHED, state="published")

    def test_a_creation_that_says_the_same_is_a_duplicate(self):
        assert when(given(create()), create()) == Unchanged("duplicate")

    def test_a_creation_that_says_something_else_is_an_edit(self):
        decision = when(given(create()), create(rating=1.0))
        assert decision.type == "review.edited"
        assert decision.change.before.rating == 4
        assert decision.change.after.rating == 1

    def test_its_state_is_made_without_a_dict_of_keywords(self):
        assert "CALL_FUNCTION_EX" not in {step.opname for step in dis.get_instructions(first_state)}


class TestRating:
    @pytest.mark.parametrize(
        ("kind", "rating", "scale", "stars"),
        [
            (Kind.STARS, 4.5, UNSET, 4.5),
            (Kind.STARS, 8, Scale(0, 10), 4.2),
            (Kind.NPS, 10, UNSET, 5.0),
            (Kind.CES, 4, UNSET, 3.0),
            (Kind.THUMBS, 0, UNSET, 1.0),
        ],
    )
    def test_a_rating_is_brought_to_stars_and_kept_raw(self, kind, rating, scale, stars):
        state = given(create(kind=kind, rating=float(rating), scale=scale)).state
        assert state.rating == pytest.approx(stars, abs=1e-12)
        assert state.raw_rating.value == rating

    def test_a_rating_off_its_scale_is_quarantined_at_creation_and_at_an_edit(self):
        assert "off its scale" in when(None, create(rating=6.0)).reason
        assert "off its scale" in when(given(create()), edit(rating=0.0)).reason

    def test_an_edit_without_a_scale_is_on_the_stored_one(self):
        stored = given(create(rating=8.0, scale=Scale(0, 10)))
        assert when(stored, edit(rating=10.0)).stored.state.rating == 5
        assert when(stored, edit(rating=0.0)).stored.state.raw_rating == RawRating(value=0, min=0, max=10)

    def test_an_edit_to_another_kind_is_on_the_scale_of_that_kind(self):
        stored = given(create(rating=4.0))
        state = when(stored, edit(rating=10.0, kind=Kind.NPS)).stored.state
        assert (state.kind, state.rating, state.raw_rating.max) == (Kind.NPS, 5.0, 10)

    @pytest.mark.parametrize(("rating", "expected"), [(1.0, Severity.NEGATIVE), (2.49, Severity.NEGATIVE)])
    def test_one_and_two_stars_are_negative(self, rating, expected):
        assert given(create(rating=rating)).state.severity is expected

    def test_two_and_a_half_stars_are_three_and_so_not_negative(self):
        assert given(create(rating=2.5)).state.severity is Severity.NORMAL

    def test_the_severity_follows_an_edit(self):
        assert when(given(create()), edit(rating=1.0)).stored.state.severity is Severity.NEGATIVE


class TestRatedAt:
    def test_a_text_edit_leaves_it(self):
        state = when(given(create()), edit(text="Very good", edited_at=EDITED)).stored.state
        assert (state.rated_at, state.edited_at, state.text) == (PUBLISHED, EDITED, "Very good")

    def test_the_same_rating_again_leaves_it(self):
        assert when(given(create()), edit(rating=4.0, edited_at=EDITED)).stored.state.rated_at == PUBLISHED

    def test_a_changed_rating_counts_from_the_edit(self):
        assert when(given(create()), edit(rating=2.0, edited_at=EDITED)).stored.state.rated_at == EDITED

    def test_a_changed_rating_without_an_edit_time_counts_from_its_receipt(self):
        state = when(given(create()), edit(rating=2.0)).stored.state
        assert (state.rated_at, state.edited_at) == (LATER, None)

    def test_the_same_stars_of_another_kind_are_another_rating(self):
        state = when(given(create()), edit(rating=4.0, kind=Kind.CSAT, edited_at=EDITED)).stored.state
        assert (state.rating, state.rated_at) == (4.0, EDITED)

    def test_a_move_leaves_it(self):
        assert when(given(create()), edit(subject="acme/berlin")).stored.state.rated_at == PUBLISHED

    def test_a_restoration_leaves_it(self):
        stored = given(create(), edit(rating=2.0, edited_at=EDITED), remove(), at=LATER)
        assert when(stored, restore()).change.after.rated_at == EDITED

    def test_an_edit_while_removed_counts_after_the_restoration(self):
        stored = given(create(), remove(), edit(rating=2.0, edited_at=EDITED), at=LATER)
        after = when(stored, restore()).change.after
        assert (after.rating, after.rated_at) == (2.0, EDITED)


class TestFutureTimes:
    FUTURE = LATER + timedelta(days=3)

    def test_a_publication_ahead_is_brought_back_once_and_kept_raw(self):
        state = when(None, create(published_at=self.FUTURE)).stored.state
        assert (state.published_at, state.rated_at) == (LATER + AHEAD, LATER + AHEAD)
        assert state.published_at_raw == self.FUTURE

    def test_five_minutes_ahead_are_believed(self):
        state = when(None, create(published_at=LATER + AHEAD)).stored.state
        assert (state.published_at, state.published_at_raw) == (LATER + AHEAD, None)

    def test_the_same_time_told_again_is_not_brought_back_again(self):
        stored = when(None, create(published_at=self.FUTURE)).stored
        assert when(stored, create(published_at=self.FUTURE), at=LATER + AHEAD) == Unchanged("duplicate")
        assert when(stored, create(published_at=self.FUTURE), at=self.FUTURE) == Unchanged("duplicate")

    def test_a_corrected_time_replaces_it(self):
        stored = when(None, create(published_at=self.FUTURE)).stored
        state = when(stored, edit(published_at=PUBLISHED)).stored.state
        assert (state.published_at, state.published_at_raw, state.rated_at) == (PUBLISHED, None, LATER + AHEAD)

    def test_an_edit_ahead_is_brought_back(self):
        state = when(given(create()), edit(rating=1.0, edited_at=self.FUTURE)).stored.state
        assert (state.edited_at, state.rated_at) == (LATER + AHEAD, LATER + AHEAD)

    def test_an_answer_ahead_is_brought_back_once(self):
        stored = when(given(create()), answer(published_at=self.FUTURE)).stored
        assert stored.state.answer.published_at == LATER + AHEAD
        assert when(stored, answer(published_at=self.FUTURE), at=LATER + AHEAD) == Unchanged("duplicate")


class TestEdit:
    def test_what_is_not_said_stays(self):
        stored = given(create(title="Hm", person="native:1", verified=True, tags=("a",), url="https://x.example"))
        after = when(stored, edit(text="Better")).stored.state
        assert after == replace(stored.state, text="Better")

    def test_what_is_taken_away_goes(self):
        stored = given(create(title="Hm", language="en", url="https://x.example", person="native:1"))
        after = when(stored, edit(title=None, text=None, language=None, url=None, person=None)).stored.state
        assert (after.title, after.text, after.language, after.url, after.person) == (None,) * 5

    def test_an_edit_that_changes_nothing_is_a_duplicate(self):
        assert when(given(create()), edit(rating=4.0, text="Good")) == Unchanged("duplicate")

    def test_a_move_carries_both_subjects_and_keeps_the_partition(self):
        stored = given(create(subject="acme/berlin"))
        decision = when(replace(stored, partition_key="default/older-name"), edit(subject="acme/lisbon"))
        assert decision.type == "review.edited"
        assert (decision.change.before.subject, decision.change.after.subject) == ("acme/berlin", "acme/lisbon")
        assert decision.stored.partition_key == "default/older-name"

    def test_a_long_text_is_cut_and_flagged(self):
        state = given(create(title="t" * 501, text="x" * 20_001)).state
        assert (len(state.title), len(state.text), state.text_cut) == (500, 20_000, True)

    def test_a_text_of_just_the_length_is_not_flagged(self):
        assert not given(create(title="t" * 500, text="x" * 20_000)).state.text_cut

    def test_the_flag_stays_while_the_cut_text_does_and_goes_with_it(self):
        stored = given(create(text="x" * 20_001))
        assert when(stored, edit(title="New")).stored.state.text_cut
        assert not when(stored, edit(text="Short")).stored.state.text_cut

    def test_no_letter_is_cut_in_two_and_the_flag_stays_then_too(self):
        family = "👨‍👩‍👧"
        stored = given(create(title="t" * 498 + family, text="ж" * 19_998 + family))
        assert (stored.state.title, stored.state.text) == ("t" * 498, "ж" * 19_998)
        assert when(stored, edit(language="uk")).stored.state.text_cut

    def test_what_does_not_belong_in_a_text_is_not_kept(self):
        told = AnswerContent(text="Dan\u00adke\x00")
        state = given(create(title="a\u202eb", text="Cafe\u0301,\r\nنمی\u200cخواهم\x07", answer=told)).state
        assert (state.title, state.text, state.answer.text) == ("ab", "Café,\nنمی\u200cخواهم", "Danke")

    def test_the_same_text_in_another_form_of_unicode_changes_nothing(self):
        stored = given(create(text="Cafe\u0301"))
        assert isinstance(when(stored, edit(text="Café")), Unchanged)

    def test_who_received_it_first_stays(self):
        renamed = replace(SOURCE, name="Renamed")
        after = decide(given(create()), edit(text="Better"), renamed, LATER, "review-2").stored
        assert (after.state.received_at, after.state.source.name, after.review_id) == (RECEIVED, "Shop", "review-1")


class TestVersions:
    @pytest.mark.parametrize("version", [4, 5])
    @pytest.mark.parametrize("told", [create, edit, remove, restore])
    def test_what_has_no_part_to_replace_is_stale(self, told, version):
        said = told(version, rating=1.0) if told in {create, edit} else told(version)
        assert when(given(create(5)), said) == Unchanged("stale")

    @pytest.mark.parametrize("version", [4, 5])
    def test_an_overtaken_answer_is_stale(self, version):
        assert when(given(create(1), answer(5)), answer(version, text="Older")) == Unchanged("stale")

    def test_a_late_event_sets_what_later_ones_did_not_mention_and_nothing_else(self):
        stored = given(create(1), edit(5, title="Five"))
        decision = when(stored, edit(3, title="Three", text="Three"))
        assert (decision.type, decision.stored.version, decision.stored.revision) == ("review.edited", 5, 3)
        assert (decision.stored.state.title, decision.stored.state.text) == ("Five", "Three")
        assert when(decision.stored, edit(2, text="Two")) == Unchanged("stale")

    def test_an_answer_that_an_edit_has_overtaken_is_taken(self):
        decision = when(given(create(1), edit(5, rating=1.0)), answer(3))
        assert (decision.type, decision.stored.version, decision.stored.state.answer.text) == (
            "review.answered", 5, "Thanks",
        )  # fmt: skip

    def test_a_late_creation_completes_the_review_that_its_edit_has_made(self):
        told = Content(rating=1.0, edited_at=EDITED)
        stored = given(EditReview(external_id="r-1", version=2, content=told), at=LATER)
        after = when(stored, create(1)).stored.state
        assert (after.rating, after.rated_at, after.published_at, after.text) == (1.0, EDITED, PUBLISHED, "Good")

    def test_an_event_from_before_the_first_one_with_the_present_rating_says_how_old_it_is(self):
        stored = given(
            EditReview(external_id="r-1", version=2, content=Content(rating=4.0, edited_at=EDITED)), at=LATER
        )
        assert when(stored, create(1)).stored.state.rated_at == PUBLISHED

    def test_what_is_overtaken_by_a_removal_is_stored_without_an_event(self):
        stored = given(create(1), remove(5))
        for told in (edit(4, rating=1.0), answer(4), create(4, rating=1.0)):
            decision = when(stored, told)
            assert (decision.change, decision.stored.removed, decision.stored.version) == (None, True, 5)

    @pytest.mark.parametrize("version", [3, 7])
    def test_a_review_from_before_parts_had_versions_has_one_for_all(self, version):
        stored = replace(given(create(5)), part_versions=None)
        decision = when(stored, answer(version))
        assert isinstance(decision, Revised) == (version == 7)
        if version == 7:
            assert when(decision.stored, edit(5, title="Five")) == Unchanged("stale")

    def test_a_higher_one_replaces_it(self):
        assert when(given(create(5)), edit(9, rating=1.0)).stored.version == 9

    def test_without_one_the_order_of_receipt_counts_and_the_stored_one_stays(self):
        stored = when(given(create(5)), edit(rating=1.0)).stored
        assert (stored.version, stored.state.rating) == (5, 1.0)

    def test_the_first_version_of_a_review_without_one_is_taken(self):
        assert when(given(create()), edit(-3, rating=1.0)).stored.version == -3

    @pytest.mark.parametrize("told", [create, edit, restore])
    def test_a_higher_version_that_changes_nothing_is_remembered_without_an_event(self, told):
        said = told(3) if told is restore else told(3, rating=4.0)
        decision = when(given(create(1)), said)
        assert (decision.stored.version, decision.stored.revision, decision.change) == (3, 2, None)
        overtaken = remove(2) if told is restore else edit(2, rating=1.0)
        assert when(decision.stored, overtaken) == Unchanged("stale")

    def test_an_overtaken_removal_does_not_remove_what_was_restored(self):
        assert when(given(create(1), restore(3)), remove(2)) == Unchanged("stale")


class TestRemoval:
    def test_a_removal_takes_the_review_out_of_sight_and_keeps_its_content(self):
        stored = given(create())
        decision = when(stored, remove())
        assert decision.type == "review.removed"
        assert (decision.change.before, decision.change.after) == (stored.state, None)
        assert (decision.stored.removed, decision.stored.state) == (True, stored.state)

    def test_a_second_removal_is_a_duplicate(self):
        assert when(given(create(), remove()), remove()) == Unchanged("duplicate")

    def test_a_second_removal_of_a_higher_version_moves_the_version(self):
        decision = when(given(create(1), remove(2)), remove(4))
        assert (decision.stored.version, decision.change) == (4, None)

    def test_a_late_copy_of_the_creation_does_not_bring_a_removed_review_back(self):
        stored = given(create(), remove())
        assert when(stored, create()) == Unchanged("duplicate")
        assert when(stored, create(rating=1.0)).stored.removed

    def test_a_creation_of_a_higher_version_brings_a_removed_review_back(self):
        decision = when(given(create(1), remove(2)), create(3, rating=1.0))
        assert decision.type == "review.restored"
        assert (decision.change.before, decision.change.after.rating) == (None, 1.0)
        assert not decision.stored.removed

    def test_an_edit_of_a_removed_review_is_remembered_without_an_event(self):
        decision = when(given(create(1), remove(2)), edit(3, rating=1.0))
        assert (decision.change, decision.stored.removed, decision.stored.state.rating) == (None, True, 1.0)


class TestRemovalThatIsNotFinal:
    """Of a platform that takes removals back without saying so."""

    @pytest.mark.parametrize("told", [create(), create(rating=1.0), edit(text="Better"), edit(rating=4.0)])
    def test_a_creation_or_an_edit_makes_a_removed_review_visible(self, told):
        stored = given(create(), remove())
        decision = decide(stored, told, SOURCE, LATER, "x", removals_are_final=False)
        assert (decision.type, decision.stored.removed) == ("review.restored", False)
        assert (decision.change.before, decision.change.after) == (None, decision.stored.state)

    def test_an_answer_does_not(self):
        assert decide(given(create(), remove()), answer(), SOURCE, LATER, "x", removals_are_final=False).stored.removed

    @pytest.mark.parametrize("told", [create, edit])
    def test_what_is_older_than_the_removal_does_not(self, told):
        stored = given(create(1), remove(5))
        older = decide(stored, told(4, title="Four"), SOURCE, LATER, "x", removals_are_final=False)
        newer = decide(stored, told(6, title="Six"), SOURCE, LATER, "x", removals_are_final=False)
        assert (older.stored.removed, newer.stored.removed) == (True, False)

    def test_an_edit_of_a_visible_review_is_an_edit(self):
        decision = decide(given(create()), edit(text="Better"), SOURCE, LATER, "x", removals_are_final=False)
        assert decision.type == "review.edited"


class TestUnknown:
    @pytest.mark.parametrize("version", [None, 9])
    @pytest.mark.parametrize("told", [edit, remove, restore, answer])
    def test_what_is_about_an_unknown_review_is_held(self, told, version):
        held = when(None, told(version))
        assert isinstance(held, Held)
        assert "'r-1'" in held.reason


class TestRestoration:
    def test_a_restoration_brings_back_the_last_content(self):
        stored = given(create(), edit(text="Better"), remove())
        decision = when(stored, restore())
        assert decision.type == "review.restored"
        assert (decision.change.before, decision.change.after) == (None, stored.state)
        assert decision.change.after.text == "Better"
        assert not decision.stored.removed

    def test_a_restoration_of_a_visible_review_is_a_duplicate(self):
        assert when(given(create()), restore()) == Unchanged("duplicate")


class TestAnswer:
    def test_an_answer_is_an_event_with_the_answer(self):
        stored = given(create())
        decision = when(stored, answer(published_at=EDITED))
        assert decision.type == "review.answered"
        expected = Answer(text="Thanks", published_at=EDITED, state="published")
        assert decision.change.after == replace(stored.state, answer=expected)
        assert decision.change.before == stored.state

    @pytest.mark.parametrize("state", [AnswerState.PENDING, AnswerState.REJECTED])
    def test_the_state_is_kept(self, state):
        assert when(given(create()), answer(state=state)).change.after.answer.state == state.value

    def test_without_a_time_an_answer_counts_from_its_receipt_and_keeps_that(self):
        stored = when(given(create()), answer()).stored
        assert stored.state.answer.published_at == LATER
        assert when(stored, answer(), at=LATER + AHEAD) == Unchanged("duplicate")
        changed = when(stored, answer(state=AnswerState.REJECTED), at=LATER + AHEAD)
        assert changed.stored.state.answer.published_at == LATER + AHEAD

    def test_an_answer_taken_back_is_gone(self):
        stored = given(create(), answer())
        decision = when(stored, answer(text="", state=AnswerState.REMOVED))
        assert decision.type == "review.answer_removed"
        assert (decision.change.before.answer.text, decision.change.after.answer) == ("Thanks", None)

    def test_taking_back_what_is_not_there_is_a_duplicate(self):
        assert when(given(create()), answer(state=AnswerState.REMOVED)) == Unchanged("duplicate")

    def test_an_edit_of_nothing_but_the_answer_is_an_answer(self):
        stored = given(create())
        given_answer = AnswerContent(text="Thanks", published_at=EDITED)
        assert when(stored, edit(answer=given_answer)).type == "review.answered"
        assert when(stored, edit(answer=given_answer, text="x")).type == "review.edited"
        answered = given(create(), answer())
        assert when(answered, edit(answer=AnswerContent(state=AnswerState.REMOVED))).type == "review.answer_removed"

    def test_an_edit_that_does_not_speak_of_it_leaves_the_answer(self):
        assert when(given(create(), answer()), create(rating=1.0)).stored.state.answer.text == "Thanks"

    def test_an_answer_to_a_removed_review_is_remembered_without_an_event(self):
        decision = when(given(create(), remove()), answer())
        assert (decision.change, decision.stored.state.answer.text) == (None, "Thanks")
        assert when(decision.stored, restore()).change.after.answer.text == "Thanks"

    def test_a_long_answer_is_cut(self):
        assert len(when(given(create()), answer(text="x" * 20_001)).stored.state.answer.text) == 20_000


def test_a_status_that_is_not_public_waits_for_no_unknown_review():
    told = RemoveReview(external_id="r-1", is_standing=True)
    assert decide(None, told, SOURCE, LATER, "x", removals_are_final=False) == NOT_PUBLIC
    removed = decide(given(create()), told, SOURCE, LATER, "x", removals_are_final=False)
    assert removed.stored.removed
    again = decide(removed.stored, create(), SOURCE, LATER, "x", removals_are_final=False)
    assert not again.stored.removed
