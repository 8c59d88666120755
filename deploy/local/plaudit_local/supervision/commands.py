"""The commands besides `up`: down, status, clean, servers."""

import os
import shutil
import signal
import threading
from pathlib import Path
from urllib.parse import urlsplit

from plaudit_local.servers import caddy, kafka, postgres
from plaudit_local.servers.account import can_reach, unprivileged_account
from plaudit_local.servers.locks import holder, wait_released
from plaudit_local.supervision.endpoints import as_text
from plaudit_local.supervision.layout import Layout, read_json
from plaudit_local.supervision.plan import Plan
from plaudit_local.supervision.readiness import answers_ready
from plaudit_local.supervision.sign_in import fresh_link

STOP_SECONDS = 60.0
KILLED_SECONDS = 40.0


def down(layout: Layout) -> int:
    """Stop the running product and wait until no process of it is left; return the exit code."""
    pid = holder(layout.supervisor_lock)
    if pid is None and holder(layout.processes_lock) is None:
        print("Plaudit is not running.")
        return 0
    if pid:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        except PermissionError:
            print(f"Plaudit was started by another user (process {pid}): run make down as that user.")
            return 1
    if not wait_released(layout.supervisor_lock, STOP_SECONDS) and pid:
        # Its guards stop its processes when it is gone.
        os.kill(pid, signal.SIGKILL)
    if not wait_released(layout.processes_lock, KILLED_SECONDS):
        print(f"A process does not end: see {layout.folder / 'logs'}")
        return 1
    print("Plaudit is stopped.")
    return 0


def status(layout: Layout, plan: Plan) -> int:
    """Say whether the product runs, where, and which parts are ready, with a link to sign in; return the exit code."""
    pid = holder(layout.supervisor_lock)
    if pid is None:
        print("Plaudit is not running; make up starts it.")
        return 0
    found = read_json(layout.endpoints)
    if not found:
        print(f"Plaudit is being started or stopped (process {pid}).")
        return 0
    print(f"Plaudit is running (process {pid}).\n{as_text(found, plan, layout, fresh_link(plan, found))}\n")
    checks = {caddy.NAME: ("address", caddy.answers)}
    checks |= {service.name: (service.endpoint, answers_ready) for service in (*plan.services, plan.mailbox)}
    for name, (endpoint, is_ready) in checks.items():
        port = urlsplit(str(found.get(endpoint, ""))).port
        print(f"  {name:<22} {'ready' if port and is_ready(port) else 'not ready'}")
    return 0


def clean(layout: Layout) -> int:
    """Stop the product and delete all its data; return the exit code."""
    code = down(layout)
    if code == 0:
        for folder in _folders(layout):
            shutil.rmtree(folder)
            print(f"Deleted {folder}.")
    return code


def _folders(layout: Layout) -> list[Path]:
    """Return all our folders on this machine, except for the environment of Python packages."""
    folders = [layout.folder]
    if layout.postgres_place.exists():
        folders.append(Path(layout.postgres_place.read_text().strip()).parent)
    if not can_reach(unprivileged_account(), postgres.wheel_folder()):
        folders.append(postgres.copy_folder())
    return [folder for folder in folders if folder.exists()]


def servers(folder: Path) -> int:
    """PostgreSQL and Kafka alone, in the foreground until a signal comes; return the exit code."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())
    folder.mkdir(parents=True, exist_ok=True)
    database = postgres.prepare(folder.absolute() / "postgres")
    broker = kafka.prepare(folder.absolute() / "kafka", progress=print)
    try:
        database.launch()
        broker.launch()
        database.wait_ready()
        broker.wait_ready()
        print(f"PLAUDIT_DATABASE_URL={database.dsn}\nPLAUDIT_KAFKA_BOOTSTRAP_SERVERS={broker.address}", flush=True)
        stop.wait()
    finally:
        broker.stop()
        database.stop()
    return 0
