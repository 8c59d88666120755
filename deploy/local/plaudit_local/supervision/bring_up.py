"""Starts the product in order: the front door, servers, schemas, topics, services."""

import os
import signal
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from plaudit_local.servers import caddy
from plaudit_local.servers.ports import LOOPBACK, free_port
from plaudit_local.servers.process import ProcessFailedError, Spec, plain_environment, wait_until
from plaudit_local.supervision import data_servers
from plaudit_local.supervision.data_servers import DataServer
from plaudit_local.supervision.endpoints import Endpoints, base_url, store_key, stored_key
from plaudit_local.supervision.layout import Layout
from plaudit_local.supervision.plan import BOARD_NAME, OWNER_EMAIL, PARTITIONS, SMTP_PORT, Plan, Service, Step
from plaudit_local.supervision.process_registry import ProcessRegistry
from plaudit_local.supervision.readiness import answers_ready
from plaudit_local.supervision.supervised_program import SupervisedProgram

READY_SECONDS = 120.0
STEP_SECONDS = 120.0
DEMO_SECONDS = 300.0
SERVICE_GRACE_SECONDS = 10.0
SHUTDOWN_TIMEOUT_SECONDS = 8  # inside the grace
MAILBOX_STAGE = 1
SMTP = "SMTP"
INGEST = "ingest"
"""The service that the others ask for addresses of customers."""


