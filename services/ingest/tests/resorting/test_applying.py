"""Rules are applied to stored reviews by a job: only what changes gets a revision and an event."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from plaudit.common.db import Role
from plaudit.common.outbox import lag
from plaudit.ingest.platforms import answers_of
from plaudit.ingest.resorting import commands, store
from plaudit.ingest.resorting.jobs import SortAgainJob, WordsOfTradeJob
from plaudit.ingest.search.jobs import SearchIndexJob
from plaudit_testing.running_ingest import DEFAULT, Ingest, Source, created

pytestmark = pytest.mark.postgres

PATH = "/v1/sorting-rules"
ZEBRA = {"more_drastic": {"safety": "zebra <1> me"}}
Apply = Callable[..., Awaitable[dict[str, Any]]]


async def ask(ingest: Ingest, method: str, path: str, body: object = None, tenant: str = DEFAULT) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {await ingest.key(tenant)}"}
    answer = await ingest.client.request(method, path, json=body, headers=headers)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def job_of(ingest: Ingest) -> SortAgainJob:
    resources = ingest.resources
    return SortAgainJob(resources.database(Role.WORKER), resources.outbox, resources.ids, answers_of)


@pytest.fixture
def apply(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> Apply:
    """Set rules, ask for a run, and carry it out; the run."""
    monkeypatch.setattr(store, "SETTLING", timedelta())
    monkeypatch.setattr(commands, "SETTLING", timedelta())
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 1e9)
    monkeypatch.setattr(commands, "REVIEWS_PER_TURN", 2)

    async def carry_out(rules: object, tenant: str = DEFAULT) -> dict[str, Any]:
        await ask(ingest, "PUT", PATH, rules, tenant)
        run = await ask(ingest, "POST", f"{PATH}/apply", tenant=tenant)
        job = job_of(ingest)
        while await job.turn():
            pass
        return await ask(ingest, "GET", f"{PATH}/runs/{run['id']}", tenant=tenant)

    return carry_out


async def stored(ingest: Ingest, source: Source, *texts: tuple[str, float]) -> None:
    events = [
        created(f"r-{number}", stars, text=text, language="en", version=1) for number, (text, stars) in enumerate(texts)
    ]
    assert (await ingest.post(source, events)).status_code == 202


async def events(ingest: Ingest, kind: str) -> list[dict[str, Any]]:
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    return [event["data"] for row in rows if (event := json.loads(row["envelope"]))["type"] == kind]


async def test_only_reviews_of_which_the_rules_say_something_else_get_a_revision(
    ingest: Ingest, source: Source, apply: Apply
):
    await stored(ingest, source, ("The zebra bit me.", 1), ("Slow.", 1), ("The zebra bit me.", 5), ("", 1), ("Fine", 3))
    run = await apply(ZEBRA)
    assert (run["read"], run["changed"], run["severities"]) == (5, 2, {"negative>drastic": 1})
    assert run["finished_at"] is not None
    by_id = {review["external_id"]: review for review in await ingest.items("/v1/reviews")}
    assert [by_id[f"r-{number}"]["revision"] for number in range(5)] == [2, 1, 2, 1, 1]
    assert (by_id["r-0"]["severity"], by_id["r-0"]["check"], by_id["r-0"]["version"]) == ("drastic", False, 1)
    assert by_id["r-0"]["said"] == [{"category": "safety", "words": "zebra bit me"}]
    assert (by_id["r-2"]["severity"], by_id["r-2"]["check"]) == ("normal", True)
    told = {each["after"]["external_id"]: each for each in await events(ingest, "review.sorted")}
    assert told.keys() == {"r-0", "r-2"}
    assert (told["r-0"]["revision"], told["r-0"]["before"]["severity"], told["r-0"]["after"]["severity"]) == (
        2,
        "negative",
        "drastic",
    )
    assert await apply(ZEBRA) | {"id": "", "requested_at": "", "finished_at": ""} == run | {
        "id": "",
        "requested_at": "",
        "finished_at": "",
        "changed": 0,
        "severities": {},
    }


async def test_what_is_sorted_again_says_whether_answers_are_told_at_its_source(
    ingest: Ingest, source: Source, apply: Apply
):
    await stored(ingest, source, ("The zebra bit me.", 1))
    mapping = {
        "fields": {"id": "id", "rating": "rating", "published_at": "at", "text": "text"},
        "proof": {"kind": "path-token"},
    }
    wanted = {"name": "Kiosk", "platform": "custom", "subject": "acme", "mapping": mapping}
    made = await ask(ingest, "POST", "/v1/sources", wanted)
    event = {"id": "k-1", "rating": 1, "at": "2026-03-02T10:00:00Z", "text": "The zebra bit me."}
    await ingest.post(Source(made["id"], "", made["hook"]), event)
    await apply(ZEBRA)
    told = {each["after"]["external_id"]: each.get("answers") for each in await events(ingest, "review.sorted")}
    assert told == {"r-0": None, "k-1": "untold"}


async def test_a_review_that_was_sorted_again_goes_on_as_before(ingest: Ingest, source: Source, apply: Apply):
    await stored(ingest, source, ("The zebra bit me.", 1))
    await apply(ZEBRA)
    edit = {"type": "review.edited", "data": {"id": "r-0", "version": 1, "text": "The lion bit me."}}
    assert (await ingest.post(source, edit)).json()["unchanged"] == 1, "its versions are kept"
    await ingest.post(source, {"type": "review.answered", "data": {"id": "r-0", "answer": {"text": "Oh!"}}})
    [review] = await ingest.items("/v1/reviews")
    assert (review["revision"], review["severity"]) == (3, "drastic"), "an answer sorts nothing"


async def test_removed_reviews_are_sorted_in_silence_and_erased_ones_not_at_all(
    ingest: Ingest, source: Source, apply: Apply
):
    await stored(ingest, source, ("The zebra bit me.", 1), ("My zebra hit me.", 1))
    await ingest.post(source, {"type": "review.removed", "data": {"id": "r-0", "version": 2}})
    await ingest.superuser.execute(
        "UPDATE ingest.revisions SET state = NULL WHERE review_id = "
        "(SELECT id FROM ingest.reviews WHERE external_id = 'r-1')"
    )
    run = await apply(ZEBRA)
    assert run["changed"] == 1
    assert await events(ingest, "review.sorted") == []
    await ingest.post(source, {"type": "review.restored", "data": {"id": "r-0", "version": 3}})
    [told] = await events(ingest, "review.restored")
    assert told["after"]["severity"] == "drastic"


async def test_a_run_goes_on_where_it_was_killed_and_two_workers_share_it(
    ingest: Ingest, source: Source, apply: Apply, monkeypatch: pytest.MonkeyPatch
):
    await stored(ingest, source, *[("The zebra bit me.", 1)] * 9)
    await ask(ingest, "PUT", PATH, ZEBRA)
    run = await ask(ingest, "POST", f"{PATH}/apply")

    async def die(*_: object) -> None:
        raise RuntimeError("killed")

    assert await job_of(ingest).turn() == 2
    with monkeypatch.context() as patched:
        patched.setattr(store, "revise", die)
        with pytest.raises(RuntimeError, match="killed"):
            await job_of(ingest).turn()
    assert (await ask(ingest, "GET", f"{PATH}/runs/{run['id']}"))["changed"] == 2
    one, other = job_of(ingest), job_of(ingest)
    while any(await asyncio.gather(one.turn(), other.turn())):
        pass
    ended = await ask(ingest, "GET", f"{PATH}/runs/{run['id']}")
    assert (ended["read"], ended["changed"]) == (9, 9)
    assert len(await events(ingest, "review.sorted")) == 9
    assert {row[0] for row in await ingest.rows("SELECT max(revision) FROM ingest.revisions GROUP BY review_id")} == {2}


async def test_a_run_waits_while_events_wait_to_be_published(
    ingest: Ingest, source: Source, apply: Apply, monkeypatch: pytest.MonkeyPatch
):
    await stored(ingest, source, ("The zebra bit me.", 1))
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 0.0)
    run = await apply(ZEBRA)
    assert (run["read"], run["finished_at"]) == (0, None)
    await ingest.superuser.execute("UPDATE ingest.relay_cursor SET xid = (SELECT max(xid) FROM ingest.outbox)")
    await ingest.superuser.execute("UPDATE ingest.relay_cursor SET id = (SELECT max(id) FROM ingest.outbox)")
    assert await job_of(ingest).turn() == 1


async def test_runs_are_the_tenants_own_and_begin_after_the_rules_of_before_are_forgotten(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch
):
    run = await ask(ingest, "POST", f"{PATH}/apply")
    assert await ask(ingest, "POST", f"{PATH}/apply") == run, "one that has not begun is enough"
    assert await job_of(ingest).has_work() is False
    assert await job_of(ingest).turn() == 0
    assert [each["id"] for each in await ingest.items(f"{PATH}/runs")] == [run["id"]]
    assert await ingest.items(f"{PATH}/runs", "other") == []
    assert (await ingest.get(f"{PATH}/runs/{run['id']}", "other")).status_code == 404


async def test_words_of_a_trade_are_counted_muted_and_shown(ingest: Ingest, source: Source, apply: Apply):
    said = [("My lawyer was kind.", 5)] * 4 + [("Fine.", 5)] * 46 + [("My lawyer lost.", 1)] * 2 + [("Slow.", 1)] * 8
    await stored(ingest, source, *said)
    severities = [each["severity"] for each in await ingest.items("/v1/reviews", severity="drastic")]
    assert severities == ["drastic"] * 2
    job = WordsOfTradeJob(ingest.resources.database(Role.WORKER))
    assert await job.has_work()
    while await job.turn():
        pass
    assert not await job.has_work()
    rules = await ask(ingest, "GET", PATH)
    rate = {"category": "legal", "phrase": "lawyer/lawyers", "bad": 2, "good": 4}
    assert rules["words_of_trade"] == [{"subject": "acme", "bad": 10, "good": 50, "muted": [rate]}]
    run = await apply({})
    assert run["severities"] == {"drastic>negative": 2}
    anyway = {"subject": "acme", "category": "legal", "phrase": "lawyer/lawyers"}
    run = await apply({"counted_anyway": [anyway]})
    assert run["severities"] == {"negative>drastic": 2}


async def test_reviews_are_found_by_what_their_words_say(ingest: Ingest, source: Source):
    await stored(
        ingest,
        source,
        ("They stole my deposit.", 1),
        ("The delivery was late. I am a loyal customer.", 5),
        ("My account was hacked.", 1),
    )
    job = SearchIndexJob(ingest.resources.database(Role.WORKER))
    while await job.turn():
        pass

    async def found(**filters: Any) -> list[str]:
        return sorted(each["external_id"] for each in await ingest.items("/v1/reviews", **filters))

    assert await found(topic="delivery") == ["r-1"]
    assert await found(topic="billing_refund") == ["r-0"]
    assert await found(persona="long_time") == ["r-1"]
    assert await found(check=True) == ["r-2"]
    assert await found(check=False, topic="billing_refund", severity="drastic") == ["r-0"]
    assert await found(topic="delivery", persona="new_user") == []
    assert await found(topic="delivery", sort="rating") == ["r-1"]
    assert (await ingest.get("/v1/reviews", topic="anger")).status_code == 422
