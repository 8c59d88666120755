"""Interfaces that are slow, dead, or say what they must not: no other source is delayed, and nothing is lost."""

import resource
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from plaudit.ingest.hooks.domain import NOT_STORED, Delivery, Receipt
from plaudit.ingest.pulls.jobs import pull_job, run
from plaudit.ingest.pulls.jobs.run import Run
from plaudit_testing.interfaces import Says
from plaudit_testing.running_ingest import Ingest
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "REQUEST_SECONDS", 0.5)


@pytest.mark.parametrize("fault", ["dead", "slow", "cut"])
async def test_one_dead_platform_and_the_cursors_of_the_others_go_on(
    puller, platforms, ingest: Ingest, fault: str, monkeypatch: pytest.MonkeyPatch
):
    # With every place of the dead platform taken, for as long as the test lasts.
    monkeypatch.setattr(pull_job, "PLACES", 2)
    platforms.trustpilot.review("r-1")
    platforms.servers["trustpilot"].fault = fault
    dead = [await puller.source("trustpilot") for _ in range(4)]
    alive = [await puller.source(platform) for platform in ("google-business", "app-store", "google-play")]
    for platform in ("google-business", "app-store", "google-play"):
        platforms.says(platform).review("r-1")
    async with puller.pulling():
        for source in alive:
            await puller.until(source, lambda state: state["cursor"] is not None)
        for platform in ("google-business", "app-store", "google-play"):
            platforms.says(platform).review("r-2")
        await ingest.superuser.execute("UPDATE ingest.pulls SET next_at = now() WHERE platform <> 'trustpilot'")
        await until(lambda: _are_stored(ingest, 6), "the others are asked again")
        assert [(await puller.state(source))["cursor"] for source in dead] == [None] * 4


async def _are_stored(ingest: Ingest, count: int) -> bool:
    return len(await ingest.items("/v1/reviews")) == count


@pytest.mark.usefixtures("impatient")
async def test_one_dead_source_leaves_places_to_the_others_of_its_platform(
    puller, platforms, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull_job, "PLACES", 1)
    monkeypatch.setattr(pull_job, "PLACES_OF_FAILED", 1)
    platforms.google.review("r-1")
    bad = await puller.source("google-business")
    platforms.servers["google-business"].fault = "dead"
    await puller.pull(bad)
    await ingest.superuser.execute("UPDATE ingest.pulls SET next_at = now(), failures = 1")
    monkeypatch.setattr(run, "REQUEST_SECONDS", 3_600.0)
    async with puller.pulling():
        await puller.until(bad, lambda _: len(platforms.servers["google-business"].asked) > 1)
        platforms.servers["google-business"].fault = None
        good = await puller.source("google-business", subject="acme/good")
        await puller.until(good, lambda state: state["cursor"] is not None)
        assert (await puller.state(bad))["cursor"] is None


SAYS: dict[str, tuple[Says, str]] = {
    "a server error": (Says({}, 500), "not available just now (500)"),
    "no JSON": (Says(b"<html>busy</html>"), "no JSON object"),
    "another form": (Says({"reviews": {"no": "array"}}), "reviews is no array"),
    "another document": (Says({"items": []}), "not of the documented form"),
    "a redirect": (Says({}, 302, {"location": "https://example.com/"}), "refuses the request (302)"),
    "not there": (Says({}, 404), "refuses the request (404)"),
    "forbidden": (Says({}, 403), "refuses the credentials (403)"),
    "too much": (Says(b"[" + b"1," * 3_000_000), "more than 4,194,304 bytes"),
    "compressed": (Says(b"x", 200, {"content-encoding": "gzip"}), "an encoding that was not asked for"),
    "hostile JSON": (Says(b'{"reviews": ' + b"[" * 5_000), "no JSON object"),
}


@pytest.mark.parametrize("case", SAYS)
async def test_what_an_interface_must_not_say_is_told_in_words_and_tried_again(
    puller, platforms, ingest: Ingest, case: str
):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    server = platforms.servers["trustpilot"]
    own, (says, words) = server.handle, SAYS[case]
    server.handle = lambda asked: own(asked) if asked.method == "POST" else says
    with capture_logs() as logged:
        state = await puller.pull(source)
    told = [(each["tenant_id"], each["source_id"]) for each in logged if each["event"] == "pull_failing"]
    assert told == [("default", source.id)], "a log line leads to the page of the source"
    assert (state["state"], state["failures"], state["cursor"]) == ("failing", 1, None)
    assert words in state["error"], state["error"]
    assert datetime.fromisoformat(state["next_at"]) > datetime.now(UTC)
    server.handle = own
    state = await puller.pull(source)
    assert (state["state"], state["failures"], state["error"], state["error_at"]) == ("waiting", 0, None, None)
    assert len(await ingest.items("/v1/reviews")) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["dead", "slow", "cut"])