class BringUp:
    """Starts the parts of the product, and adds each to `programs`, which others may watch meanwhile."""

    def __init__(self, layout: Layout, plan: Plan, registry: ProcessRegistry, say: Callable[[str], None]) -> None:
        self.programs: list[SupervisedProgram] = []
        self.sign_in_link: str | None = None
        self._layout = layout
        self._plan = plan
        self._registry = registry
        self._say = say
        self._ports: dict[str, int] = {}
        self._environment: Mapping[str, str] = {}
        self._identity = ""

    def run(self) -> Endpoints:
        """Start everything; return where it is.

        Raises:
            ProcessFailedError: a part failed; the text is one sentence about it.
            JarsUnavailableError: a jar of Kafka is neither here nor to be fetched.
            StoppedError: the product is being stopped.
        """
        self._say(f"Starting; data and logs are in {self._layout.folder}.")
        self._start_door()
        with ThreadPoolExecutor(2) as pool:
            launching = pool.submit(data_servers.database, self._layout, self._registry.start, self._say)
            broker = data_servers.broker(self._layout, self._registry.start, self._say)
            database = launching.result()
            self._identity = database.identity
            self._watch(database, broker)
            self._environment = self._settings(database, broker)
            self._start(self._plan.mailbox, stop_stage=MAILBOX_STAGE)
            preparing = pool.submit(self._prepare_database, database)
            fetching = pool.submit(self._fetch_page_assets)
            self._prepare_broker(broker)
            key = preparing.result()
            fetching.result()
        for service in self._plan.services:
            self._start(service)
        for program in self.programs:
            program.wait_ready(READY_SECONDS)
        return Endpoints(
            address=base_url(self._ports[caddy.NAME]),
            services={s.endpoint: base_url(self._ports[s.name]) for s in (*self._plan.services, self._plan.mailbox)},
            api_key=key,
            database_url=database.address,
            kafka=broker.address,
            smtp=f"{LOOPBACK}:{self._ports[SMTP]}",
        )

    def play_demo(self) -> None:
        """Play the demo story into this database, once; report a failure and go on."""
        demo, played = self._plan.demo, self._layout.demo_played
        if demo is None or self._is_demo_played():
            return
        try:
            outcome = self._run(demo, DEMO_SECONDS).strip()
        except ProcessFailedError as error:
            self._say(f"The demo story was not played to its end: {error}")
            return
        played.write_text(f"{self._identity}\n")
        self._say(f"The demo story has been played. {outcome}".strip())

    def _is_demo_played(self) -> bool:
        played = self._layout.demo_played
        return played.exists() and played.read_text().strip() == self._identity

    def _watch(self, *servers: DataServer) -> None:
        for used in servers:
            server = used.server
            if server is None:
                self._say(f"Using {used.name} at {used.shown}.")
                continue
            self.programs.append(
                SupervisedProgram(used.name, used.shown, server.launch, server.is_ready, self._say, server.process)
            )

    def _prepare_database(self, database: DataServer) -> str:
        if database.server is not None:
            database.server.wait_ready()
            self._say(f"{database.name} is ready on {database.shown}.")
        for step in filter(None, (self._plan.vault_key, *self._plan.migrations)):
            self._run(step)
        self._say("Schemas are migrated.")
        key = stored_key(self._layout, self._identity)
        if key is None:
            key = self._run(self._plan.key).strip()
            if not key:
                raise ProcessFailedError(f"{self._plan.key.name}: it printed no key")
            store_key(self._layout, self._identity, key)
        if self._plan.public_board is not None and not self._is_demo_played():
            self._run(self._plan.public_board)
        self.sign_in_link = self._new_link()
        return key

    def _new_link(self) -> str | None:
        """Return a link that signs in once. It is printed only: a file would outlive its use."""
        if self._plan.sign_in is None:
            return None
        try:
            return self._run(self._plan.sign_in).strip() or None
        except ProcessFailedError as error:
            self._say(f"There is no link to sign in with; the development key signs in too: {error}")
            return None

    def _fetch_page_assets(self) -> None:
        self._layout.page_assets.mkdir(exist_ok=True)
        if self._plan.page_assets is None:
            return
        try:
            self._run(self._plan.page_assets)
        except ProcessFailedError as error:
            self._say(f"Pages do without libraries: {error}")

    def _prepare_broker(self, broker: DataServer) -> None:
        if broker.server is not None:
            broker.server.wait_ready()
            self._say(f"{broker.name} is ready on {broker.shown}.")
        self._run(self._plan.topics)
        self._say("Topics are made.")

    def _settings(self, database: DataServer, broker: DataServer) -> Mapping[str, str]:
        defaults = {
            "PLAUDIT_PARTITIONS": str(PARTITIONS),
            "PLAUDIT_OWNER_EMAIL": OWNER_EMAIL,
            "PLAUDIT_BOARD_NAME": BOARD_NAME,
            "PLAUDIT_PUBLIC_URL": base_url(self._ports[caddy.NAME]),
            "PLAUDIT_LOG_FORMAT": "json",
            "PLAUDIT_VAULT_KEY_FILE": str(self._layout.vault_keys),
        }
        if INGEST in self._ports:
            defaults["PLAUDIT_INGEST_URL"] = base_url(self._ports[INGEST])
        given = _given("PLAUDIT_")
        required = {
            "PLAUDIT_DATABASE_URL": database.address,
            "PLAUDIT_KAFKA_BOOTSTRAP_SERVERS": broker.address,
            "PLAUDIT_HTTP_HOST": LOOPBACK,
            "PLAUDIT_TRUSTED_PROXIES": " ".join([LOOPBACK, given.get("PLAUDIT_TRUSTED_PROXIES", "")]).strip(),
            "PLAUDIT_SMTP_HOST": LOOPBACK,
            "PLAUDIT_SMTP_PORT": str(self._port(SMTP, SMTP_PORT)),
            "PLAUDIT_SHUTDOWN_TIMEOUT_SECONDS": str(SHUTDOWN_TIMEOUT_SECONDS),
            "PLAUDIT_PAGE_ASSETS": str(self._layout.page_assets),
            "PLAUDIT_LOCAL": str(self._layout.folder),
        }
        return plain_environment(**{**defaults, **given, **required})

    def _port(self, name: str, preferred: int) -> int:
        if name not in self._ports:
            self._ports[name] = free_port(preferred, taken=self._ports.values())
            if self._ports[name] != preferred:
                self._say(f"Port {preferred} is taken: {name} uses {self._ports[name]}.")
        return self._ports[name]

    def _start_door(self) -> None:
        """Start the front door before what it leads to: until a service runs, it says that it does not."""
        port = self._port(caddy.NAME, self._plan.door_port)
        ports = {each.name: self._port(each.name, each.preferred_port) for each in self._plan.services}
        spec = caddy.front_door(
            port=port,
            services={name: f"{LOOPBACK}:{each}" for name, each in ports.items()},
            folder=self._layout.caddy,
            log=self._layout.log("front-door"),
            **_given("PLAUDIT_DOOR_TRUSTED_PROXIES", "PLAUDIT_DOOR_MAX_BODY", "PLAUDIT_DOOR_MAX_FILE"),
        )
        self._supervise(spec, base_url(port), lambda: caddy.answers(port))

    def _start(self, service: Service, stop_stage: int = 0) -> None:
        port = self._port(service.name, service.preferred_port)
        spec = Spec(
            name=service.name,
            command=service.command,
            log=self._layout.log(service.name),
            environment={**self._environment, "PLAUDIT_HTTP_PORT": str(port)},
            death_signal=signal.SIGTERM,
            grace_seconds=SERVICE_GRACE_SECONDS,
            stop_stage=stop_stage,
        )
        self._supervise(spec, base_url(port), lambda: answers_ready(port))

    def _supervise(self, spec: Spec, address: str, is_ready: Callable[[], bool]) -> None:
        """Start a process, and keep it running."""
        self.programs.append(
            SupervisedProgram(
                name=spec.name,
                address=address,
                launch=lambda: self._registry.start(spec),
                is_ready=is_ready,
                say=self._say,
                process=self._registry.start(spec),
            )
        )

    def _run(self, step: Step, deadline_seconds: float = STEP_SECONDS) -> str:
        """Run a step to its end; return what it printed."""
        log = self._layout.log(step.name.replace(" ", "-"))
        spec = Spec(step.name, step.command, log, environment=self._environment, death_signal=signal.SIGTERM)
        with tempfile.TemporaryFile() as output:
            process = self._registry.start(spec, output)
            if not wait_until(lambda: not process.running, deadline_seconds):
                process.stop()
                raise ProcessFailedError(f"{step.name} took longer than {deadline_seconds:.0f} s; its log: {log}")
            if process.exit_code():
                raise ProcessFailedError(f"{step.name} failed; its log {log} ends: {process.last_line()}")
            output.seek(0)
            return output.read().decode()


def _given(*prefixes: str) -> dict[str, str]:
    """Return the variables of our own environment that begin so."""
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
