"""What was set aside is listed with its error, and tried again by API and page; each is in the audit trail."""

from uuid import UUID

import asyncpg
import pytest

from plaudit.alerting.set_aside import store
from plaudit.alerting.set_aside.domain import Kind
from plaudit_testing.clocks import at, review
from plaudit_testing.signing_in import OURS, signed_in

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


@pytest.fixture
async def api(stage):
    return await stage.client()


async def set_aside(stage, hours=25):
    """A clock whose timers were set aside before its due time."""
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(hours))
    rows = await stage.rows(
        "UPDATE timers SET failed_at = $1, error = 'LookupError: <b>no revision' RETURNING clock_id", at(hours)
    )
    await stage.fires()
    assert await stage.log() == ["started"]
    return str(rows[0]["clock_id"])


async def test_a_timer_is_listed_and_fires_when_it_is_tried_again(stage, api):
    clock_id = await set_aside(stage)
    [listed] = (await api.get("/v1/set-aside")).json()["items"]
    assert (listed["kind"], listed["id"], listed["error"]) == ("timer", clock_id, "LookupError: <b>no revision")
    body = {"kind": "timer", "id": clock_id}
    assert (await api.post("/v1/set-aside/retry", json=body)).json() == {"count": 1}
    assert (await api.post("/v1/set-aside/retry", json=body)).json() == {"count": 0}
    await stage.fires()
    assert "breached" in await stage.log()
    assert (await api.get("/v1/set-aside")).json()["items"] == []
    [entry] = (await api.get("/v1/audit", params={"about_id": clock_id})).json()["items"]
    assert (entry["kind"], entry["after"]) == ("clock.tried_again", {"set_aside": "timer"})


async def test_what_has_an_id_is_tried_again_whatever_its_kind(stage, api):
    clock_id = await set_aside(stage)
    assert (await api.post("/v1/set-aside/retry", json={"id": "another"})).json() == {"count": 0}
    assert (await api.post("/v1/set-aside/retry", json={"id": clock_id})).json() == {"count": 1}


async def test_all_of_it_is_tried_again_by_the_page(stage, api):
    await set_aside(stage)
    await stage.rows(
        "INSERT INTO silences (tenant_id, id, subject_prefix, reason, created_at, created_by, until, failed_at, error) "
        "VALUES ('default', gen_random_uuid(), 'acme', 'x', $1, 'key:a', $1::timestamptz + interval '1 hour', $1, 'x') "
        "RETURNING id",
        at(1),
    )
    browser = await signed_in(stage, "*")
    assert "2 things could not be processed" in (await browser.get("/console")).text
    shown = (await browser.get("/console/set-aside")).text
    assert "LookupError: &lt;b&gt;no revision" in shown
    assert "The end of a silence" in shown
    await browser.post("/console/set-aside", headers=OURS)
    assert "2 of them are tried again, at once." in (await browser.get("/console/set-aside")).text
    assert "could not be processed" not in (await browser.get("/console")).text


async def test_a_digest_is_tried_again_by_its_empty_id(stage, api):
    await stage.rows(
        "INSERT INTO occurrences (tenant_id, person, rule, step, local_date, revision, generation, anchor_at, due_at, "
        "failed_at, error) SELECT 'default', each, 'weekly', 'first', '2026-03-02', 1, 1, $1, $1, $1, 'KeyError: x' "
        "FROM unnest(ARRAY['', 'somebody']) AS each RETURNING person",
        at(1),
    )
    digest = next(each for each in (await api.get("/v1/set-aside")).json()["items"] if not each["id"])
    body = {"kind": digest["kind"], "id": digest["id"]}
    assert (await api.post("/v1/set-aside/retry", json=body)).json() == {"count": 1}
    assert [each["id"] for each in (await api.get("/v1/set-aside")).json()["items"]] == ["somebody"]


async def test_one_request_tries_again_no_more_than_it_has_time_for_and_says_so(stage, api, monkeypatch):
    monkeypatch.setattr(store, "MOST_AT_ONCE", 2)
    await stage.reads([stage.record(None, review(), at(0), f"review-{number}") for number in range(5)])
    await stage.rows("UPDATE timers SET failed_at = $1, error = 'x' RETURNING kind", at(1))
    browser = await signed_in(stage, "*")
    assert (await api.post("/v1/set-aside/retry", json={"kind": "timer"})).json() == {"count": 2}
    await browser.post("/console/set-aside", headers=OURS)
    assert "More is set aside: try all again once more." in (await browser.get("/console/set-aside")).text
    await browser.post("/console/set-aside", headers=OURS)
    assert "It is tried again, at once.</" in (await browser.get("/console/set-aside")).text
    assert await stage.rows("SELECT kind FROM timers WHERE failed_at IS NOT NULL") == []
    tried = (await api.get("/v1/audit", params={"limit": 200})).json()["items"]
    assert len({each["about_id"] for each in tried if each["kind"] == "clock.tried_again"}) == 5


