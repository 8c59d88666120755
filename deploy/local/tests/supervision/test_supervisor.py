"""The whole life of `make up`, with real servers and small real processes in the place of the services."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from plaudit_local.servers import kafka_probe
from plaudit_local.servers.locks import holder
from plaudit_local.servers.ports import free_port, release
from plaudit_local.servers.postgres import run_sql
from plaudit_local.servers.process import GuardedProcess, Spec, wait_until
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.servers import KafkaServer, PostgresServer, temporary_folder

STAND_INS = Path(__file__).with_name("stand_ins")


def pids_of(folder: Path) -> dict[int, str]:
    """All processes that were started for this folder, however far down: pid → command line."""
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
                if os.fsencode(folder) in text:
                    found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
    return found


class Up:
    """A running `up` of stand-ins."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.ports = [free_port(), free_port()]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")},
            "PLAUDIT_LOCAL": str(folder),
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for port in self.ports:
            release(port)
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(STAND_INS / "up.py"), *map(str, self.ports), *options],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def verb(self, name: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "plaudit_local", name],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=True,
        )
        return done.stdout

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def wait_for(self, text: str, times: int = 1) -> None:
        def is_said() -> bool:
            return self.output().count(text) >= times

        wait_until(lambda: is_said() or self.process.poll() is not None, DEADLINE_SECONDS)
        assert is_said(), f"{text!r} was not said {times} times:\n{self.output()}"

    def wait_until_played(self) -> None:
        self.wait_for("The demo story has been played. It was lovely.")

    def exit_code(self) -> int:
        return self.process.wait(DEADLINE_SECONDS)

    def endpoints(self) -> dict[str, str]:
        return json.loads((self.folder / "endpoints.json").read_text())

    def steps(self) -> list[str]:
        return (self.folder / "steps").read_text().splitlines()

    def pid_of(self, name: str) -> int:
        lines = (self.folder / "logs" / f"{name}.log").read_text().splitlines()
        return int([line.split()[1] for line in lines if line.startswith("started")][-1])

    def clear(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(DEADLINE_SECONDS)
        assert pids_of(self.folder) == {}


@pytest.fixture
def up(tmp_path, postgres_server: PostgresServer, kafka_server: KafkaServer, database_url: str):
    """Over the servers of the test run, so that only what is tested is started."""
    running = Up(tmp_path / "local", {"DATABASE_URL": database_url, "KAFKA_BOOTSTRAP_SERVERS": kafka_server.bootstrap})
    yield running
    running.clear()


@pytest.fixture
def up_alone():
    """With servers of its own, in a folder that PostgreSQL's account can reach."""
    with temporary_folder("plaudit-test-up-") as folder:
        running = Up(folder / "an odd place's – nämlich hier", {})
        running.environment.pop("DATABASE_URL", None)
        running.environment.pop("KAFKA_BOOTSTRAP_SERVERS", None)
        yield running
        running.clear()


def test_up_prepares_starts_and_says_where_everything_is(up, database_url, kafka_server):
    up.start()
    up.wait_until_played()
    found = up.endpoints()
    assert [urlsplit(found[name]).port for name in ("one", "two")] == up.ports
    assert found["api_key"] == "the-development-key"
    assert (found["database_url"], found["kafka"]) == (database_url, kafka_server.bootstrap)
    assert found["mailbox"].startswith("http://127.0.0.1:")
    assert next(iter(found)) == "address"
    shown = up.output()[up.output().index("Plaudit is ready") :].splitlines()
    assert shown[1].split() == ["Plaudit", found["address"]]
    for title, path in (("console", "/console"), ("public board", "/"), ("API reference", "/docs")):
        assert f"  {title:<22} {found['address']}{path}" in shown
    assert f"  {'own ports':<22} one {up.ports[0]}, two {up.ports[1]}" in shown
    assert stat.S_IMODE((up.folder / "endpoints.json").stat().st_mode) == 0o600
    assert sorted(up.steps()[:-1]) == ["board", "key", "link", "migrate one", "topics"]
    assert up.steps().index("migrate one") < up.steps().index("key")
    assert up.steps()[-1] == "demo"
    for text in (found["mailbox"], "the-development-key", "endpoints.json"):
        assert text in up.output()


def links(output: str) -> list[str]:
    """The links to sign in that were printed."""
    return re.findall(r"^  sign in +(\S+)$", output, re.MULTILINE)


def test_a_link_to_sign_in_at_the_one_address_is_printed_and_in_no_file(up):
    up.start()
    up.wait_until_played()
    (link,) = links(up.output())
    assert link.startswith(f"{up.endpoints()['address']}/link/")
    files = [path for path in up.folder.rglob("*") if path.is_file() and path.name != "output"]
    assert [path for path in files if link.encode() in path.read_bytes()] == []


def test_a_second_up_prints_a_link_of_its_own(up):
    up.start()
    up.wait_until_played()
    second = Up(up.folder, up.environment)
    second.folder = up.folder / "second"
    second.start()
    assert second.exit_code() == 0
    (link,) = links(second.output())
    assert link.startswith(f"{up.endpoints()['address']}/link/")
    assert link not in links(up.output())


def test_without_a_link_it_starts_and_says_why_there_is_none(up):
    up.start("--no-link")
    up.wait_until_played()
    assert links(up.output()) == []
    assert "There is no link to sign in with; the development key signs in too: make a link failed" in up.output()
    assert "ends: no such admin" in up.output()


@pytest.mark.parametrize("given", ["", "https://plaudit.example.com"])
def test_services_know_the_one_address_as_theirs_unless_another_one_is_given(up, given):
    if given:
        up.environment["PLAUDIT_PUBLIC_URL"] = given
    up.start()
    up.wait_until_played()
    expected = given or up.endpoints()["address"]
    for name in ("one", "two"):
        assert f"public {expected}\n" in (up.folder / "logs" / f"{name}.log").read_text()
    assert links(up.output())[0].startswith(f"{expected}/link/")


def doors(up: Up) -> list[int]:
    return [pid for pid, line in pids_of(up.folder).items() if "Caddyfile" in line and "guard.py" not in line]


def asked(address: str) -> tuple[int, dict[str, str]]:
    """What the front door answers at a path of nobody; (0, {}) when nothing listens."""
    try:
        urlopen(f"{address}/nobody", timeout=DEADLINE_SECONDS)
    except HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, {}
    raise AssertionError("the path of nobody is somebody's")


def test_a_killed_front_door_is_started_again_at_its_address_and_the_services_are_left_alone(up):
    up.start()
    up.wait_until_played()
    address, services = up.endpoints()["address"], [up.pid_of("one"), up.pid_of("two")]
    (door,) = doors(up)
    os.kill(door, signal.SIGKILL)
    up.wait_for("front door ended with code 137; it is started again at once (restart 1)")
    up.wait_for("front door is ready.")
    assert asked(address)[1]["type"] == "/problems#not-found"
    assert [up.pid_of("one"), up.pid_of("two")] == services
    assert "front door             ready" in up.verb("status")


def test_the_front_door_answers_while_the_rest_still_comes_up(up):
    up.start("--never-ready")
    assert wait_until(lambda: doors(up) != [], DEADLINE_SECONDS)
    environment = (Path("/proc") / str(doors(up)[0]) / "environ").read_bytes().split(b"\0")
    (site,) = [line.decode() for line in environment if line.startswith(b"PLAUDIT_SITE_ADDRESS=")]
    address = f"http://127.0.0.1:{site.rpartition(':')[2]}"
    assert wait_until(lambda: asked(address)[0] == 404, DEADLINE_SECONDS)
    assert not (up.folder / "endpoints.json").exists()


def test_the_next_start_makes_no_second_key_and_plays_no_second_demo(up):
    for _ in range(2):
        up.start()
        up.wait_for("Plaudit is ready")
        assert wait_until(lambda: "demo" in up.steps(), DEADLINE_SECONDS)
        up.verb("down")
        assert up.exit_code() == 0
    assert up.steps().count("migrate one") == 2
    assert up.steps().count("link") == 2
    for step in ("key", "board", "demo"):
        assert up.steps().count(step) == 1


def test_down_from_elsewhere_leaves_no_process(up):
    up.start()
    up.wait_until_played()
    assert len(pids_of(up.folder)) >= 9  # the supervisor, and four programs with a guard each
    assert up.verb("down") == "Plaudit is stopped.\n"
    assert pids_of(up.folder) == {}
    assert up.exit_code() == 0
    assert "left gracefully" in (up.folder / "logs" / "one.log").read_text()
    assert not (up.folder / "endpoints.json").exists()
    assert up.verb("down") == "Plaudit is not running.\n"
    assert up.verb("status") == "Plaudit is not running; make up starts it.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(up, number):
    up.start()
    up.wait_for("Plaudit is ready")
    up.process.send_signal(number)
    assert up.exit_code() == 0
    assert pids_of(up.folder) == {}
    assert up.output().endswith("Plaudit is stopped.\n")


def test_a_killed_supervisor_takes_its_processes_along_and_the_next_start_works(up):
    up.start()
    up.wait_until_played()
    up.process.kill()
    up.exit_code()
    assert wait_until(lambda: pids_of(up.folder) == {}, DEADLINE_SECONDS)
    assert (up.folder / "supervisor.lock").read_text().strip() == str(up.process.pid)
    assert holder(up.folder / "supervisor.lock") is None
    up.start()
    up.wait_for("Plaudit is ready")


def test_down_after_a_killed_supervisor_waits_for_what_is_left(up):
    up.start()
    up.wait_until_played()
    up.process.kill()
    up.exit_code()
    assert up.verb("down") in {"Plaudit is stopped.\n", "Plaudit is not running.\n"}
    assert pids_of(up.folder) == {}


def test_a_second_up_says_that_it_runs_and_where(up):
    up.start()
    up.wait_until_played()
    second = Up(up.folder, up.environment)
    second.folder = up.folder / "second"
    second.start()
    assert second.exit_code() == 0
    assert f"Plaudit is running already (process {up.process.pid})" in second.output()
    assert f"one {up.ports[0]}," in second.output()
    assert up.process.poll() is None
    assert f"Plaudit is running (process {up.process.pid})" in up.verb("status")


def test_a_ready_service_that_is_killed_five_times_is_started_at_once_each_time_and_the_others_are_left_alone(up):
    up.start()
    up.wait_until_played()
    other = up.pid_of("two")
    for number in range(1, 6):
        killed = up.pid_of("one")
        os.kill(killed, signal.SIGKILL)
        up.wait_for(f"one ended with code 137; it is started again at once (restart {number})")
        up.wait_for("one is ready.", times=number)
        assert up.pid_of("one") != killed
    assert up.pid_of("two") == other


def test_a_service_that_cannot_be_started_again_is_tried_until_it_can_and_the_others_are_left_alone(up):
    up.start()
    up.wait_until_played()
    other, log = up.pid_of("two"), up.folder / "logs" / "one.log"
    killed = up.pid_of("one")
    log.unlink()
    log.mkdir()
    os.kill(killed, signal.SIGKILL)
    up.wait_for("one could not be started")
    log.rmdir()
    up.wait_for("one is ready.")
    assert up.pid_of("two") == other


def test_a_service_that_ends_before_it_is_ready_waits_longer_each_time(up):
    up.start()
    up.wait_until_played()
    broken = up.folder / "two-is-broken"
    broken.touch()
    os.kill(up.pid_of("two"), signal.SIGKILL)
    up.wait_for("two ended with code 137; it is started again at once (restart 1)")
    for number, delay in enumerate(("0.5", "1", "2"), 2):
        up.wait_for(f"two ended with code 1; it is started again in {delay} s (restart {number})")
    broken.unlink()
    up.wait_for("two is ready.")


def test_a_busy_port_is_said_and_another_one_taken(up):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", up.ports[0]))
        squatter.listen()
        up.start()
        up.wait_for("Plaudit is ready")
        port = urlsplit(up.endpoints()["one"]).port
    assert port != up.ports[0]
    assert f"Port {up.ports[0]} is taken: one uses {port}." in up.output()


def test_two_that_start_at_once_do_not_take_the_same_port(up, tmp_path):
    other = Up(tmp_path / "other", up.environment | {"PLAUDIT_LOCAL": str(tmp_path / "other")})
    other.ports = up.ports
    up.start()
    other.start()
    try:
        for running in (up, other):
            running.wait_for("Plaudit is ready")
        ports = [urlsplit(running.endpoints()[name]).port for running in (up, other) for name in ("one", "two")]
        assert len(set(ports)) == 4
    finally:
        other.clear()


def test_a_step_that_fails_is_one_sentence_with_its_last_words(up):
    up.start("--broken")
    assert up.exit_code() == 1
    last = up.output().strip().splitlines()[-1]
    assert last.startswith("Plaudit did not start: migrate one failed")
    assert last.endswith("ends: the schema is crooked")
    assert pids_of(up.folder) == {}


def test_it_can_be_stopped_while_it_still_comes_up(up):
    up.start("--never-ready")
    assert wait_until((up.folder / "logs" / "two.log").exists, DEADLINE_SECONDS)
    up.process.send_signal(signal.SIGINT)
    assert up.exit_code() == 0
    assert pids_of(up.folder) == {}


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("DATABASE_URL", "postgresql://u:secret@127.0.0.1:{port}/d", "Nothing answers at 127.0.0.1:{port}"),
        ("DATABASE_URL", "mysql://u:secret@127.0.0.1:{port}/d", "must begin with postgresql://"),
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:{port}", "Nothing answers at 127.0.0.1:{port}"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost", "must be a list of host:port"),
    ],
)
def test_an_existing_server_that_cannot_be_used_is_one_sentence_without_its_password(up, variable, value, sentence):
    port = free_port()
    up.environment[variable] = value.format(port=port)
    up.start()
    assert up.exit_code() == 1
    assert sentence.format(port=port) in up.output()
    assert variable in up.output()
    assert "secret" not in up.output()
    assert pids_of(up.folder) == {}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks processes up in /proc")
