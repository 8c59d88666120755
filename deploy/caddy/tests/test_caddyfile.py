"""The Caddyfile: generated from what the services declare, valid, and no service's path beside another's."""

import importlib.util
import json
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.http.problems import COMMON_PROBLEMS
from plaudit.ingest.settings import IngestSettings
from plaudit_local.servers.caddy import CADDYFILE, program
from plaudit_local.servers.process import plain_environment

spec = importlib.util.spec_from_file_location("generate_caddyfile", CADDYFILE.with_name("generate.py"))
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


def caddy(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command, environment = [str(program()), *arguments], plain_environment(**settings)
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", env=environment)


def server(**settings: str) -> dict[str, Any]:
    """The one server that Caddy makes of the file under these variables."""
    done = caddy("adapt", "--config", str(CADDYFILE), "--adapter", "caddyfile", **settings)
    assert done.returncode == 0, done.stderr
    ((_, found),) = json.loads(done.stdout)["apps"]["http"]["servers"].items()
    return found


def services_at(path: str, text: str) -> list[str]:
    """The services whose matchers in this Caddyfile a path meets; there should be one at most."""
    matchers = re.findall(r"\t@(\w+)\S* \{\n\t\tpath (.*)\n(?:\t\tnot path (.*)\n)?\t\}", text)
    return [name for name, of, but in matchers if is_any(path, of) and not is_any(path, but)]


def is_any(path: str, patterns: str) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns.split())


def test_the_committed_file_is_what_the_services_declare() -> None:
    assert CADDYFILE.read_text() == generate.caddyfile(generate.declared_routes()), "run make caddyfile"


def test_caddy_accepts_it() -> None:
    done = caddy("validate", "--config", str(CADDYFILE), "--adapter", "caddyfile")
    assert done.returncode == 0, done.stderr
    assert "not formatted" not in done.stderr


def test_without_settings_it_is_http_on_loopback_and_no_proxy_is_trusted() -> None:
    found = server()
    assert found["listen"] == ["127.0.0.1:8000"]
    assert not found["trusted_proxies"].get("ranges")


def test_a_host_name_turns_https_on_for_that_name() -> None:
    found = server(PLAUDIT_SITE_ADDRESS="plaudit.example.com", PLAUDIT_DOOR_BIND="0.0.0.0 ::")
    assert found["listen"] == ["0.0.0.0:443", "[::]:443"]
    assert [route["match"] for route in found["routes"]] == [[{"host": ["plaudit.example.com"]}]]


def test_settings_name_several_proxies_and_several_processes_of_a_service() -> None:
    found = server(
        PLAUDIT_DOOR_TRUSTED_PROXIES="10.0.0.0/8 192.0.2.1", PLAUDIT_SCORING_ADDRESS="scoring-1:8000 scoring-2:8000"
    )
    assert found["trusted_proxies"]["ranges"] == ["10.0.0.0/8", "192.0.2.1"]
    dialled = '"upstreams": [{"dial": "scoring-1:8000"}, {"dial": "scoring-2:8000"}]'
    assert dialled in json.dumps(found["routes"])


def test_it_is_formatted_as_caddy_formats() -> None:
    done = caddy("fmt", "--diff", str(CADDYFILE))
    assert done.returncode == 0, done.stdout


def test_every_service_declares_something_and_none_its_probes() -> None:
    for name, routes in generate.declared_routes().items():
        assert routes.prefixes, name
        assert not {"/metrics", "/readyz", "/livez"} & {*routes.prefixes, *routes.exact}


def test_the_largest_body_of_a_webhook_fits_through_the_door() -> None:
    limit = IngestSettings.model_fields["hook_max_body_bytes"].default
    assert "max_size {$PLAUDIT_DOOR_MAX_BODY:8MiB}" in CADDYFILE.read_text()
    assert limit < 8 * 1024 * 1024


def test_what_the_door_answers_itself_is_explained_among_the_problems() -> None:
    assert {answer.problem.slug for answer in generate.OWN_ANSWERS} <= COMMON_PROBLEMS.keys()


def test_a_path_that_two_services_declare_is_refused() -> None:
    twice = {"one": FrontDoorRoutes(prefixes=("/v1/a", "/b")), "two": FrontDoorRoutes(exact=("/b",))}
    with pytest.raises(generate.ConflictingRoutesError, match="/b is declared by one and by two"):
        generate.caddyfile(twice)


def test_a_deeper_prefix_of_another_service_is_carved_out() -> None:
    routes = {
        "one": FrontDoorRoutes(prefixes=("/console",)),
        "two": FrontDoorRoutes(prefixes=("/console/requests", "/consoles"), exact=("/", "/console/x")),
    }
    text = generate.caddyfile(routes)
    assert (
        "\t@one {\n\t\tpath /console /console/*\n\t\tnot path /console/requests /console/requests/* /console/x\n"
        in text
    )
    assert "\t@two {\n\t\tpath / /console/x /console/requests /console/requests/* /consoles /consoles/*\n\t}" in text


def test_each_path_of_prefixes_that_lie_in_one_another_leads_to_the_service_of_the_deepest(tmp_path: Path) -> None:
    routes = {
        "one": FrontDoorRoutes(prefixes=("/console", "/console/requests/export"), exact=("/console/requests/mine",)),
        "two": FrontDoorRoutes(prefixes=("/console/requests", "/console/requests/export/old"), exact=("/",)),
    }
    text = generate.caddyfile(routes)
    expected = {
        "/": "two",
        "/console": "one",
        "/console/clocks": "one",
        "/console/requests": "two",
        "/console/requests/1": "two",
        "/console/requests/mine": "one",
        "/console/requests/export": "one",
        "/console/requests/export/csv": "one",
        "/console/requests/export/old": "two",
        "/console/requests/export/old/1": "two",
        "/elsewhere": None,
    }
    assert {path: services_at(path, text) for path in expected} == {
        path: [service] if service else [] for path, service in expected.items()
    }
    file = tmp_path / "Caddyfile"
    file.write_text(text)
    done = caddy("validate", "--config", str(file), "--adapter", "caddyfile")
    assert done.returncode == 0, done.stderr
