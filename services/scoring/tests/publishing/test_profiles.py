"""Scores by profiles of a tenant's own are told, and told anew when the profiles are others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from plaudit.common.db import Database, try_lock
from plaudit.common.failpoints import FailpointError
from plaudit.scoring.profiles.domain import MAX_PROFILES
from plaudit.scoring.publishing import commands, jobs, store
from plaudit.scoring.publishing.domain import ScoreKey
from plaudit.scoring.publishing.jobs import CompletionJob, ProfilesJob, PublishingJob
from plaudit_testing.own_profiles import from_scratch, own, set_profile
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

FAST = own("fast", 3.0)
WEIGHED = own("weighed", 182.5, unverified_weight=0.5)
MAX_EVENT_BYTES = 16_384


def fresh(rating: float = 5.0, subject: str = "acme", **fields: Any):
    return review_state(rating, subject, rated_at=datetime.now(UTC), **fields)


async def told(publisher) -> list[tuple[str, str, list[str]]]:
    """Tenant, subject and the tenant's own profiles of each event, in their order."""
    return [
        (event["tenant"], event["subject"], sorted(event["data"]["profiles"].keys() - {"trust", "recent", "lifetime"}))
        for event in await publisher.events()
    ]


async def walked(job: ProfilesJob) -> int:
    """The job works until nothing is left to do; return how many subjects it has looked at."""
    looked_at = 0
    while found := await job.turn():
        looked_at += found
    return looked_at


async def test_an_event_has_the_figures_of_a_half_life_of_the_tenants_own(bus, publisher, superuser) -> None:
    await set_profile(superuser, FAST)
    states = [fresh(5.0, "acme/berlin"), review_state(1.0, "acme", rated_at=datetime.now(UTC) - timedelta(days=5))]
    for each in states:
        await bus.tell(None, each)
    await publisher.marked()

    for event in await publisher.events():
        data = event["data"]
        score, distribution = from_scratch(FAST, states, event["subject"], datetime.fromisoformat(data["as_of"]))
        figures = data["profiles"]["fast"]
        assert (figures["distribution"], figures["prior"]) == (distribution, 3.0)
        assert figures["score"] == pytest.approx(score, rel=1e-9)


async def test_a_half_life_that_is_being_filled_is_not_told_until_it_is_kept(bus, publisher, resources, superuser):
    await set_profile(superuser, FAST, phase="joining")
    job = ProfilesJob(resources)
    await bus.tell(None, fresh())
    await publisher.marked()
    await walked(job)
    assert await told(publisher) == [("default", "acme", [])]

    await superuser.execute("UPDATE scoring.half_lives SET phase = 'kept'")
    assert await walked(job) == 1
    assert await told(publisher) == [("default", "acme", []), ("default", "acme", ["fast"])]


async def test_all_subjects_are_told_anew_when_a_profile_is_set_changed_and_deleted(
    bus, publisher, resources, superuser
) -> None:
    for subject in ("acme/berlin", "globex"):
        await bus.tell(None, fresh(4.0, subject, verified=False))
    await bus.tell(None, fresh(), tenant_id="other")
    await publisher.marked()
    job = ProfilesJob(resources)
    assert await walked(job) == 0
    first = {event["data"]["number"] for event in await publisher.events()}

    await set_profile(superuser, WEIGHED)
    assert await walked(job) == 3
    assert await walked(job) == 0
    await set_profile(superuser, own("weighed", 182.5, unverified_weight=2.0), revision=2)
    assert await walked(job) == 3
    await set_profile(superuser, WEIGHED, revision=3, is_deleted=True)
    assert await walked(job) == 3

    subjects = ["acme", "acme/berlin", "globex"]
    assert (await told(publisher))[4:] == [
        ("default", subject, names) for names in (["weighed"], ["weighed"], []) for subject in subjects
    ]
    anew = [event["data"] for event in (await publisher.events())[4:]]
    assert {data["cause"] for data in anew} == {"completion"}
    assert min(data["number"] for data in anew) > max(first)
    scores = [data["profiles"]["weighed"]["score"] for data in anew[:6:3]]
    assert scores[0] == pytest.approx((2 * 3 + 0.5 * 4) / 2.5, rel=1e-6)
    anew_score = [data["profiles"]["weighed"]["score"] for data in anew[3:6:3]]
    assert anew_score[0] == pytest.approx((2 * 3 + 2 * 4) / 4, rel=1e-6)


async def test_a_walk_is_bounded_and_the_next_process_tells_only_what_is_left(
    bus, publisher, resources, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "WALK_SUBJECTS", 2)
    for subject in "abcde":
        await bus.tell(None, fresh(subject=subject))
    await publisher.marked()
    await set_profile(superuser, WEIGHED)
    job = ProfilesJob(resources)
    assert await job.turn() == 2
    assert [subject for _, subject, _ in (await told(publisher))[5:]] == ["a", "b"]

    assert await walked(ProfilesJob(resources)) == 5
    assert [subject for _, subject, _ in (await told(publisher))[5:]] == [*"abcde"]
    assert await walked(job) == 3
    assert len(await told(publisher)) == 10