async def test_an_interface_that_does_not_answer_is_told_in_words(puller, platforms, fault: str):
    source = await puller.source("trustpilot")
    platforms.servers["trustpilot"].fault = fault
    state = await puller.pull(source)
    assert "could not be reached" in state["error"]
    assert "127.0.0.1" not in state["error"]


async def test_a_run_that_comes_to_no_end_goes_on_where_it_was(puller, platforms, ingest: Ingest):
    for number in range(250):
        platforms.trustpilot.review(f"r-{number}")
    source = await puller.source("trustpilot")
    server = platforms.servers["trustpilot"]
    server.dead_on = lambda asked: asked.params.get("page") == "3"
    state = await puller.pull(source, run_seconds=3.0)
    assert "goes on where it was" in state["error"]
    assert (await ingest.counts())["reviews"] == 200
    server.dead_on = lambda _: False
    before = len(server.asked)
    await puller.pull(source)
    assert [asked.params.get("page") for asked in server.asked[before:]] == ["3", "4"]
    assert (await ingest.counts())["reviews"] == 250


async def test_a_page_that_cannot_be_stored_as_reviews_is_kept_as_its_bytes(puller, platforms, ingest, monkeypatch):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    put, refused = Run._put, []

    async def refuse_once(run: Run, delivery: Delivery) -> Receipt:
        if not refused:
            refused.append(delivery.body)
            raise ValueError("the database takes none of it")
        return await put(run, delivery)

    monkeypatch.setattr(Run, "_put", refuse_once)
    assert (await puller.pull(source))["error"] is None
    [kept] = await ingest.rows("SELECT body, status, quarantine_reason FROM ingest.deliveries")
    assert (kept["body"], kept["status"], kept["quarantine_reason"]) == (refused[0], 422, NOT_STORED)


AFTER = timedelta(hours=2)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_kept_in_both_forms_whoever_asks_for_a_run(puller, platforms, form: str):
    source = await puller.source("trustpilot")
    server = platforms.servers["trustpilot"]
    own = server.handle
    until = datetime.now(UTC) + AFTER
    written = str(int(AFTER.total_seconds())) if form == "seconds" else format_datetime(until, usegmt=True)
    limited = Says({}, 429, {"retry-after": written})
    server.handle = lambda asked: own(asked) if asked.method == "POST" else limited
    state = await puller.pull(source)
    assert "too many requests" in state["error"]
    assert abs(datetime.fromisoformat(state["not_before"]) - until) < timedelta(minutes=2)
    asked = await puller.ingest.client.post(f"/v1/sources/{source.id}/pull", headers=await puller.headers())
    assert (asked.status_code, asked.json()["next_at"]) == (202, state["not_before"])


