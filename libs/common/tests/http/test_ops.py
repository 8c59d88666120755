import asyncio
from collections.abc import Sequence

import httpx
import pytest

from plaudit.common.db import Database, Role
from plaudit.common.db.revision import RUNTIME, head_revision, history_of
from plaudit.common.http import ops as ops_module
from plaudit.common.http.app import create_ops_app
from plaudit.common.http.ops import DatabaseChecks, Ops
from plaudit.common.jobs import Check, Loop
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.servers import PostgresServer
from plaudit_testing.serving import serving

pytestmark = pytest.mark.postgres


class Turning(Loop):
    def __init__(self, name: str, max_age_seconds: float = 60.0, ready: Sequence[Check] = ()) -> None:
        super().__init__(name, max_age_seconds=max_age_seconds)
        self._ready = ready

    def ready(self) -> Sequence[Check]:
        return self._ready

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


async def ask(ops: Ops, path: str) -> tuple[int, dict[str, tuple[bool, str]]]:
    async with serving(create_ops_app("things", ops.routes())) as client:
        answer = await client.get(path)
        checks = {check["name"]: (check["ok"], check["detail"]) for check in answer.json()["checks"]}
        return answer.status_code, checks


@pytest.fixture
async def checks(api_database: Database) -> DatabaseChecks:
    return DatabaseChecks(api_database, "common")


async def test_a_process_with_all_it_needs_is_ready(checks: DatabaseChecks) -> None:
    ops = Ops([Turning("relay", ready=[Check("lease", ok=True)])], checks)
    status, checked = await ask(ops, "/readyz")
    assert status == 200
    assert checked == {
        "running": (True, ""),
        "database": (True, ""),
        "migrations": (True, "at head"),
        "lease": (True, ""),
    }


async def test_a_loop_that_is_not_ready_says_why_and_the_process_still_lives(checks: DatabaseChecks) -> None:
    ops = Ops([Turning("relay", ready=[Check("topics", ok=False, detail="wiped: restore or re-seed")])], checks)
    status, checked = await ask(ops, "/readyz")
    assert (status, checked["topics"]) == (503, (False, "wiped: restore or re-seed"))
    assert (await ask(ops, "/livez"))[0] == 200


async def test_a_loop_that_no_longer_turns_makes_the_process_dead(checks: DatabaseChecks) -> None:
    ops = Ops([Turning("relay"), Turning("stuck", max_age_seconds=-1.0)], checks)
    status, checked = await ask(ops, "/livez")
    assert status == 503
    assert (checked["relay"][0], checked["stuck"][0]) == (True, False)


async def test_a_stopping_process_is_alive_and_not_ready(checks: DatabaseChecks) -> None:
    ops = Ops([], checks)
    ops.stopping = True
    assert (await ask(ops, "/livez"))[0] == 200
    status, checked = await ask(ops, "/readyz")
    assert (status, checked["running"]) == (503, (False, "stopping"))


async def test_a_schema_behind_the_code_is_not_ready_until_it_is_migrated(
    api_database: Database, owner: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops_module, "DATABASE_CHECK_KEPT_SECONDS", 0.0)
    checks = DatabaseChecks(api_database, "common")
    async with owner.transaction() as tx:
        await tx.raw.execute("UPDATE common.alembic_version SET version_num = 'older'")
    [_, migrations] = await checks()
    assert not migrations.ok
    assert "common at older" in migrations.detail
    assert "run migrate" in migrations.detail
    async with owner.transaction() as tx:
        await tx.raw.execute("UPDATE common.alembic_version SET version_num = $1", head_revision(history_of("common")))
    assert all(check.ok for check in await checks())


async def test_runtime_tables_behind_the_code_are_not_ready_until_they_are_migrated(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops_module, "DATABASE_CHECK_KEPT_SECONDS", 0.0)
    dsn = postgres_server.create_database(name="behind")
    migrated(dsn, "scoring")
    owner, api = (Database(settings_for(dsn), "scoring", role, pool_size=1) for role in (Role.OWNER, Role.API))
    checks = DatabaseChecks(api, "scoring")
    async with owner.transaction() as tx:
        await tx.raw.execute("UPDATE runtime_version SET version_num = '0001'")
    [_, migrations] = await checks()
    assert not migrations.ok
    assert migrations.detail == f"scoring's runtime at 0001, needs {head_revision(RUNTIME)}: run migrate"
    async with owner.transaction() as tx:
        await tx.raw.execute("UPDATE runtime_version SET version_num = $1", head_revision(RUNTIME))
    assert all(check.ok for check in await checks())
    await owner.close()
    await api.close()
    postgres_server.drop_database(dsn)


async def test_without_its_database_a_process_is_alive_and_not_ready() -> None:
    database = Database(settings_for("postgresql://u:canary@127.0.0.1:9/none"), "common", Role.API, pool_size=1)
    ops = Ops([Turning("relay")], DatabaseChecks(database, "common"))
    assert (await ask(ops, "/livez"))[0] == 200
    status, checked = await ask(ops, "/readyz")
    assert (status, checked["database"][0]) == (503, False)
    assert "canary" not in str(checked)
    await database.close()


async def test_a_database_that_was_made_read_only_is_not_ready_until_it_no_longer_is(
    api_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops_module, "DATABASE_CHECK_KEPT_SECONDS", 0.0)
    ops = Ops([], DatabaseChecks(api_database, "common"))
    assert (await ask(ops, "/readyz"))[0] == 200
    async with api_database.driver_statement() as raw:
        await raw.execute("SET default_transaction_read_only = on")
    status, checked = await ask(ops, "/readyz")
    assert (status, checked["database"]) == (503, (False, "it is read-only: a standby, or made so"))
    async with api_database.driver_statement() as raw:
        await raw.execute("SET default_transaction_read_only = off")
    assert (await ask(ops, "/readyz"))[0] == 200


async def test_probes_in_quick_succession_ask_the_database_once(checks: DatabaseChecks) -> None:
    first, second = await asyncio.gather(checks(), checks())
    assert first is second


async def test_metrics_are_prometheus_text_and_tell_the_age_of_each_loop(checks: DatabaseChecks) -> None:
    async with serving(create_ops_app("things", Ops([Turning("relay")], checks).routes())) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'plaudit_loop_age_seconds{loop="relay"} ' in answer.text


async def test_a_process_without_an_api_has_a_problem_for_everything_else(checks: DatabaseChecks) -> None:
    async with serving(create_ops_app("things", Ops([], checks).routes())) as client:
        answers: list[httpx.Response] = [await client.get(path) for path in ("/", "/docs", "/openapi.json")]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
