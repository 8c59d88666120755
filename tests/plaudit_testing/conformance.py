"""Schemathesis over running services that hold something of each kind, on their own ports and at the front door."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from plaudit.alerting.main import SERVICE as ALERTING
from plaudit.alerting.main import followers
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.api_keys.domain import ALL_SCOPES
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Database, Role, lock
from plaudit.common.ids import uuid7
from plaudit.common.process import Parts, Resources, Service
from plaudit.common.tenants import commands as tenants
from plaudit.feedback_board.main import SERVICE as BOARD
from plaudit.ingest.hooks.api.openapi import NATIVE_EXAMPLE
from plaudit.ingest.main import SERVICE as INGEST
from plaudit_testing.databases import NO_KAFKA, PATIENT
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.operations import SERVICES
from plaudit_testing.review_events import pending_envelope, record_of, review_state
from plaudit_testing.runtime import running, until
from plaudit_testing.serving import serving
from plaudit_testing.vault import VAULT_KEYS
from plaudit_testing.webhooks import headers

TENANT = "default"
HOOKS = "plaudit_testing.conformance_hooks"
TESTS = Path(__file__).parents[1]
PHASES = ("examples", "coverage", "fuzzing", "stateful")
CONFIGURATION = """
[checks]
# 304 and 412 are what the headers If-None-Match and If-Match ask for, and 409 is what the state of a resource forbids:
# no schema can say when. An id that nothing has is 404. Everything else that the schema allows must be taken.
positive_data_acceptance.expected-statuses = ["2xx", 304, 404, 409, 412]

[[operations]]
# An event that cannot be taken does not cost its neighbours: 202 lists it. A check of ours looks for that.
include-name-regex = "POST /v1/hooks/.*"
checks.negative_data_rejection.expected-statuses = ["202", "400", "401", "404", "413", "415", "422"]
# What holds between fields (a scale and its rating, two times, a subject and its source's) is no rule of one field:
# 422 where that leaves no event of the delivery.
checks.positive_data_acceptance.expected-statuses = ["2xx", 422]

[[operations]]
# What a secret must be depends on the platform, and neither zones nor networks have a schema of their own.
include-name-regex = "(POST /v1/sources.*|PATCH /v1/sources/.*|PUT /v1/sources/.*/secrets)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 412, 422]

[[operations]]
# Which phrases are words and which the lists have, what an expression is, and of two fields that only one is named, is
# no rule of one field.
include-name-regex = "((PUT|POST) /v1/sorting-rules.*|POST /v1/mappings.*|PUT /v1/sources/.*/mapping|POST /v1/replays)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 412, 422]
checks.negative_data_rejection.expected-statuses = [400, 401, 404, 409, 412, 413, 415, 422]

[[operations]]
# Which subjects, profiles and zones there are has no schema, nor how two times stand to each other and how far away,
# which kinds are counted together, which figures are of one origin, and which characters of a name show something.
include-name-regex = "(GET /v1/((score|figure).*|markers/.*/effect)|POST /v1/markers|PUT /v1/(badge|score-profiles/).*)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 412, 422]

[[operations]]
# What is too large is refused before anybody looks at what else is wrong with it.
include-name-regex = "POST /v1/sources/.*/test"
checks.negative_data_rejection.expected-statuses = [400, 401, 404, 409, 413, 415, 422]

[[operations]]
# Which credentials there are, and how long an answer may be, depends on the platform. A time belongs to one way only,
# and lies not ahead; a text must show something. No schema says what a table is, and which mapping fits its columns.
include-name-regex = "(POST /v1/reviews/.*/answer.*|PUT /v1/sources/.*/answering-credentials|POST /v1/imports.*)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 422]

[[operations]]
# How many days lie between two is no rule of one of them, nor which comes first. Which zones there are has no schema.
include-name-regex = "GET /v1/(insight/.*|reports/.*|invitations/report)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 422]

