"""One installation in containers, under a project name of its own: docker compose, and what its engine says."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 300.0
"""For whatever a container does: a busy machine must not look like a broken installation."""


class ComposeError(Exception):
    """A command failed, or what was waited for did not come; the text says what."""


@dataclass(frozen=True)
class State:
    """A container, as its engine sees it."""

    running: bool
    healthy: bool
    restarts: int
    started_at: str


@dataclass(frozen=True)
class Compose:
    """The installation under this project name."""

    project: str
    settings: Mapping[str, str]

    def run(self, *arguments: str, check: bool = True, **settings: str) -> str:
        """Run docker compose; return what it printed.

        Raises:
            ComposeError: it failed, and `check` is set.
        """
        command = ["docker", "compose", "--project-name", self.project, *arguments]
        environment = {**_without_own_settings(), "COMPOSE_DISABLE_ENV_FILE": "1", **self.settings, **settings}
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)
        if check and done.returncode:
            raise ComposeError(f"docker compose {' '.join(arguments)}: {_end_of(done.stderr or done.stdout)}")
        return done.stdout

    def services(self) -> list[str]:
        """The services of which a container runs."""
        return sorted(self.run("ps", "--services", "--status", "running").split())

    def state(self, service: str) -> State:
        """The state of the container of a service."""
        (found,) = json.loads(docker("inspect", self._container(service)))
        state = found["State"]
        return State(
            running=state["Running"],
            healthy=state.get("Health", {}).get("Status") == "healthy",
            restarts=found["RestartCount"],
            started_at=state["StartedAt"],
        )

    def kill_from_within(self, service: str) -> None:
        """SIGKILL to every process of a container: it dies as in a crash, and the engine is not told to stop it."""
        self.run("exec", "-T", service, "sh", "-c", "kill -9 -1", check=False)

    def wait(self, what: str, check: Callable[[], bool]) -> None:
        """Ask until it holds.

        Raises:
            ComposeError: it does not.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not check():
            if time.monotonic() > deadline:
                raise ComposeError(f"{what}: not in {PATIENCE_SECONDS:.0f} s\n{self.run('ps', '--all')}")
            time.sleep(POLL_SECONDS)

    def _container(self, service: str) -> str:
        return self.run("ps", "--all", "--quiet", service).split()[0]


def docker(*arguments: str) -> str:
    """Run docker; return what it printed.

    Raises:
        ComposeError: it failed.
    """
    done = subprocess.run(["docker", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ComposeError(f"docker {' '.join(arguments)}: {_end_of(done.stderr)}")
    return done.stdout


def has_compose() -> bool:
    """Whether there is a docker compose here."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode == 0


def has_engine() -> bool:
    """Whether it reaches an engine."""
    return has_compose() and subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0


def image_bytes(images: Sequence[str]) -> dict[str, int]:
    """How large these images are, unpacked."""
    return {image: json.loads(docker("image", "inspect", image))[0]["Size"] for image in images}


def _without_own_settings() -> dict[str, str]:
    """Our environment without what would configure the installation: a check starts from the defaults."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PLAUDIT_", "COMPOSE_"))}


def _end_of(text: str) -> str:
    return " / ".join(text.strip().splitlines()[-5:])


def images_of(config: Mapping[str, Any]) -> list[str]:
    """The images that a configuration builds."""
    return sorted({service["image"] for service in config["services"].values() if "build" in service})
