"""Each service does what its reference says: Schemathesis, with all its checks and phases, finds nothing."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.api_keys.domain import ALL_SCOPES
from plaudit.common.db import Database, Role
from plaudit.common.process import Resources
from plaudit.common.tenants import commands as tenants
from plaudit_testing.databases import NO_KAFKA, migrated
from plaudit_testing.runtime import running
from plaudit_testing.servers import PostgresServer
from plaudit_testing.serving import serving

pytestmark = pytest.mark.postgres

SERVICES = ("ingest", "scoring", "alerting", "feedback_board")
MAX_EXAMPLES = 5
"""For each operation and phase."""
CONFIGURATION = """
[checks]
# A schema cannot say which cursors, entity tags and idempotency keys are right just now, nor what two fields must be
# together: these are refused by 400, 412 and 422.
positive_data_acceptance.expected-statuses = ["2xx", "304", 400, 401, 404, 409, 412, 422]

[[operations]]
# Its 404 may be of the review that the body names.
include-name = "POST /v1/requests/{request_id}/links"
checks.ensure_resource_availability.enabled = false
"""
HOOK = """
[[operations]]
include-name = "POST /v1/hooks/{{source_id}}/{{token}}"
parameters = {{ "path.source_id" = "{source_id}", "path.token" = "{token}" }}
"""
"""Only an address that exists shows what becomes of a body."""
PATIENCE_SECONDS = 60.0


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> AsyncIterator[tuple[str, str]]:
    """The address of a running service with an empty database, and a key that may do everything."""
    declared = import_module(f"plaudit.{request.param}.main").SERVICE
    template = postgres_server.template(request.param, lambda dsn: migrated(dsn, declared.name))
    dsn = postgres_server.create_database(template, name=f"conformance-{request.param}")
    settings = declared.settings.model_validate(
        {
            "database_url": dsn,
            "kafka_bootstrap_servers": NO_KAFKA,
            "owner_email": "owner@acme.example",
            **{f"database_{what}_timeout_seconds": PATIENCE_SECONDS for what in ("open", "connect", "command")},
        }
    )
    owner = Database(settings, "common", Role.OWNER, pool_size=1)
    async with owner.transaction() as tx:
        await tenants.create(tx, "default", "Default")
        key = await api_keys.create(tx, "default", "test", (ALL_SCOPES,))
    await owner.close()
    resources: Resources[Any] = Resources(settings, declared.name)
    parts = declared.build(resources)
    async with AsyncExitStack() as stack:
        if request.param == "ingest":
            await stack.enter_async_context(running(*parts.jobs))  # the group commit that answers hooks
        client = await stack.enter_async_context(serving(parts.app))
        yield str(client.base_url).rstrip("/"), key
    await resources.close()
    postgres_server.drop_database(dsn)


async def test_schemathesis_finds_nothing(service: tuple[str, str], tmp_path: Path) -> None:
    address, key = service
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION + await _hook(address, key))
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(configuration)),
        *("run", f"{address}/openapi.json", "--max-examples", str(MAX_EXAMPLES)),
        *("--header", f"Authorization: Bearer {key}", "--generation-deterministic"),
        *("--no-color", "--request-timeout", "60"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def _hook(address: str, key: str) -> str:
    """Return the configuration of the hook of a source that is made here; none where there are no sources."""
    async with httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as client:
        body = {"name": "Trustpilot", "platform": "trustpilot", "subject": "acme"}
        made = await client.post("/v1/sources", json=body)
    if made.status_code != 201:
        return ""
    source_id, token = made.json()["hook"].split("/")[-2:]
    return HOOK.format(source_id=source_id, token=token)