[[operations]]
# Which holidays and zones there are has no schema, nor how hours stand to each other, and that some time must be open.
include-name-regex = "(GET /v1/holidays|POST /v1/calendars/preview|PUT /v1/calendars/.*)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 412, 422]

[[operations]]
# A document in YAML is any text for a schema, and `{}` is one. What it says is tried by its own tests.
include-name-regex = "(POST /v1/policies/revisions|PUT /v1/(owners|cadences))"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 412, 422]
checks.negative_data_rejection.expected-statuses = ["2xx", 400, 401, 403, 409, 412, 413, 415, 422]

[[operations]]
# Which addresses are public ones and what a secret must be depends on the channel.
include-name-regex = "(POST /v1/endpoints|PATCH /v1/endpoints/.*)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 422]

[[operations]]
# Which people a tenant has is said by `PUT /v1/owners`, and no schema says which texts show something, and which read
# like a text that could be sent. A check of ours looks that no other rule refused it.
include-name-regex = "(GET /v1/clocks(.csv)?$|POST /v1/alerts/.*/assign|(POST|PUT) /v1/library/guidelines)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 304, 404, 409, 412, 422]

[[operations]]
# Which reviews, alerts, zones, holidays and addresses there are has no schema, nor how far away a time is, in which
# order times are, and which texts show something.
include-name-regex = "((POST|PUT) /v1/incidents.*|POST /v1/(silences|clocks|touchpoints).*)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 412, 422]

[[operations]]
# How far away a time is has no schema, nor which move from one status to another needs a reason.
include-name-regex = "PUT /v1/(moderation/people|personas/.*/mute|requests/.*/status)"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 412, 422]
"""


@dataclass(frozen=True)
class Port:
    """Where a service listens on the loopback interface."""

    service: str
    port: int


@dataclass
class House:
    """Services that answer in this process, and what is needed to ask them well."""

    key: str = ""
    ports: list[Port] = field(default_factory=list)
    known: dict[str, list[str]] = field(default_factory=dict)
    """Name of a parameter of paths → values that exist."""
    reviews_of_the_board: list[str] = field(default_factory=list)
    """Those that a request can be linked to."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Source → what signs its deliveries."""
    secret_addresses: list[tuple[str, str]] = field(default_factory=list)
    """Sources of platforms that sign nothing, each with its token."""


@asynccontextmanager
async def house(dsn: str, services: Sequence[Service[Any]] = SERVICES) -> AsyncIterator[House]:
    """Run these services over a migrated database, and fill them."""
    made = House()
    async with AsyncExitStack() as stack:
        for service in services:
            resources = Resources(_settings(service, dsn), service.name)
            stack.push_async_callback(resources.close)
            if not made.key:
                made.key = await _key(resources)
            parts = service.build(resources)
            assert parts.app is not None
            # The group commits are some, which answer hooks and votes.
            if beside := [job for job in parts.jobs if job.with_api]:
                await stack.enter_async_context(running(*beside))
                await until(lambda jobs=beside: all(check.ok for job in jobs for check in job.ready()), "it is ready")
            client = await stack.enter_async_context(serving(parts.app))
            client.headers["authorization"] = f"Bearer {made.key}"
            assert client.base_url.port is not None
            made.ports.append(Port(service.name, client.base_url.port))
            reviews = await _hear_of_reviews(resources, parts)
            if service is INGEST:
                await _fill_ingest(made, client)
            elif service is ALERTING:
                await _fire(resources)
                await _fill_alerting(made, client)
            elif service is BOARD:
                await _fill_board(made, client, reviews)
            else:
                made.known["subject"] = ["acme", "acme/berlin"]
                made.known["profile_name"] = [await _profile(client)]
                made.known["marker_id"] = [await _marker(client)]
        yield made


