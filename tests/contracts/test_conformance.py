"""Each service does what its reference says: Schemathesis, with all its checks and phases, finds nothing."""

import asyncio
import sys
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

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
"""Per operation and phase: enough for a test of minutes. `make` has no faster one, so run more by hand."""
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
    jobs = parts.jobs if request.param == "ingest" else ()  # its group commit answers the hooks
    async with running(*jobs), serving(parts.app) as client:
        yield str(client.base_url).rstrip("/"), key
    await resources.close()
    postgres_server.drop_database(dsn)


async def test_schemathesis_finds_nothing(service: tuple[str, str], tmp_path: Path) -> None:
    address, key = service
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("run", f"{address}/openapi.json", "--checks", "all", "--max-examples", str(MAX_EXAMPLES)),
        *("--header", f"Authorization: Bearer {key}", "--generation-deterministic", "--generation-database", "none"),
        *("--no-color", "--request-timeout", "60"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