async def test_a_walk_waits_for_a_subject_that_another_process_has_in_hand(
    bus, publisher, resources, superuser, worker: Database
) -> None:
    for subject in "abc":
        await bus.tell(None, fresh(subject=subject))
    await publisher.marked()
    await set_profile(superuser, WEIGHED)
    job = ProfilesJob(resources)
    async with worker.transaction() as other:
        assert await try_lock(other, [ScoreKey("default", "b").order_key])
        assert await job.turn() == 1
        assert await job.turn() == 0

    assert await walked(job) == 2
    assert sorted(subject for _, subject, names in await told(publisher) if names) == [*"abc"]


async def test_a_walk_that_fails_has_told_nothing_and_the_next_turn_tells_it(
    bus, publisher, resources, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bus.tell(None, fresh())
    await publisher.marked()
    await set_profile(superuser, WEIGHED)
    job = ProfilesJob(resources)

    def fail(_: str) -> None:
        raise FailpointError

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "failpoint", fail)
        with pytest.raises(FailpointError):
            await job.turn()
    assert len(await told(publisher)) == 1
    assert await walked(job) == 1


async def test_profiles_that_change_amid_a_walk_are_told_from_its_beginning(
    bus, publisher, resources, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "WALK_SUBJECTS", 2)
    for subject in "abc":
        await bus.tell(None, fresh(subject=subject))
    await publisher.marked()
    await set_profile(superuser, WEIGHED)
    job = ProfilesJob(resources)
    await job.turn()
    await set_profile(superuser, own("other", 30.0))
    await walked(job)

    newest = {subject: names for _, subject, names in await told(publisher)}
    assert newest == {subject: ["other", "weighed"] for subject in "abc"}


async def test_the_walk_over_all_subjects_tells_what_was_told_with_other_profiles(
    bus, publisher, resources, superuser
) -> None:
    await bus.tell(None, fresh())
    await publisher.marked()
    await set_profile(superuser, WEIGHED)
    job = CompletionJob(resources)
    await job.turn()
    await job.turn()

    assert await told(publisher) == [("default", "acme", []), ("default", "acme", ["weighed"])]


async def test_stars_that_an_own_profile_alone_changes_are_told_when_that_has_come(
    bus, publisher, resources, superuser
) -> None:
    await set_profile(superuser, FAST)
    for _ in range(20):
        await bus.tell(None, fresh())
    await publisher.marked()
    [event] = await publisher.events()
    change = event["data"]["profiles"]["fast"]["next_stars"]
    due_at = await superuser.fetchval("SELECT next_change_at FROM scoring.published_scores")
    assert due_at == datetime.fromisoformat(change["at"]) < datetime.now(UTC) + timedelta(days=10)

    await publisher.move_clock(due_at - datetime.now(UTC) + timedelta(seconds=1))
    job = PublishingJob(resources)
    assert await job.has_work()
    await job.turn()
    event = (await publisher.events())[-1]
    assert (event["data"]["cause"], event["data"]["profiles"]["fast"]["stars"]) == ("time", change["stars"])


async def test_a_record_of_all_profiles_that_a_tenant_may_have_is_small_and_read_in_one_statement(
    bus, publisher, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MAX_PROFILES):
        await set_profile(superuser, own(f"profile-{number:024}", 1.0 + number))
    for subject in "abcdefgh":
        await bus.tell(None, fresh(subject=subject))
    asked: list[int] = []
    read = store.sums_of

    async def counted(tx: Any, keys: Any, half_lives: Any) -> Any:
        asked.append(len(keys))
        return await read(tx, keys, half_lives)

    monkeypatch.setattr(store, "sums_of", counted)
    await publisher.marked()

    assert asked == [8]
    for event in await publisher.events():
        assert len(event["data"]["profiles"]) == 3 + MAX_PROFILES
        assert len(msgspec.json.encode(event)) < MAX_EVENT_BYTES
    assert commands.STEP_SCORES // (3 + MAX_PROFILES) == 8


async def test_profiles_are_read_again_only_when_some_have_changed(bus, publisher, resources, superuser) -> None:
    await bus.tell(None, fresh())
    await publisher.marked()
    job = ProfilesJob(resources)

    async def is_looked_at() -> bool:
        return await job.has_work() and await walked(job) > 0

    assert await job.has_work()
    assert not await is_looked_at()
    assert not await job.has_work()
    await set_profile(superuser, FAST, phase="joining")
    assert await is_looked_at()
    assert not await job.has_work()
    await superuser.execute("UPDATE scoring.half_lives SET phase = 'kept'")
    assert await is_looked_at()
    assert not await job.has_work()
    await set_profile(superuser, FAST, revision=2, is_deleted=True)
    assert await is_looked_at()
    assert not await job.has_work()


async def test_a_walk_that_waits_for_another_process_has_work_still(
    bus, publisher, resources, superuser, worker: Database
) -> None:
    await bus.tell(None, fresh(subject="b"))
    await publisher.marked()
    await set_profile(superuser, WEIGHED)
    job = ProfilesJob(resources)
    async with worker.transaction() as other:
        assert await try_lock(other, [ScoreKey("default", "b").order_key])
        assert await job.has_work()
        assert await job.turn() == 0
        assert await job.has_work()
