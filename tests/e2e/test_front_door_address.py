"""One address before the four real services: what reaches them, what does not, and what a kill costs."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from plaudit_testing import oracle, pipeline
from plaudit_testing.caddy import CaddyProcess
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.shared import shared
from plaudit_testing.stack import MODULES, ServiceProcess, Stack, eventually, stack
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

LOOPBACK = "127.0.0.1"
LISTS = {
    "/v1/sources": "ingest",
    "/v1/reviews": "ingest",
    "/v1/deliveries": "ingest",
    "/v1/scores": "scoring",
    "/v1/policies": "alerting",
    "/v1/clocks": "alerting",
    "/v1/alerts": "alerting",
    "/v1/requests": "feedback-board",
}
PAGES = ("/", "/b/default", "/docs", "/problems")
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VOTES_PER_HOUR = 3
KILLS = 5
STREAMS = 4
SEED = 8


class House:
    """The four services as they answer HTTP, and doors before them."""

    def __init__(self, running: Stack, folder: Path) -> None:
        self.running = running
        self.folder = folder
        self.services = {name: running.process(name, "api").start() for name in MODULES}
        self.doors: list[CaddyProcess] = []
        for service in self.services.values():
            service.wait_ready()

    def door(self, **settings: str) -> CaddyProcess:
        folder = self.folder / f"door-{len(self.doors)}"
        folder.mkdir()
        made = CaddyProcess(folder, tuple(self.services.values()), settings)
        self.doors.append(made)
        return made.start()


@pytest.fixture
def house(database_url: str, fresh_kafka, tmp_path: Path) -> Iterator[House]:
    settings = {
        "PLAUDIT_OWNER_EMAIL": "owner@example.com",
        "PLAUDIT_TRUSTED_PROXIES": LOOPBACK,
        "PLAUDIT_VOTES_PER_HOUR_PER_NETWORK": str(VOTES_PER_HOUR),
    }
    with stack(database_url, fresh_kafka.address, tmp_path, **settings) as running:
        running.prepare(*MODULES)
        pipeline.rows(running, "UPDATE common.tenants SET board_public = true")
        made = House(running, tmp_path)
        try:
            yield made
        finally:
            for door in made.doors:
                door.kill()


def client(base: str, key: str = "") -> httpx.Client:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=base, headers=headers, timeout=DEADLINE_SECONDS)


def test_each_route_reaches_its_service_and_operators_paths_reach_none(house: House) -> None:
    with client(house.door().base, house.running.key) as at_door:
        for path, service in LISTS.items():
            direct = httpx.get(house.services[service].base + path, headers=at_door.headers, timeout=DEADLINE_SECONDS)
            answer = at_door.get(path)
            assert (answer.status_code, answer.text) == (200, direct.text), path
        for path in PAGES:
            page = at_door.get(path, headers=BROWSER)
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), path
        (style,) = {part for part in at_door.get("/").text.split('"') if part.endswith("/plaudit.css")}
        assert at_door.get(style).headers["content-type"].startswith("text/css")
        for path in ("/console/", "/docs/", "/sign-in/", "/b/default/"):
            answer = at_door.get(f"{path}?from=mail")
            assert (answer.status_code, answer.headers.get("location")) == (308, f"{path[:-1]}?from=mail"), path
        for path in ("/metrics", "/readyz", "/livez"):
            for service in house.services.values():
                assert httpx.get(service.base + path, timeout=DEADLINE_SECONDS).status_code == 200
            refused = at_door.get(path)
            assert (refused.status_code, refused.json()["type"]) == (404, "/problems#not-found"), path
        unknown = at_door.get("/v1/reviews/nobody", headers={"x-request-id": "one-id-for-both"})
        assert unknown.status_code >= 400
        assert unknown.json()["instance"] == unknown.headers["x-request-id"] == "one-id-for-both"


def test_a_killed_service_is_said_by_a_page_and_a_problem_while_the_others_answer(house: House) -> None:
    with client(house.door().base, house.running.key) as at_door:
        for name in ("scoring", "feedback-board"):
            house.services[name].kill()
        problem = at_door.get("/v1/scores/acme")
        assert (problem.status_code, problem.json()["type"]) == (503, "/problems#unavailable")
        page = at_door.get("/", headers=BROWSER)
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "does not run, or is being started" in page.text
        for answer in (problem, page):
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert at_door.get("/v1/sources").status_code == 200
        house.services["scoring"].start().wait_ready()
        assert at_door.get("/v1/scores").status_code == 200


def test_a_body_over_ingests_own_limit_gets_ingests_own_answer(house: House) -> None:
    door = house.door()
    source = pipeline.create_source(house.running, house.services["ingest"], "acme")
    answer = httpx.post(f"{door.base}/v1/hooks/{source['id']}", content=b"x" * (5 * 1024 * 1024), timeout=30)
    assert answer.status_code == 413
    assert "4194304" in answer.json()["detail"]


def votes(base: str, slug: str, forwarded: list[str]) -> list[int]:
    """Statuses of one vote each, of visitors who are said to come from these addresses."""
    return [
        httpx.post(
            f"{base}/b/default/r/{slug}/votes",
            data={"choice": "vote"},
            headers={"x-forwarded-for": address, "sec-fetch-site": "same-origin"},
            timeout=DEADLINE_SECONDS,
        ).status_code
        for address in forwarded
    ]


def slug_of_a_request(house: House) -> str:
    with client(house.services["feedback-board"].base, house.running.key) as board:
        made = board.post("/v1/requests", json={"title": "Dark mode"})
        assert made.status_code == 201, made.text
        return str(made.json()["slug"])


def test_a_visitor_gets_no_new_budget_by_writing_where_they_come_from(house: House) -> None:
    forged = [f"198.51.{n}.7" for n in range(VOTES_PER_HOUR + 2)]
    assert votes(house.door().base, slug_of_a_request(house), forged) == [303] * VOTES_PER_HOUR + [429] * 2


def test_visitors_behind_a_proxy_that_the_door_trusts_have_a_budget_each_with_or_without_ports(house: House) -> None:
    door = house.door(PLAUDIT_DOOR_TRUSTED_PROXIES=f"{LOOPBACK}/32")
    written = [
        form.format(n) for n in range(8) for form in ("198.51.{0}.7", "203.0.{0}.7:4000{0}", "[2001:db8:{0}::7]:443")
    ]
    assert votes(door.base, slug_of_a_request(house), written) == [303] * len(written)


async def _kill_again_and_again(door: CaddyProcess, platform: Platform, chance: random.Random) -> None:
    for _ in range(KILLS):
        seen = len(platform.acknowledged)
        await eventually(lambda seen=seen: len(platform.acknowledged) > seen, "a webhook is answered")
        await asyncio.sleep(chance.random() / 10)
        await asyncio.to_thread(door.kill)
        await asyncio.to_thread(door.start)


async def test_webhooks_through_a_door_that_is_killed_again_and_again_count_once_each(
    database_url: str, fresh_kafka, tmp_path: Path
) -> None:
    story = oracle.story(shared("data"), seed=SEED, edits=100, removals=50, restorations=20, moves=20, limit=800)
    with stack(database_url, fresh_kafka.address, tmp_path) as running:
        running.prepare("ingest", "scoring")
        ingest, scoring = (running.process(name, "all").start() for name in ("ingest", "scoring"))
        services: tuple[ServiceProcess, ...] = (ingest.wait_ready(), scoring.wait_ready())
        door = CaddyProcess(tmp_path, services).start()
        try:
            source = pipeline.create_source(running, ingest, "rental")
            platform = Platform(f"{door.base}/v1/hooks/{source['id']}", source["secret"])
            killing = asyncio.create_task(_kill_again_and_again(door, platform, random.Random(SEED)))
            await platform.post_streams(oracle.interleaved(story.events, SEED, STREAMS, twice=False), batch=2)
            rounds = 0
            while not killing.done():
                rounds += 1
                news = oracle.go_on(story, SEED + rounds, edits=20)
                await platform.post_streams(oracle.interleaved(news, SEED + rounds, STREAMS, twice=True), batch=2)
            await killing
            await pipeline.applied(running)
            assert pipeline.wrong_scores(running, scoring, story.reviews.values()) == []
            stored = pipeline.rows(running, "SELECT sent_id FROM ingest.deliveries WHERE quarantine_reason IS NULL")
            assert platform.acknowledged.keys() <= {row["sent_id"] for row in stored}
            assert platform.unavailable > 0, "no webhook met a door that was gone"
        finally:
            door.kill()
