"""The product as its users have it: one address, a key, the command `plaudit`, and nothing else.

The installation is one of processes of this machine; or, if PLAUDIT_TEST_ADDRESS names its address and
PLAUDIT_TEST_COMMAND how to run `plaudit` there, any other one, as `make compose-check` does it with containers.
"""

import os
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from plaudit_local.servers.ports import free_port
from plaudit_testing import oracle
from plaudit_testing.caddy import CaddyProcess
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.fixtures import server_fixture
from plaudit_testing.installation import Installation
from plaudit_testing.servers import PostgresServer, own_kafka
from plaudit_testing.shared import shared
from plaudit_testing.stack import MODULES, stack

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

LISTS = ("sources", "reviews", "deliveries", "scores", "clocks", "alerts", "policies/revisions", "requests")
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-site": "same-origin"}
STREAMS = 4


@pytest.fixture(scope="module")
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    if address := os.environ.get("PLAUDIT_TEST_ADDRESS"):
        yield Installation(address, shlex.split(os.environ["PLAUDIT_TEST_COMMAND"]))
    else:
        yield request.getfixturevalue("installation_of_processes")


@server_fixture(scope="module")
def installation_of_processes(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    port, folder = free_port(), tmp_path_factory.mktemp("installation")
    settings = {
        "PLAUDIT_OWNER_EMAIL": "owner@example.com",
        "PLAUDIT_TRUSTED_PROXIES": "127.0.0.1",
        "PLAUDIT_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    database_url = postgres_server.create_database(name="installation")
    with own_kafka() as kafka, stack(database_url, kafka.address, folder, **settings) as running:
        running.prepare(*MODULES)
        services = tuple(running.process(name, "all").start() for name in MODULES)
        door = CaddyProcess(folder, services, port=port).start()
        try:
            for service in services:
                service.wait_ready()
            yield Installation(door.base, [str(Path(sys.executable).with_name("plaudit"))], running.env)
        finally:
            door.kill()
    postgres_server.drop_database(database_url)


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def test_all_lists_and_pages_answer_and_no_probe_does(installation: Installation) -> None:
    tenant = installation.new_tenant()
    async with tenant.client() as client:
        for name in LISTS:
            answer = await client.get(f"/v1/{name}")
            assert (answer.status_code, "items" in answer.json()) == (200, True), name
        for path in ("/docs", "/problems", "/sign-in"):
            page = await client.get(path, headers=BROWSER)
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), path
        for path in ("/metrics", "/readyz", "/livez"):
            refused = await client.get(path)
            assert (refused.status_code, refused.json()["type"]) == (404, "/problems#not-found"), path
        del client.headers["authorization"]
        assert [(await client.get(f"/v1/{name}")).status_code for name in LISTS] == [401] * len(LISTS)


async def test_real_reviews_with_edits_removals_and_moves_are_scored_exactly(installation: Installation) -> None:
    tenant = installation.new_tenant()
    story = oracle.story(shared("data"), seed=8, edits=100, removals=50, restorations=20, moves=20, limit=800)
    platform = await tenant.platform("rental")
    await platform.post_streams(oracle.interleaved(story.events, 8, STREAMS, twice=True), batch=25)
    await tenant.scores_are_exact(story.reviews)


async def test_a_bad_review_starts_a_clock_that_its_answer_fulfils(installation: Installation) -> None:
    tenant = installation.new_tenant()
    platform = await tenant.platform("acme")
    review = {"id": "r-1", "rating": 1, "text": "Cold soup.", "published_at": now()}
    async with httpx.AsyncClient(timeout=DEADLINE_SECONDS) as sender:
        await platform.post(sender, [{"type": "review.created", "data": review}])
        (clock,) = await tenant.items("/v1/clocks", state="running", metric="first_answer")
        assert (clock["subject"], clock["external_id"]) == ("acme", "r-1")
        answer = {"text": "We are sorry.", "published_at": now(), "state": "published"}
        await platform.post(sender, [{"type": "review.answered", "data": {"id": "r-1", "answer": answer}}])
    (fulfilled,) = await tenant.items("/v1/clocks", state="fulfilled", metric="first_answer")
    assert fulfilled["id"] == clock["id"]


async def test_a_visitor_votes_on_a_public_board(installation: Installation) -> None:
    tenant = installation.new_tenant()
    async with tenant.client() as client:
        made = await client.post("/v1/requests", json={"title": "Dark mode"})
        assert made.status_code == 201, made.text
        request = made.json()
        board, page = f"/b/{tenant.id}", f"/b/{tenant.id}/r/{request['slug']}"
        async with httpx.AsyncClient(
            base_url=installation.address, headers=BROWSER, timeout=DEADLINE_SECONDS
        ) as visitor:
            assert (await visitor.get(board)).status_code == 404
            installation.plaudit("tenants", "board", tenant.id, "on")
            assert "Dark mode" in (await visitor.get(board)).text
            voted = await visitor.post(f"{page}/votes", data={"choice": "vote"})
            assert voted.status_code == 303, voted.text
        assert (await client.get(f"/v1/requests/{request['id']}")).json()["votes"] == 1


async def test_a_link_of_the_command_line_signs_in_to_the_console_once(installation: Installation) -> None:
    tenant = installation.new_tenant()
    link = installation.plaudit("sign-in-link", "--tenant", tenant.id, "--email", "ada@example.com")
    assert link.startswith(f"{installation.address}/sign-in/link/")
    async with httpx.AsyncClient(base_url=installation.address, headers=BROWSER, timeout=DEADLINE_SECONDS) as browser:
        assert 'action="/sign-in' in (await browser.get("/console")).text
        signed_in = await browser.post(link)
        assert signed_in.status_code == 303, signed_in.text
        for path in ("/console", "/console/desk", "/console/requests"):
            page = await browser.get(path)
            assert (page.status_code, "/sign-out" in page.text) == (200, True), path
        assert (await browser.post(link)).status_code == 410
