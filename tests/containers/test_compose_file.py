"""The rules that docker-compose.yml, the Dockerfile and what they use keep; no container engine is needed."""

import http.server
import json
import re
import subprocess
import sys
import threading
from pathlib import Path, PurePath
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from plaudit.alerting.main import SERVICE as ALERTING
from plaudit.common.kafka.dead_letters import count_none_yet
from plaudit.common.observability.metrics import exposition
from plaudit.common.process import Resources, Service
from plaudit.common.settings import Settings
from plaudit.feedback_board.main import SERVICE as FEEDBACK_BOARD
from plaudit.ingest.main import SERVICE as INGEST
from plaudit.scoring.main import SERVICE as SCORING
from plaudit_local.servers.caddy import CADDYFILE
from plaudit_testing.operations import NO_DATABASE

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
PROMETHEUS = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
OURS = {service.name: service for service in (INGEST, SCORING, ALERTING, FEEDBACK_BOARD)}
ONCE = {"migrate", "topics", "vault-key", "demo"}
PART = re.compile(r"-(consume|relay|jobs)$")
VARIABLE = re.compile(r"\$\{(PLAUDIT_[A-Z_]+)(?::([-?])((?:[^{}]|\$\{[^{}]*\})*))?\}")

every_service = pytest.mark.parametrize("name", SERVICES)


def megabytes(limit: str) -> int:
    number, unit = int(limit[:-1]), limit[-1]
    return number * {"m": 1, "g": 1024}[unit]


@every_service
def test_nothing_but_the_front_door_is_published_and_that_on_loopback(name: str) -> None:
    published = SERVICES[name].get("ports", [])
    assert published == (["127.0.0.1:${PLAUDIT_DOOR_PORT:-8000}:8000"] if name == "door" else [])
    assert "network_mode" not in SERVICES[name]