def test_with_servers_of_its_own_data_outlives_a_stop_and_killed_servers_come_back(up_alone):
    up = up_alone
    up.start()
    up.wait_until_played()
    found = up.endpoints()
    run_sql(found["database_url"], "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (42)")
    host, port = found["kafka"].split(":")
    commands = {"PostgreSQL": "postgres -D", "Kafka": "kafka.Kafka"}
    for pid, line in pids_of(up.folder).items():
        if any(command in line for command in commands.values()) and "guard.py" not in line:
            os.kill(pid, signal.SIGKILL)
    for name in commands:
        up.wait_for(f"{name} ended with code 137")
        up.wait_for(f"{name} is ready", times=2)
    assert run_sql(found["database_url"], "SELECT id FROM kept").strip() == "42"
    assert kafka_probe.ask(host, int(port)).live_brokers == 1
    assert up.verb("down") == "Plaudit is stopped.\n"
    assert up.exit_code() == 0
    up.start()
    up.wait_for("Plaudit is ready")
    assert run_sql(up.endpoints()["database_url"], "SELECT id FROM kept").strip() == "42"
    assert up.steps().count("key") == 1
    assert up.steps().count("demo") == 1
    assert f"Deleted {up.folder}." in up.verb("clean")
    assert up.exit_code() == 0
    assert not up.folder.exists()


def test_servers_alone_run_until_a_signal_comes(up_alone):
    command = [sys.executable, "-m", "plaudit_local", "servers", "--dir", str(up_alone.folder)]
    spec = Spec("servers", command, up_alone.folder / "log", environment=up_alone.environment)
    process = GuardedProcess(spec)

    def said() -> dict[str, str]:
        lines = spec.log.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line.startswith("PLAUDIT_"))

    try:
        process.wait_ready(lambda: len(said()) == 2, DEADLINE_SECONDS)
        process.signal(signal.SIGTERM)
        assert wait_until(lambda: process.exit_code() == 0, DEADLINE_SECONDS)
    finally:
        process.stop()
    assert urlsplit(said()["PLAUDIT_DATABASE_URL"]).path == "/plaudit"
    assert said()["PLAUDIT_KAFKA_BOOTSTRAP_SERVERS"].startswith("127.0.0.1:")
    assert pids_of(up_alone.folder) == {}
