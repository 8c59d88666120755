"""What the services serve is reached at the front door: what nobody declares there is a 404 for everybody."""

import re

import pytest

from plaudit_testing.operations import NO_DATABASE, SERVICES, answering, build, operations_of

APPS = {service.name: build(service, NO_DATABASE)[0] for service in SERVICES}
SERVED = {
    name: {
        *((each.method, each.path) for each in operations_of(name, app)),
        *(("GET", route.path) for route in app._bare_routes),
        *(("POST", template) for route in app.direct_routes for template in route.templates),
    }
    for name, app in APPS.items()
}
ON_ITS_OWN_PORT_ONLY = {"/openapi.json", "/internal/contacts"}
"""The document of one service, for the front door has that of all; and what services ask each other."""


@pytest.mark.parametrize("service", SERVED)
def test_each_operation_is_answered_at_the_front_door_by_a_service_that_has_it(service: str) -> None:
    lost = [
        f"{method} {path} leads to {answering(path)}"
        for method, path in sorted(SERVED[service])
        if path not in ON_ITS_OWN_PORT_ONLY and (method, path) not in SERVED.get(answering(path) or "", ())
    ]
    assert lost == [], "declare it as `front_door` in main.py of the service, and run make caddyfile"


@pytest.mark.parametrize("service", SERVED)
def test_addresses_are_written_with_hyphens_and_small_letters(service: str) -> None:
    fixed = {re.sub(r"\{[^}]*\}", "", path) for _, path in SERVED[service]}
    assert [path for path in sorted(fixed) if re.search("[_A-Z]", path)] == []


def test_the_list_of_operations_is_whole() -> None:
    assert ("POST", "/v1/hooks/{source_id}") in SERVED["ingest"]
    assert ("GET", "/console/clocks/{clock_id}") in SERVED["alerting"]
    assert answering("/v1/scoresheet") is None
