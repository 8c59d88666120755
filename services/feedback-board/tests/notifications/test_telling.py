"""Who is told of a change: each person once, across merges, never after stopping, and of what flaps the last only."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from plaudit.common.erasure import Erasure, Kind, note
from plaudit.feedback_board.erasure.commands import scrubbing
from plaudit.feedback_board.notifications.commands import telling
from plaudit_testing.erasing import holders, scrub_all

pytestmark = pytest.mark.postgres

ANNA, BEN, CARA = "native:anna", "native:ben", "native:cara"


async def test_whoever_voted_follows_or_wrote_a_linked_review_is_told_once(stage, reviews) -> None:
    path = await stage.request("Refund the deposit", ANNA, BEN)
    review = await reviews.published(person="native:dan")
    await stage.api.post(f"{path}/links", json={"review_id": str(review)})
    await stage.api.put(f"{path}/followers/{CARA}")
    await stage.api.put(f"{path}/followers/{ANNA}")
    for person in (ANNA, BEN, CARA):
        await stage.knows(person)
    stage.is_customer("native:dan")
    await stage.becomes(path, "shipped")
    await stage.tell()
    assert await stage.send() == [], "the status is held"
    assert await stage.told_after_hold() == ["anna", "ben", "cara", "dan"]
    assert await stage.told_after_hold() == ["anna", "ben", "cara", "dan"], "and nobody twice"
    assert not await stage.job().has_work()


async def test_the_mail_says_what_was_asked_what_changed_and_why_and_can_be_stopped_by_one_click(stage) -> None:
    path = await stage.request("Refund the <b>deposit</b>", ANNA)
    await stage.knows(ANNA)
    await stage.becomes(path, "shipped", reason="Refunds leave <i>the same day</i>.")
    await stage.told_after_hold()
    (mail,) = stage.mailbox.mails
    assert mail["Subject"] == "We built it: Refund the <b>deposit</b>"
    plain, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for said in (
        "You asked, we built it",
        "You get this because you voted for it.",
        "http://board.example/b/default/r/",
    ):
        assert said in plain
        assert said in html
    assert "Refunds leave <i>the same day</i>." in plain
    assert "Refunds leave &lt;i&gt;the same day&lt;/i&gt;." in html
    assert 'lang="en" dir="ltr"' in html
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<http")
    assert "/board-preferences/" in mail["List-Unsubscribe"]


async def test_a_mail_is_in_the_language_of_the_reader(stage) -> None:
    path = await stage.request("Kaution sofort zurück", ANNA)
    await stage.knows(ANNA, language="de")
    await stage.becomes(path, "shipped")
    await stage.told_after_hold()
    (mail,) = stage.mailbox.mails
    assert mail["Subject"] == "Umgesetzt: Kaution sofort zurück"
    assert 'lang="de"' in mail.get_body(("html",)).get_content()


async def test_across_merged_requests_each_person_is_told_once(stage) -> None:
    root = await stage.request("Refund the deposit", ANNA, BEN)
    one = await stage.request("Deposit back", BEN, CARA)
    other = await stage.request("Money back", ANNA, CARA)
    for person in (ANNA, BEN, CARA):
        await stage.knows(person)
    await stage.merge(other, one)
    await stage.merge(one, root)
    assert await stage.told_after_hold() == [], "nobody is told of a merge"
    await stage.becomes(root, "shipped")
    assert await stage.told_after_hold() == ["anna", "ben", "cara"]


async def test_a_request_that_is_merged_while_it_is_held_tells_nobody(stage) -> None:
    root, path = await stage.request("Refund the deposit"), await stage.request("Deposit back", ANNA)
    await stage.knows(ANNA)
    await stage.becomes(path, "shipped")
    await stage.merge(path, root)
    assert await stage.told_after_hold() == []
    assert await stage.count("SELECT outcome FROM announcements") == "merged"


async def test_two_that_ship_and_are_then_merged_tell_each_person_once(stage) -> None:
    root, path = await stage.request("Refund the deposit", ANNA), await stage.request("Deposit back", ANNA, BEN)
    await stage.knows(ANNA)
    await stage.knows(BEN)
    await stage.becomes(root, "shipped")
    await stage.becomes(path, "shipped")
    await stage.merge(path, root)
    assert await stage.told_after_hold() == ["anna", "ben"]


async def test_what_goes_back_while_it_is_held_tells_nobody_and_of_two_moves_the_last_is_told(stage) -> None:
    path = await stage.request("Refund the deposit", ANNA)
    await stage.knows(ANNA)
    await stage.becomes(path, "planned")
    await stage.becomes(path, "open")
    assert await stage.told_after_hold() == []
    await stage.becomes(path, "planned")
    await stage.later(timedelta(minutes=9))
    await stage.becomes(path, "shipped")
    await stage.later(timedelta(minutes=9))
    await stage.tell()
    assert await stage.send() == [], "the last move is held as long as the first one"
    assert await stage.told_after_hold() == ["anna"]
    assert stage.mailbox.subjects == ["We built it: Refund the deposit"]


async def test_a_status_that_changes_after_it_was_queued_does_not_leave(stage) -> None:
    path = await stage.request("Refund the deposit", ANNA)
    await stage.knows(ANNA)
    await stage.becomes(path, "shipped")
    await stage.later()
    await stage.tell()
    await stage.becomes(path, "in_progress")
    assert await stage.send() == []
    reason = await stage.count("SELECT reason FROM message_deliveries")
    assert reason == "the request has another status by now"


async def test_only_what_is_planned_shipped_or_declined_is_told_unless_staff_say_otherwise(stage) -> None:
    quiet, loud, silent = [await stage.request(each, ANNA) for each in ("One thing", "Another thing", "A third thing")]
    await stage.knows(ANNA)
    await stage.becomes(quiet, "in_progress")
    await stage.becomes(loud, "under_review", notify=True)
    await stage.becomes(silent, "shipped", notify=False)
    await stage.told_after_hold()
    assert stage.mailbox.subjects == ["We look at it: Another thing"]


async def test_whoever_stops_is_told_no_more_also_after_a_new_vote_and_across_a_merge(stage) -> None:
    root, path = await stage.request("Refund the deposit", ANNA), await stage.request("Deposit back", ANNA, BEN)
    for person in (ANNA, BEN):
        await stage.knows(person)
    assert (await stage.api.delete(f"{path}/followers/{ANNA}")).json()["state"] == "stopped"
    await stage.api.request("DELETE", f"{path}/votes", json={"person": ANNA})
    await stage.vote(path, ANNA)
    await stage.merge(path, root)
    await stage.becomes(root, "shipped")
    assert await stage.told_after_hold() == ["ben"]


async def test_whoever_stops_after_it_was_queued_is_not_told(stage) -> None:
    path = await stage.request("Refund the deposit", ANNA)
    await stage.knows(ANNA)
    await stage.becomes(path, "shipped")
    await stage.later()
    await stage.tell()
    await stage.api.delete(f"{path}/followers/{ANNA}")
    assert await stage.send() == []


async def test_to_follow_again_takes_the_stopping_back(stage) -> None:
    path = await stage.request("Refund the deposit")
    await stage.knows(ANNA)
    await stage.api.delete(f"{path}/followers/{ANNA}")
    assert (await stage.api.put(f"{path}/followers/{ANNA}")).json() == {
        "person": ANNA,
        "state": "following",
        "already": False,
    }
    await stage.becomes(path, "shipped")
    assert await stage.told_after_hold() == ["anna"]


@pytest.mark.parametrize("consent", ["denied", "unknown"])
async def test_a_customer_is_written_to_only_with_consent(stage, consent: str) -> None:
    path = await stage.request("Refund the deposit", ANNA, BEN)
    stage.is_customer(ANNA)
    stage.is_customer(BEN, consent)
    await stage.becomes(path, "shipped")
    assert await stage.told_after_hold() == ["anna"]


async def test_where_nobody_can_be_asked_only_known_addresses_are_told(stage) -> None:
    path = await stage.request("Refund the deposit", ANNA, BEN)
    await stage.knows(ANNA)
    await stage.becomes(path, "shipped")
    await stage.later()
    await stage.tell(asks=False)
    assert await stage.send() == ["anna"]
    assert await stage.count("SELECT count(*) FROM message_deliveries") == 1
    assert stage.customers.asked == []


async def test_many_are_told_page_by_page_and_a_worker_that_ends_in_between_leaves_out_and_repeats_nobody(
    stage, monkeypatch
) -> None:
    monkeypatch.setattr(telling, "PEOPLE_PER_TURN", 2)
    monkeypatch.setattr(telling._people, "__defaults__", (2,))
    people = [f"native:p{number}" for number in range(5)]
    path = await stage.request("Refund the deposit", *people)
    for person in people:
        await stage.knows(person)
    await stage.becomes(path, "shipped")
    await stage.later()
    assert await stage.job().turn()
    with suppress(RuntimeError):
        async with stage.worker.transaction() as tx:
            await telling.tell_due(tx, timedelta(minutes=10), can_ask=True)
            raise RuntimeError("killed before the commit")
    await stage.tell()
    assert await stage.send() == [f"p{number}" for number in range(5)]
    assert await stage.count("SELECT (outcome, told, told_up_to)::text FROM announcements") == '(told,5,"")'


async def test_whoever_makes_the_change_is_not_told(stage) -> None:
    path = await stage.request("Refund the deposit", ANNA)
    await stage.knows(ANNA)
    async with stage.worker.transaction() as tx:
        found = await telling.count_audience(tx, "default", _id(path), ANNA, can_ask=False)
    assert {told.value: number for told, number in found.counts.items()} == {"actor": 1}


async def test_of_an_erased_person_no_store_holds_anything(stage, worker, resources) -> None:
    path = await stage.request("Refund the deposit", ANNA, BEN)
    for person in (ANNA, BEN):
        await stage.knows(person)
        await stage.api.put(f"{path}/followers/{person}")
    await stage.becomes(path, "shipped")
    assert await stage.told_after_hold() == ["anna", "ben"]
    await stage.becomes(path, "in_progress", notify=True)
    async with worker.transaction() as tx:
        await note(tx, [Erasure("default", Kind.PERSON, ANNA, tx.now)])
    await stage.later(timedelta(minutes=1))
    await scrub_all(worker, scrubbing(resources.outbox, resources.ids))
    async with worker.transaction() as tx:
        assert await holders(tx.raw, "feedback-board", ANNA, "anna@example.org") == []
        assert await holders(tx.raw, "feedback-board", BEN) != []
    await stage.told_after_hold()
    assert stage.mailbox.recipients.count("anna@example.org") == 1, "and nothing more is told"


def _id(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])


async def test_a_person_key_of_a_platform_may_hold_a_slash_and_is_no_address(stage) -> None:
    path = await stage.request("Refund the deposit")
    assert (await stage.api.put(f"{path}/followers/app-store:a%2Fb")).json()["person"] == "app-store:a/b"
    assert (await stage.api.put(f"{path}/followers/anna@example.org")).status_code == 422
    assert (await stage.api.put(f"/v1/requests/{UUID(int=1)}/followers/{ANNA}")).status_code == 404


async def test_who_comments_is_told_and_who_waits_for_a_look_only_once_it_is_approved(stage) -> None:
    path = await stage.request()
    for person in (ANNA, BEN):
        await stage.knows(person)
    await stage.api.put("/v1/moderation/rules", json={"blocked_words": ["casino"]})
    said = {"text": "It took eleven days.", "person": ANNA}
    assert (await stage.api.post(f"{path}/comments", json=said)).status_code == 201
    held = await stage.api.post(f"{path}/comments", json={"text": "Like a casino.", "person": BEN})
    await stage.becomes(path, "planned")
    assert await stage.told_after_hold() == ["anna"]
    await stage.api.post(f"/v1/moderation/posts/comment/{held.json()['id']}/approve")
    await stage.becomes(path, "shipped")
    assert await stage.told_after_hold() == ["anna", "anna", "ben"]


async def test_of_a_request_that_left_the_board_nobody_is_told(stage) -> None:
    before, after = await stage.request("Refund the deposit", ANNA), await stage.request("Open on Sundays", ANNA)
    await stage.knows(ANNA)
    for path in (before, after):
        await stage.becomes(path, "shipped")
    remove = "/v1/moderation/posts/request/{}/remove"
    await stage.api.post(remove.format(before.rpartition("/")[2]), json={"reason": "Off the subject."})
    await stage.later()
    await stage.tell()
    await stage.api.post(remove.format(after.rpartition("/")[2]), json={"reason": "Off the subject."})
    assert await stage.send() == []
    outcomes = "SELECT array_agg(outcome ORDER BY outcome) FROM announcements"
    assert await stage.count(outcomes) == ["hidden", "told"]