def _settings(service: Service[Any], dsn: str) -> Any:
    return service.settings.model_validate(
        {
            "database_url": dsn,
            "kafka_bootstrap_servers": NO_KAFKA,
            "owner_email": "owner@acme.example",
            "vault_keys": VAULT_KEYS,
            "trusted_proxies": ["127.0.0.1"],
            "longest_wait_seconds": 0,  # no clock of alerting waits for Kafka
            **PATIENT,
        }
    )


async def _key(resources: Resources[Any]) -> str:
    owner = Database(resources.settings, "common", Role.OWNER, pool_size=1)
    try:
        async with owner.transaction() as tx:
            await tenants.create(tx, TENANT, "Default")
            return await api_keys.create(tx, TENANT, "test", (ALL_SCOPES,))
    finally:
        await owner.close()


async def _hear_of_reviews(resources: Resources[Any], parts: Parts) -> list[str]:
    """Give every consumer of reviews the same three new ones, as its runner does; return their ids."""
    then = datetime.now(UTC) - timedelta(days=2)
    reviews = [str(uuid7()) for _ in range(3)]
    for sequence, review_id in enumerate(reviews, start=1):
        state = review_state(1.0, external_id=review_id, published_at=then, rated_at=then, received_at=then)
        told = pending_envelope(None, state, review_id=review_id)
        for subscription in parts.subscriptions:
            if subscription.topic != REVIEWS:
                continue
            record = record_of(subscription, told, sequence)
            async with resources.database(Role.WORKER).transaction() as tx:
                await lock(tx, list(subscription.order_keys(record)))
                await subscription.handler()(tx, [record])
    return reviews


async def _fire(resources: Resources[Any]) -> None:
    """Let the clocks' timers fire without Kafka: what they decide is provisional."""

    async def no_end(_topic: str, _partition: int) -> int:
        raise OSError("there is no Kafka here")

    job = TimerJob(resources, followers(resources.settings), no_end)
    while await job.has_work():
        await job.turn()


async def _fill_ingest(made: House, client: httpx.AsyncClient) -> None:
    for platform in ("native", "trustpilot", "native"):
        body = {"name": f"Our {platform}", "platform": platform, "subject": "acme"}
        source = (await client.post("/v1/sources", json=body)).raise_for_status().json()
        if source["secret"]:
            made.secrets[source["id"]] = source["secret"]
        else:
            made.secret_addresses.append((source["id"], source["hook"].rpartition("/")[2]))
    [source_id, *_] = made.secrets
    for number in range(3):
        content = json.dumps(NATIVE_EXAMPLE).replace("r-1", f"r-{number}").encode()
        signed = headers(made.secrets[source_id], content)
        (await client.post(f"/v1/hooks/{source_id}", content=content, headers=signed)).raise_for_status()
    made.known |= {
        "source_id": [*made.secrets],
        "delivery_id": await _ids(client, "/v1/deliveries"),
        "review_id": await _ids(client, "/v1/reviews"),
        "survey_id": [await _survey(client)],
    }


async def _survey(client: httpx.AsyncClient) -> str:
    wanted = {"name": "After it", "subject": "acme", "kind": "nps", "template": "shop", "language": "en"}
    made = (await client.post("/v1/surveys", json=wanted)).raise_for_status()
    return str(made.json()["id"])


async def _profile(client: httpx.AsyncClient) -> str:
    """A profile of the tenant's own, of a half-life that every tenant has: so scores by it are ready."""
    parameters = {"half_life_days": 30, "prior_weight": 7, "prior_value": 3.5, "kinds": ["stars"]}
    made = (await client.put("/v1/score-profiles/own", json=parameters)).raise_for_status()
    return str(made.json()["name"])


async def _marker(client: httpx.AsyncClient) -> str:
    wanted = {"kind": "release", "name": "Refunds", "at": "2026-03-02T09:00:00Z", "subject": "acme"}
    made = (await client.post("/v1/markers", json=wanted)).raise_for_status()
    return str(made.json()["id"])


