"""Jars of Apache Kafka and of page libraries: locked by SHA-256, fetched by `jgo`, verified each time they are used.

A lock (`deploy/local/kafka.lock`, `deploy/local/pages.lock`) has one line for each jar: `group:artifact:version
sha256:<hex>`. It names no repository: the user's settings of jgo or Maven do. jgo itself verifies nothing against a
lock, so a jar is fetched into a folder of its own, verified, and only then moved to the shared cache.
"""

import gc
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

LOCK = Path(__file__).parents[2] / "kafka.lock"
PAGES_LOCK = LOCK.with_name("pages.lock")
FETCHERS = 8
FETCH_TIMEOUT_SECONDS = 20
KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
# Without a binding for slf4j 1.7 Kafka fails in silence. The `!` keeps its dependency management out of the others'.
LOG_BINDING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5!"
PAGE_LIBRARIES = ("org.webjars:swagger-ui:5.34.1", "org.webjars.npm:uplot:1.6.30")
"""WebJars: jars of files for browsers."""


class JarsUnavailableError(Exception):
    """A jar as locked is not available; the text says what to do."""


@dataclass(frozen=True)
class Jar:
    """One locked jar."""

    group: str
    artifact: str
    version: str
    sha256: str
    lock: str = LOCK.name
    """The name of the file that it is locked in."""

    @property
    def path(self) -> Path:
        """Its path in a Maven cache, relative."""
        return Path(*self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar")

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def read_lock(path: Path = LOCK) -> list[Jar]:
    """Return the locked jars, in class path order."""
    jars = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinate, digest = line.split(" sha256:")
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(group, artifact, version, digest, path.name))
    return jars


def class_path(
    jars: Sequence[Jar] | None = None, cache: Path | None = None, progress: Callable[[str], None] = lambda _line: None
) -> list[Path]:
    """Return the verified jars on this machine; fetch those that are missing or not as locked.

    Raises:
        JarsUnavailableError: a jar cannot be fetched, or is still not what the lock says.
    """
    wanted = read_lock() if jars is None else jars
    place = cache or _cache()
    with ThreadPoolExecutor(FETCHERS) as pool:
        good = pool.map(lambda jar: _is_as_locked(place / jar.path, jar), wanted)
        missing = [jar for jar, is_good in zip(wanted, good, strict=True) if not is_good]
        if missing:
            _fetch_all(missing, place, pool, progress)
    return [place / jar.path for jar in wanted]


def _fetch_all(missing: Sequence[Jar], cache: Path, pool: Executor, progress: Callable[[str], None]) -> None:
    what = "Apache Kafka" if missing[0].lock == LOCK.name else "libraries for pages"
    progress(f"Fetching {len(missing)} jars of {what}.")
    with warnings.catch_warnings():
        # jgo leaves its HTTP responses to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            for count, jar in enumerate(pool.map(lambda jar: _fetch(jar, cache), missing), 1):
                if count % 10 == 0 or count == len(missing):
                    progress(f"  {count} of {len(missing)}: {jar.artifact}")
        finally:
            gc.collect()


def _is_as_locked(path: Path, jar: Jar) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except OSError:
        return False


def _cache() -> Path:
    """The user's Maven cache, or one in the temporary folder where there is no home to write to."""
    from jgo.config import GlobalSettings

    cache = Path(GlobalSettings.load().repo_cache)
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        cache = Path(tempfile.gettempdir()) / f"plaudit-jars-{os.getuid()}"
        cache.mkdir(mode=0o700, exist_ok=True)
    return cache


def _fetch(jar: Jar, cache: Path) -> Jar:
    # Imported late: with all caches warm, jgo's network half (0.3 s to import) is not needed.
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext
    from jgo.maven._core import DEFAULT_REMOTE_REPOS

    target = cache / jar.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".plaudit-", dir=cache) as folder:
        own = GlobalSettings.load().repositories
        usual = {name: address for name, address in DEFAULT_REMOTE_REPOS.items() if name not in own}
        context = MavenContext(repo_cache=Path(folder), remote_repos=own | usual, timeout=FETCH_TIMEOUT_SECONDS)
        try:
            fetched = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        except Exception as error:
            # jgo raises whatever its HTTP library or its own parsing raises; its texts name hosts.
            raise JarsUnavailableError(
                f"The jar {jar} cannot be fetched ({type(error).__name__}): check the network, or the Maven "
                "repository in jgo's settings, then start again"
            ) from error
        if not _is_as_locked(fetched, jar):
            raise JarsUnavailableError(
                f"The jar {jar} that was fetched is not the one that {jar.lock} locks: do not use it; "
                "check which repository jgo's settings name"
            )
        fetched.replace(target)
    return jar


def write_locks() -> int:
    """Resolve all jars anew and write the locks; returns how many jars they name."""
    kafka = _resolved(KAFKA, LOG_BINDING)
    LOCK.write_text("# Apache Kafka and what it needs to run; renewed by `make lock`.\n" + "".join(kafka))
    pages = [line for library in PAGE_LIBRARIES for line in _resolved(library)]
    PAGES_LOCK.write_text("# Libraries that pages use, as WebJars; renewed by `make lock`.\n" + "".join(pages))
    return len(kafka) + len(pages)


def _resolved(*coordinates: str) -> list[str]:
    """Return the lines of a lock for these artifacts and what they need."""
    with tempfile.TemporaryDirectory(prefix="plaudit-lock-") as folder:
        wanted = ", ".join(f'"{coordinate}"' for coordinate in coordinates)
        (Path(folder) / "jgo.toml").write_text(
            f'[environment]\nname = "jars"\n\n[dependencies]\ncoordinates = [{wanted}]\n'
        )
        jgo = shutil.which("jgo", path=str(Path(sys.executable).parent))
        assert jgo is not None, "jgo[cli] is in the lock of the Python packages"
        subprocess.run([jgo, "--quiet", "--resolver", "python", "lock"], check=True, cwd=folder)
        entries = tomllib.loads((Path(folder) / "jgo.lock.toml").read_text())["dependencies"]
    return [f"{e['groupId']}:{e['artifactId']}:{e['version']} sha256:{e['sha256']}\n" for e in entries]