@pytest.mark.parametrize("body", [{"id": 1}, {"kind": "nothing"}, {"kinds": "timer"}])
async def test_what_is_not_clear_is_refused(api, body):
    refused = await api.post("/v1/set-aside/retry", json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")


async def test_only_who_may_tries_again_and_only_their_own(stage, api):
    await set_aside(stage)
    reader = await stage.client("clocks:read")
    assert (await reader.post("/v1/set-aside/retry", json={})).status_code == 403
    stranger = await stage.client(tenant="stranger")
    assert (await stranger.get("/v1/set-aside")).json()["items"] == []
    assert (await stranger.post("/v1/set-aside/retry", json={})).json() == {"count": 0}
    assert len((await api.get("/v1/set-aside")).json()["items"]) == 1


async def insert(url, query, *arguments):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(query, *arguments)
    finally:
        await connection.close()


async def test_all_kinds_are_listed_by_time_over_pages_and_each_thing_once(stage, api, alerting_url):
    """At two times, so that things of one time and of two kinds stand around each end of a page."""
    await insert(
        alerting_url,
        """
        WITH t AS MATERIALIZED (SELECT n, gen_random_uuid() AS id, $1::timestamptz + n % 2 * interval '1 hour'
            AS failed_at FROM generate_series(0, 9) n),
        a AS (INSERT INTO alerting.timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at,
            failed_at, error) SELECT 'default', id, 1, k.kind, gen_random_uuid(), 'reviews.v1', 1, $1,
            failed_at + k.later, 'x' FROM t, (VALUES ('warn 1', interval '0'), ('warn 2', interval '0'),
            ('breach', interval '1 hour')) AS k (kind, later)),
        b AS (INSERT INTO alerting.silences (tenant_id, id, subject_prefix, reason, created_at, created_by, until,
            failed_at, error) SELECT 'default', gen_random_uuid(), 'acme', 'x', $1, 'key:a', $1 + interval '1 h',
            failed_at, 'x' FROM t)
        INSERT INTO alerting.occurrences (tenant_id, person, rule, step, local_date, revision, generation, anchor_at,
            due_at, failed_at, error) SELECT 'default', 'p' || n, 'r', 'first', '2026-03-02', 1, 1, $1, $1, failed_at,
            'x' FROM t
        """,
        at(1),
    )
    seen, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await api.get("/v1/set-aside", params=params)).json()
        seen += [(each["failed_at"], each["kind"], each["id"]) for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert (len(seen), len(set(seen))) == (30, 30)
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("is_first", [True, False])
async def test_what_is_behind_the_page_is_not_read(stage, alerting_url, kind, is_first):
    await insert(
        alerting_url,
        """
        WITH a AS (INSERT INTO alerting.timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at,
            failed_at, error) SELECT 'default', gen_random_uuid(), 1, 'breach', gen_random_uuid(), 'reviews.v1', 1, $1,
            $1::timestamptz + n * interval '1 ms', 'x' FROM generate_series(1, 20000) n),
        b AS (INSERT INTO alerting.silences (tenant_id, id, subject_prefix, reason, created_at, created_by, until,
            failed_at, error) SELECT 'default', gen_random_uuid(), 'acme', 'x', $1, 'key:a', $1 + interval '1 h',
            $1 + n * interval '1 ms', 'x' FROM generate_series(1, 20000) n),
        c AS (INSERT INTO alerting.occurrences (tenant_id, person, rule, step, local_date, revision, generation,
            anchor_at, due_at, failed_at, error) SELECT 'default', 'p' || n, 'r', 'first', '2026-03-02', 1, 1, $1, $1,
            $1 + n * interval '1 ms', 'x' FROM generate_series(1, 20000) n)
        INSERT INTO alerting.alert_steps (tenant_id, alert_id, kind, number, generation, target, due_at, failed_at,
            error) SELECT 'default', gen_random_uuid(), 'tell', 1, 1, '{}', $1, $1 + n * interval '1 ms', 'x'
        FROM generate_series(1, 20000) n
        """,
        at(1),
    )
    await insert(alerting_url, "ANALYZE alerting.timers, alerting.silences, alerting.occurrences, alerting.alert_steps")
    after = (
        () if is_first else store._bound(kind, (at(1.002), kind, "p1" if kind is Kind.CONTACT else str(UUID(int=9))))
    )
    async with stage.worker.transaction() as tx:
        statement = f"EXPLAIN (ANALYZE, FORMAT JSON) {store.statement_of(kind, is_first=is_first)}"
        [[plan]] = await tx.raw.fetch(statement, "default", 51, *after)
    assert max(rows_of(plan[0]["Plan"])) < 500, plan


def rows_of(plan):
    """How many rows each part of a plan has read in all."""
    read = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return [read, *(each for part in plan.get("Plans", ()) for each in rows_of(part))]
