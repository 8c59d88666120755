"""Makes `.venv` from the hashed locks; every command of the Makefile runs it first.

It runs on the system's Python, with the standard library only. Its grammar is that of Python 3.6, so that an old Python
can read this file as far as the sentence that says it is too old. It does nothing, fast, when the stamp in `.venv` says
that it was made here from the present locks and project files.
"""

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

OLDEST = (3, 11)
if sys.version_info[:2] < OLDEST:
    sys.exit(
        "Plaudit needs Python 3.11 or newer, and this is {}.{}: install a newer one, "
        "then run make PYTHON=python3.11 (or whatever it is called).".format(*sys.version_info[:2])
    )

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "plaudit-stamp"
LOCAL = ROOT / ".local"
LOG = LOCAL / "logs" / "bootstrap.log"
UV_LOCK = ROOT / "requirements" / "uv.lock"
PACKAGES_LOCK = ROOT / "requirements" / "all.lock"
LOCAL_PACKAGES = ROOT / "deploy" / "local"
DISTRIBUTIONS = ("libs/common", "services/ingest", "services/scoring", "services/alerting", "services/feedback-board")
NEEDED_BYTES = 1_000_000_000
FULL = f"The disk is full: free about {NEEDED_BYTES // 1_000_000} MB, then run make again."
TICK_SECONDS = 0.1

# uv's names for settings of pip: uv does not read pip's own.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
NO_SPACE = re.compile("no space left on device|errno 28|disk quota exceeded", re.IGNORECASE)
OTHER_HASH = re.compile("do not match the hashes|hash mismatch", re.IGNORECASE)
NO_NETWORK = re.compile(
    "error sending request|failed to fetch|connection|name resolution|dns error|timed out|timeout|certificate|proxy"
    # pip says only this when it has tried once; whatever the lock names exists.
    "|no matching distribution",
    re.IGNORECASE,
)


class BootstrapError(Exception):
    """`.venv` cannot be made; the text is one sentence about it."""


def stamp() -> str:
    """Return a digest of what `.venv` depends on: its path, this file, the locks, the project files."""
    files = [Path(__file__), UV_LOCK, PACKAGES_LOCK, *(ROOT / name / "pyproject.toml" for name in DISTRIBUTIONS)]
    digest = hashlib.sha256(str(ROOT).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_made(wanted: str) -> bool:
    """Return whether `.venv` has the stamp that it should have."""
    try:
        return PYTHON.exists() and STAMP.read_text() == wanted
    except OSError:
        return False


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait for another make that prepares the same checkout."""
    import fcntl  # late: Windows has none, and main() says so first

    with (LOCAL / "bootstrap.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make prepares .venv: waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(what: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
    """Run one command with its output in the log, and show that time passes.

    Raises:
        BootstrapError: it failed.
    """
    began = time.monotonic()
    start = LOG.stat().st_size if LOG.exists() else 0
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=str(ROOT),
        )
        if not sys.stdout.isatty():
            print(f"  {what} …", flush=True)
        try:
            while process.poll() is None:
                if sys.stdout.isatty():
                    print(f"\r  {what} … {time.monotonic() - began:.0f} s", end="", flush=True)
                time.sleep(TICK_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if sys.stdout.isatty():
        print(f"\r  {what}: {time.monotonic() - began:.1f} s ", flush=True)
    if process.returncode != 0:
        with LOG.open("rb") as log:
            log.seek(start)
            raise BootstrapError(explain(what, log.read().decode(errors="replace")))


def explain(what: str, output: str) -> str:
    """Return one sentence about a failed command: what it was, and what to do."""
    if NO_SPACE.search(output):
        return FULL
    if OTHER_HASH.search(output):
        return f"A package that was fetched is not the one that the lock names, so it is not used: see {LOG}."
    if NO_NETWORK.search(output):
        return (
            "The package registry cannot be reached: check the network, and the settings of pip or uv if you use "
            f"a registry of your own, then run make again (details in {LOG})."
        )
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "it said nothing")
    return f"This step failed: {what}. The end of its output: {last} (all of it in {LOG})."


def make_venv() -> None:
    """Make an environment with pip, unless a working one is there."""
    works = [str(PYTHON), "-c", f"import sys, pip; sys.exit(sys.version_info[:2] < {OLDEST})"]
    if PYTHON.exists() and subprocess.run(works, check=False, capture_output=True).returncode == 0:
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise BootstrapError(
            "This Python has no complete venv module: install it (on Debian and Ubuntu: apt install python3-venv), "
            "then run make again."
        )
    run("making .venv", [sys.executable, "-m", "venv", "--clear", VENV])


def uv_environment() -> dict[str, str]:
    """Return our environment, with the user's settings of pip under uv's names unless uv has settings of its own."""
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    if any(file.exists() for file in (home / "uv" / "uv.toml", Path("/etc/uv/uv.toml"))):
        return environment
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], check=False, capture_output=True, text=True
    ).stdout
    found: dict[str, tuple[int, str]] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        rank = {"global": 0, "install": 1, ":env:": 2}.get(section, -1)
        if key in UV_NAMES and rank >= found.get(key, (-1, ""))[0]:
            found[key] = (rank, value.strip().strip("'\""))
    for key, (_, value) in found.items():
        separator = "," if key == "find-links" else " "
        environment.setdefault(UV_NAMES[key], separator.join(value.replace("\\n", " ").split()))
    return environment


def make(wanted: str) -> None:
    """Make or renew `.venv`."""
    if shutil.disk_usage(str(ROOT)).free < NEEDED_BYTES and not VENV.exists():
        raise BootstrapError(FULL)
    print("Preparing .venv from the locks.", flush=True)
    STAMP.unlink(missing_ok=True)
    make_venv()
    run("fetching uv", [PYTHON, "-m", "pip", "install", "--no-deps", "--require-hashes", "--requirement", UV_LOCK])
    uv: list[str | Path] = [VENV / "bin" / "uv", "pip"]
    environment = uv_environment()
    # Compiled here on all cores; otherwise each process of the first start would do it, one module after the other.
    sync = [*uv, "sync", "--python", PYTHON, "--require-hashes", "--compile-bytecode", PACKAGES_LOCK]
    run("installing packages", sync, environment)
    editable = [f"--editable={ROOT / name}" for name in DISTRIBUTIONS]
    install = [*uv, "install", "--python", PYTHON, "--no-deps", "--no-build-isolation", *editable]
    run("installing Plaudit", install, environment)
    for packages in VENV.glob("lib/python*/site-packages"):
        (packages / "plaudit-local.pth").write_text(f"{LOCAL_PACKAGES}\n")
    STAMP.write_text(wanted)


def main() -> int:
    """Bring `.venv` up to date; return the exit code."""
    if os.name != "posix":
        print("Plaudit runs on Linux and macOS; on Windows use its Linux subsystem.", file=sys.stderr)
        return 1
    wanted = stamp()
    if is_made(wanted):
        return 0
    try:
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with alone():
            if not is_made(wanted):
                make(wanted)
    except PermissionError as error:
        print(
            f"{error.filename} belongs to another user: run make as that user, or make clean as that user first.",
            file=sys.stderr,
        )
        return 1
    except (BootstrapError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the next make continues.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