async def test_a_token_that_has_ended_early_is_renewed_once_without_a_failure(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    await puller.pull(source)
    platforms.trustpilot.valid.clear()
    platforms.trustpilot.review("r-2")
    state = await puller.pull(source)
    assert (state["error"], platforms.trustpilot.tokens) == (None, 2)
    assert len(await ingest.items("/v1/reviews")) == 2


async def test_credentials_that_are_refused_are_not_tried_again_and_again(puller, platforms):
    source = await puller.plain_source("trustpilot")
    await puller.put(source, {**platforms.trustpilot.credentials, "api_secret": "wrong"})
    state = await puller.pull(source)
    assert "gives no token" in state["error"]
    assert datetime.fromisoformat(state["next_at"]) > datetime.now(UTC) + timedelta(minutes=5)
    await puller.put(source, platforms.trustpilot.credentials)
    state = await puller.state(source)
    assert (state["failures"], state["error"], state["state"]) == (0, None, "waiting")
    assert (await puller.pull(source))["error"] is None


async def test_a_source_that_has_used_up_its_requests_goes_on_when_it_may(
    puller, platforms, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
):
    interface = run.INTERFACES["trustpilot"]
    monkeypatch.setattr(type(interface), "limit", type(interface.limit)(requests=3, seconds=3_600))
    for number in range(250):
        platforms.trustpilot.review(f"r-{number}")
    source = await puller.source("trustpilot")
    async with puller.pulling():
        await puller.until(source, lambda state: state["state"] == "walking" and state["last_run"] is not None)
    state = await puller.state(source)
    assert (state["error"], state["last_run"]["requests"]) == (None, 3)
    assert datetime.fromisoformat(state["next_at"]) > datetime.now(UTC) + timedelta(minutes=50)
    monkeypatch.setattr(type(interface), "limit", type(interface.limit)(requests=30, seconds=3_600))
    await puller.pull(source)
    assert (await ingest.counts())["reviews"] == 250


async def test_an_event_that_cannot_be_read_costs_its_neighbours_nothing_and_is_told_once(
    puller, platforms, ingest: Ingest
):
    platforms.trustpilot.review("r-1")
    platforms.trustpilot.review("r-2", stars=9)
    source = await puller.source("trustpilot")
    await puller.pull(source)
    [delivery] = await ingest.items("/v1/deliveries", quarantined=True)
    assert "off its scale" in delivery["quarantined"][0]["reason"]
    assert len(await ingest.items("/v1/reviews")) == 1
    await puller.complete(source)
    assert len(await ingest.items("/v1/deliveries")) == 1


async def test_new_credentials_in_the_middle_of_a_run_end_it(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    server = platforms.servers["trustpilot"]
    server.fault = "dead"
    async with puller.pulling():
        await puller.until(source, lambda _: bool(server.asked))
        server.fault = None
        await puller.put(source, platforms.trustpilot.credentials)
        await puller.until(source, lambda state: state["cursor"] is not None)
    assert (await ingest.counts())["reviews"] == 1


async def test_a_process_that_stops_leaves_its_sources_to_the_next_one(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    server = platforms.servers["trustpilot"]
    server.fault = "dead"
    async with puller.pulling():
        await puller.until(source, lambda _: bool(server.asked))
    [row] = await ingest.rows("SELECT running_until, failures FROM ingest.pulls")
    assert tuple(row) == (None, 0)
    server.fault = None
    assert (await puller.pull(source))["error"] is None


async def test_a_cursor_that_leads_to_its_own_page_is_told_and_asked_for_no_longer(puller, platforms, ingest: Ingest):
    platforms.google.review("r-1")
    source = await puller.source("google-business")
    server = platforms.servers["google-business"]
    page = {"reviews": [*platforms.google.reviews.values()], "totalReviewCount": 1, "nextPageToken": "again"}
    server.says = Says(page)
    state = await puller.pull(source)
    assert "the list has no end" in state["error"]
    assert len(server.asked) == 2
    assert (state["failures"], state["cursor"]) == (1, None)
    assert datetime.fromisoformat(state["next_at"]) > datetime.now(UTC) + timedelta(minutes=1)
    assert len(await ingest.items("/v1/reviews")) == 1
    server.says = None
    assert (await puller.pull(source))["error"] is None


async def test_pages_that_go_on_for_ever_are_told(puller, platforms, ingest: Ingest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "MAX_WALK_PAGES", 12)
    source = await puller.source("google-business")
    server, own = platforms.servers["google-business"], platforms.servers["google-business"].handle
    pages = 0

    def endless(asked: Any) -> Says:
        nonlocal pages
        if asked.method == "POST":
            return own(asked)
        pages += 1
        platforms.google.reviews.clear()
        platforms.google.review(f"r-{pages}")
        return Says({"reviews": [*platforms.google.reviews.values()], "nextPageToken": f"t-{pages}"})

    server.handle = endless
    state = await puller.pull(source)
    assert "no end after 12 pages" in state["error"]
    assert (pages, state["failures"], state["cursor"]) == (13, 1, None)
    assert len(await ingest.items("/v1/reviews", limit=50)) == 12


@pytest.mark.parametrize("with_length", [True, False], ids=["with its length", "without"])
async def test_a_hundred_megabytes_are_not_read(puller, platforms, with_length: bool):
    source = await puller.source("trustpilot")
    server = platforms.servers["trustpilot"]
    server.floods_on = lambda asked: asked.method != "POST"
    server.tells_length = with_length
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    state = await puller.pull(source)
    assert "more than 4,194,304 bytes" in state["error"]
    assert server.flooded < 40_000_000, "what is too long is cut off, not read and thrown away"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000
