"""The services do what their reference says: Schemathesis, with all its checks and phases, finds nothing."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from plaudit.common.process import Service
from plaudit_testing.caddy import CaddyProcess
from plaudit_testing.conformance import PHASES, house, schemathesis
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.operations import SERVICES

pytestmark = pytest.mark.postgres

REFERENCE = Path(__file__).parents[2] / "docs" / "contracts" / "openapi.json"
BRIEFLY = ("--max-examples", "2", "--generation-deterministic")
AT_LENGTH = ("--max-examples", "100", "--continue-on-failure", "--suppress-health-check", "too_slow")
"""For each operation and phase, other ones in every run, however long a busy machine takes to make them up."""
LENGTHS = pytest.mark.parametrize(
    "options", [pytest.param(BRIEFLY, id="briefly"), pytest.param(AT_LENGTH, id="at-length", marks=pytest.mark.soak)]
)
SHORT_PHASES = tuple(phase for phase in PHASES if phase != "coverage")
"""That phase takes most of the time; `test_schemas_are_enforced.py` tries bounds more strictly."""


def phases_of(options: tuple[str, ...]) -> tuple[str, ...]:
    """The phases of a run with these options."""
    return SHORT_PHASES if options is BRIEFLY else PHASES


log = logging.getLogger(__name__)


@LENGTHS
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_schemathesis_finds_nothing_at_a_services_own_port(
    service: Service[Any], options: tuple[str, ...], house_url: str, tmp_path: Path
) -> None:
    async with house(house_url, [service]) as made:
        [listening] = made.ports
        address = f"http://127.0.0.1:{listening.port}"
        # Schemathesis gives up on a document that is 10 seconds in coming, as on a busy machine it is.
        document = tmp_path / "openapi.json"
        async with httpx.AsyncClient(timeout=DEADLINE_SECONDS) as client:
            document.write_bytes((await client.get(f"{address}/openapi.json")).raise_for_status().content)
        code, told = await schemathesis(made, address, str(document), tmp_path, *options, phases=phases_of(options))
    log.info("%s: %s", service.name, told[told.rfind("Test cases:") :])
    assert code == 0, told


@LENGTHS
async def test_schemathesis_finds_nothing_at_the_front_door(
    options: tuple[str, ...], house_url: str, tmp_path: Path
) -> None:
    async with house(house_url) as made:
        door = CaddyProcess(tmp_path, made.ports)
        try:
            await asyncio.to_thread(door.start)
            code, told = await schemathesis(
                made, door.base, str(REFERENCE), tmp_path, *options, phases=phases_of(options)
            )
        finally:
            door.kill()
    log.info("front door: %s", told[told.rfind("Test cases:") :])
    assert code == 0, told