async def _fill_alerting(made: House, client: httpx.AsyncClient) -> None:
    """Make what people make: endpoints, an incident that is a breach, a silence of nothing that others need."""
    incident = {"title": "Payments fail", "severity": "urgent", "audience": "internal", "subjects": ["acme/berlin"]}
    endpoint = {"name": "On call", "channel": "webhook", "url": "https://hooks.example.com/x", "topics": ["alert"]}
    silence = {"subject": "acme/rome", "until": (datetime.now(UTC) + timedelta(days=1)).isoformat(), "reason": "Moved."}
    incidents = [await _made(client, "/v1/incidents", incident) for _ in range(2)]
    breach = {"aware_at": datetime.now(UTC).isoformat(), "zone": "Europe/Berlin"}
    (await client.put(f"/v1/incidents/{incidents[0]}/breach", json=breach)).raise_for_status()
    text = {
        "language": "en",
        "apology": "We are sorry.",
        "cause": None,
        "fix": "We mend it.",
        "prevention": "We try it before.",
    }
    published = await client.post(f"/v1/incidents/{incidents[0]}/updates", json={"texts": [text]})
    assert published.is_success, published.text
    made.known |= {
        "clock_id": await _ids(client, "/v1/clocks"),
        "alert_id": await _ids(client, "/v1/alerts"),
        "incident_id": incidents,
        "number": ["1"],
        "endpoint_id": [await _made(client, "/v1/endpoints", endpoint)],
        "silence_id": [await _made(client, "/v1/silences", silence)],
        "guideline_id": await _ids(client, "/v1/library/guidelines"),
        "revision": ["shipped"],
        "calendar_name": ["always"],
    }


async def _made(client: httpx.AsyncClient, path: str, wanted: dict[str, Any]) -> str:
    return str((await client.post(path, json=wanted)).raise_for_status().json()["id"])


async def _fill_board(made: House, client: httpx.AsyncClient, reviews: Sequence[str]) -> None:
    for title in ("Refund the deposit at once", "Answer the telephone", "Open on Sundays"):
        request = (await client.post("/v1/requests", json={"title": title, "persona": "traveller"})).json()
        path = f"/v1/requests/{request['id']}"
        (await client.post(f"{path}/votes", json={"person": "native:anna"})).raise_for_status()
        (await client.post(f"{path}/links", json={"review_id": reviews[0]})).raise_for_status()
    made.known["request_id"] = await _ids(client, "/v1/requests")
    made.known.setdefault("review_id", []).extend(reviews)
    made.reviews_of_the_board = list(reviews)


async def _ids(client: httpx.AsyncClient, path: str) -> list[str]:
    items = (await client.get(path)).raise_for_status().json()["items"]
    assert items, f"{path} is empty"
    return [item["id"] for item in items]


async def schemathesis(
    made: House, address: str, document: str, folder: Path, *options: str, phases: Sequence[str] = PHASES
) -> tuple[int, str]:
    """Run Schemathesis with all checks and phases, and with the hooks; return its exit code and what it printed.

    Args:
        made: what runs.
        address: where requests go.
        document: the file of the OpenAPI document.
        folder: for what it writes.
        options: more of them.
        phases: which of them; all by default.
    """
    configuration = folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    environment = {
        **os.environ,
        "PYTHONPATH": str(TESTS),
        "SCHEMATHESIS_HOOKS": HOOKS,
        "CONFORMANCE": json.dumps(
            {
                "address": address,
                "key": made.key,
                "known": made.known,
                "reviews_of_the_board": made.reviews_of_the_board,
                "secrets": made.secrets,
                "secret_addresses": made.secret_addresses,
            }
        ),
    }
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(configuration), "run", document, "--url", address),
        *("--checks", "all", "--phases", ",".join(phases), "--header", f"Authorization: Bearer {made.key}"),
        *("--no-color", "--request-timeout", str(int(DEADLINE_SECONDS)), "--warnings", "off"),
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=environment,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()