@every_service
def test_every_container_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys()
    assert 64 <= megabytes(service["mem_limit"]) <= 1024
    assert 64 <= service["pids_limit"] <= 512
    assert all("docker.sock" not in volume for volume in service.get("volumes", []))
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@every_service
def test_no_container_runs_as_root(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert "user" not in service
        (user,) = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
        assert int(user) > 0
    else:
        assert int(service["user"].partition(":")[0]) > 0


@every_service
def test_every_container_that_stays_says_whether_it_is_healthy_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    if name in ONCE:
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
        return
    assert service["restart"] == "unless-stopped"
    if "build" in service:
        assert "healthcheck" not in service, "the image says it"
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


def test_our_images_say_whether_they_are_healthy() -> None:
    for stage in ("door", "product"):
        assert re.search(r"^HEALTHCHECK --interval", stages()[stage], re.MULTILINE), stage


@every_service
def test_what_a_container_depends_on_has_a_condition(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        assert wanted["condition"] == ("service_completed_successfully" if other in ONCE else "service_healthy")


@every_service
def test_our_images_are_built_and_those_of_others_have_a_version(name: str) -> None:
    if "build" in SERVICES[name]:
        assert SERVICES[name]["pull_policy"] == "never", "a registry may have an image of somebody else under this name"
    else:
        assert re.fullmatch(r"[a-z/]+:v?\d[\d.]*", SERVICES[name]["image"])


@pytest.mark.parametrize("name", OURS)
def test_services_start_after_schemas_and_topics(name: str) -> None:
    assert SERVICES[name]["depends_on"].keys() == {"migrate", "topics"}
    assert SERVICES["door"]["depends_on"].keys() == OURS.keys()


def test_only_what_needs_the_database_and_the_broker_reaches_them() -> None:
    assert COMPOSE["networks"]["data"] == {"internal": True}
    for name in ("postgres", "kafka"):
        assert SERVICES[name]["networks"] == ["data"]
    for name in ("door", "mailbox", "prometheus", "grafana"):
        assert "data" not in SERVICES[name]["networks"]


def test_the_services_believe_the_door_and_nobody_else() -> None:
    address = SERVICES["door"]["networks"]["door"]["ipv4_address"]
    assert COMPOSE["x-settings"]["PLAUDIT_TRUSTED_PROXIES"] == address
    (network,) = COMPOSE["networks"]["door"]["ipam"]["config"]
    prefix = address.removesuffix(".2")
    assert network == {"subnet": f"{prefix}.0/24", "gateway": f"{prefix}.1", "ip_range": f"{prefix}.128/25"}


def test_the_door_knows_where_each_service_is() -> None:
    wanted = set(re.findall(r"PLAUDIT_[A-Z_]+_ADDRESS(?=:127)", CADDYFILE.read_text()))
    told = {
        f"PLAUDIT_{name.replace('-', '_').upper()}_ADDRESS": f"{name}:8000"
        for name in OURS  # each answers on the port that its image sets
    }
    assert told.keys() == wanted
    assert told.items() <= SERVICES["door"]["environment"].items()


def parts_of(service: Service[Any]) -> set[str]:
    """What the service does beside its API, as its composition root says."""
    settings = service.settings.model_validate(NO_DATABASE)
    built = service.build(Resources(settings, service.name))
    found = {"consume"} if built.subscriptions else set()
    found |= {"relay"} if service.has_outbox else set()
    return found | ({"jobs"} if any(not job.with_api for job in built.jobs) else set())


def groups_of(service: Service[Any]) -> set[str]:
    """The consumer groups of the service."""
    settings = service.settings.model_validate(NO_DATABASE)
    return {each.group for each in service.build(Resources(settings, service.name)).subscriptions}


@pytest.mark.parametrize("name", OURS)
def test_the_profile_split_runs_each_part_of_a_service_and_no_other(name: str) -> None:
    parts = {
        other.removeprefix(f"{name}-"): service for other, service in SERVICES.items() if PART.sub("", other) == name
    }
    main = parts.pop(name)
    module = f"plaudit.{name.replace('-', '_')}.main"
    assert main["command"] == ["python", "-m", module, "${PLAUDIT_PARTS:-all}"]
    assert "profiles" not in main
    assert parts.keys() == parts_of(OURS[name])
    for part, service in parts.items():
        assert (service["profiles"], service["command"]) == (["split"], ["python", "-m", module, part])
        assert {**service, "profiles": 0, "command": 0} == {**main, "profiles": 0, "command": 0}


def test_migrate_knows_every_service() -> None:
    *_, module, common, first, second, third, fourth = SERVICES["migrate"]["command"]
    assert (module, common) == ("plaudit.common.db.migrate", "common")
    assert {first, second, third, fourth} == OURS.keys()
    assert set(SERVICES["migrate"]["build"]["args"]["SERVICE"].split()) == OURS.keys()


def settings() -> dict[str, Any]:
    """The settings of all services, and the default of each."""
    kinds = (Settings, *(each.settings for each in OURS.values()))
    return {
        f"PLAUDIT_{name.upper()}": field.default
        for kind in reversed(kinds)
        for name, field in kind.model_fields.items()
    }


def test_every_setting_exists() -> None:
    assert COMPOSE["x-settings"].keys() <= settings().keys()


def variables() -> dict[str, str]:
    """The variables of the compose files, and the default of each."""
    found: dict[str, str] = {}
    for path in (ROOT / "docker-compose.yml", *sorted((ROOT / "deploy" / "compose").glob("*.yml"))):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        for name, operator, default in VARIABLE.findall("\n".join(lines)):
            found.setdefault(name, VARIABLE.sub(r"\3", default) if operator == "-" else "")
            found.update({inner: value for inner, _, value in VARIABLE.findall(default) if inner not in found})
    return found


def test_the_example_of_settings_has_every_variable_and_shows_defaults() -> None:
    example = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert example.pop("COMPOSE_PROFILES") == ""
    assert variables().items() <= example.items()
    of_services = {name: settings()[name] for name in example.keys() - variables().keys()}
    shown = {name: as_written(value) for name, value in of_services.items()}
    assert shown.items() <= example.items()


def as_written(value: object) -> str:
    """A default as it stands in the file of settings."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return str(value).lower()
        case tuple():
            return " ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in value)
        case None:
            return ""
    return str(value)


@pytest.mark.parametrize("name", [*OURS, "migrate", "topics", "vault-key", "demo"])
def test_what_stands_in_the_file_of_settings_reaches_every_process_of_ours(name: str) -> None:
    assert SERVICES[name]["env_file"] == [{"path": ".env", "required": False}]


def test_no_secret_is_written_down_but_defaults_that_only_containers_reach() -> None:
    secrets = {
        (name, key): str(value)
        for name, service in SERVICES.items()
        for key, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|TOKEN", key)
    }
    assert secrets
    assert all(VARIABLE.fullmatch(value) for value in secrets.values()), secrets
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in ignored


# Images.


def stages() -> dict[str, str]:
    """Stage → its instructions, those of the stages that it stands on first."""
    found: dict[str, str] = {}
    for text in re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]:
        head, _, body = text.partition("\n")
        base, _, name = head.partition(" AS ")
        found[name or "last"] = found.get(base, "") + body
    return found


@pytest.mark.parametrize("stage", ["door", "product", "demo", "last"])
def test_no_image_is_made_with_build_tools_in_it(stage: str) -> None:
    instructions = stages()[stage]
    assert not re.search(r"pip install|pip sync|apt-get|npm|curl|wget", instructions)
    assert re.search(r"^USER 10001:10001$", instructions, re.MULTILINE)
    assert "COPY . " not in instructions


def test_every_package_in_an_image_has_a_hash() -> None:
    installs = re.findall(r"pip (?:sync|install)(?:[^&]|\\\n)*", DOCKERFILE)
    assert len(installs) == 4
    for install in installs:
        assert "--require-hashes" in install or "--no-deps" in install, install


def pins(lock: str) -> dict[str, str]:
    return dict(
        re.findall(r"^([a-z0-9._-]+(?:\[[a-z,]+\])?)==(\S+)", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("lock", ["run.lock", "image.lock"])
def test_images_hold_the_versions_that_are_tested(lock: str) -> None:
    assert pins(lock)
    assert pins(lock).items() <= pins("all.lock").items()
    text = (ROOT / "requirements" / lock).read_text()
    assert text.count("==") <= text.count("--hash=")
    assert "://" not in text


def test_nothing_is_sent_to_the_builder_but_what_is_named() -> None:
    rule, *lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rule == "*"
    sent = [line[1:] for line in lines if line.startswith("!")]
    assert all(list(ROOT.glob(each)) for each in sent), "nothing is named that is not there"
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source
            named = [each for each in sent if PurePath(source).match(each) or f"{each}/".startswith(f"{source}/")]
            assert named or any(source.startswith(f"{each}/") for each in sent), source


class _Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response({"/readyz": 200, "/livez": 404}.get(self.path, 503))
        self.end_headers()
        self.wfile.write(b"said")

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 0), (("/readyz",), 0), (("/readyz", "404"), 1), (("/livez", "404"), 0), (("/livez",), 1), (("/other",), 1)],
)
def test_a_container_is_healthy_when_its_process_answers_as_it_should(arguments: tuple[str, ...], code: int) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.handle_request, daemon=True).start()
    assert checked(server.server_port, *arguments) == code
    server.server_close()


def test_a_container_whose_process_does_not_answer_is_not_healthy() -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Service)
    server.server_close()
    assert checked(server.server_port) == 1


def checked(port: int, *arguments: str) -> int:
    command = [sys.executable, str(ROOT / "deploy" / "image" / "healthcheck.py"), *arguments]
    environment = {"PLAUDIT_HTTP_PORT": str(port)}
    return subprocess.run(command, check=False, capture_output=True, env=environment).returncode


# Figures.


def test_prometheus_reads_every_process_under_the_name_of_its_service() -> None:
    read = {
        job["job_name"]: {target.partition(":")[0] for each in job["static_configs"] for target in each["targets"]}
        | {name for each in job.get("dns_sd_configs", []) for name in each["names"]}
        for job in PROMETHEUS["scrape_configs"]
    }
    assert read == {
        name: {other for other in SERVICES if PART.sub("", other) == name and other not in ONCE} for name in OURS
    }


def test_the_dashboard_shows_figures_that_exist() -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "plaudit.json").read_text())
    asked = {
        name for panel in dashboard["panels"] for name in re.findall(r"plaudit_[a-z_]+", json.dumps(panel["targets"]))
    }
    sources = [*(ROOT / "libs").rglob("metrics.py"), *(ROOT / "services").rglob("metrics.py")]
    declared = set(re.findall(r'"(plaudit_[a-z_]+)"', "".join(path.read_text() for path in sources)))
    assert asked
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked} <= declared


RULES = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
every_alert = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


@every_alert
def test_an_alert_asks_for_figures_and_loops_that_exist(rule: dict[str, Any]) -> None:
    asked = set(re.findall(r"plaudit_[a-z_]+", rule["expr"]))
    source = "".join(path.read_text() for part in ("libs", "services") for path in (ROOT / part).rglob("src/**/*.py"))
    declared = set(re.findall(r'"(plaudit_[a-z_]+)",', source))

    assert asked
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked} <= declared
    consumers = {f"consumer-{group}" for service in OURS.values() for group in groups_of(service)}
    for loops in re.findall(r'loop[!=]~?"([a-z|_-]+)"', rule["expr"]):
        assert all(loop in consumers or f'super().__init__("{loop}"' in source for loop in loops.split("|"))


def test_an_alert_says_where_nobody_reads_for_a_service() -> None:
    """Who reads tells how far it lags, so where nobody does, nothing is told that could be too much."""
    [rule] = [each for each in RULES if each["alert"] == "NobodyReads"]

    asked = set(re.findall(r'absent\(plaudit_loop_age_seconds{job="([a-z-]+)"', rule["expr"]))

    assert asked == {name for name, service in OURS.items() if groups_of(service)}


@every_alert
def test_an_alert_asks_by_how_much_a_counter_has_risen_only_where_the_counter_is_told_before_it_counts(
    rule: dict[str, Any],
) -> None:
    """One that begins with its first increase has not risen; with labels, nothing is told of it until then."""
    count_none_yet("a-group", "a-topic")  # as each consumer does when it starts
    told = exposition().decode().splitlines()

    for name, labels in re.findall(r"increase\((plaudit_\w+)(?:\{([^}]*)\})?", rule["expr"]):
        asked = labels.split(",") if labels else []
        assert any(line.startswith(name) and all(_is_of(line, label.strip()) for label in asked) for line in told)


def _is_of(line: str, label: str) -> bool:
    """Whether a series is among those that a rule asks for by `name="value"` or `name!="value"`."""
    return label.replace("!=", "=") not in line if "!=" in label else label in line


@every_alert
def test_an_alert_says_how_bad_it_is_and_a_runbook_what_to_do(rule: dict[str, Any]) -> None:
    runbooks = "".join(path.read_text() for path in (ROOT / "docs" / "runbooks").glob("*.md"))

    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"].keys() == {"summary", "description"}
    assert rule["alert"] in runbooks
    assert rule["expr"].count("(") == rule["expr"].count(")")
