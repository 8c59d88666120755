"""All operations of all services, with what each declares of those who may use it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from plaudit.alerting.main import SERVICE as ALERTING
from plaudit.common.http import Api, authorize
from plaudit.common.http.auth import anyone
from plaudit.common.process import Resources, Service
from plaudit.common.sessions import staff
from plaudit.feedback_board.main import SERVICE as BOARD
from plaudit.ingest.main import SERVICE as INGEST
from plaudit.scoring.main import SERVICE as SCORING
from plaudit_testing.vault import VAULT_KEYS

SERVICES: tuple[Service[Any], ...] = (INGEST, SCORING, ALERTING, BOARD)
NO_DATABASE = {
    "database_url": "postgresql://nobody@127.0.0.1:9/none",
    "owner_email": "owner@example.com",
    "vault_keys": VAULT_KEYS,
}
"""Settings of an application that is looked at and never asks its database."""
_EXAMPLE_UUID = "00000000-0000-7000-8000-000000000000"
_VALUES = {"tenant": "default", "subject": "acme", "slug": "nothing-here", "source": "none", "token": "A" * 43}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    service: str
    method: str
    path: str
    declarations: tuple[authorize | staff | None, ...]
    """Each key or role that it asks for; None says that it is for anyone. One in all that is well."""

    @property
    def name(self) -> str:
        """For the names of tests."""
        return f"{self.service} {self.method} {self.path}"

    @property
    def declared(self) -> authorize | staff | None:
        """Its one declaration."""
        [only] = self.declarations
        return only

    @property
    def url(self) -> str:
        """An address of it, with values that nothing has."""
        url = self.path
        while "{" in url:
            before, _, rest = url.partition("{")
            name, _, after = rest.partition("}")
            url = before + _VALUES.get(name.partition(":")[0], _EXAMPLE_UUID) + after
        return url


def build(service: Service[Any], settings: dict[str, Any]) -> tuple[Api, Resources[Any]]:
    """Return a service's application over these settings, and what it is built from."""
    resources = Resources(service.settings.model_validate(settings), service.name)
    app = service.build(resources).app
    assert app is not None
    return app, resources


def operations_of(service: str, app: Api) -> list[Operation]:
    """Return all operations that the framework serves."""
    found = []
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        declarations = tuple(_declarations(dependant)) if dependant is not None else ()
        found += [Operation(service, method, str(route.path), declarations) for method in sorted(route.methods or ())]
    return found


def answering(path: str) -> str | None:
    """Return the service that a path leads to at the front door; None where nobody declares it."""
    exact = {path: service.name for service in SERVICES for path in service.front_door.exact}
    prefixes = {prefix: service.name for service in SERVICES for prefix in service.front_door.prefixes}
    within = [prefix for prefix in prefixes if f"{path}/".startswith(f"{prefix}/")]
    return exact.get(path) or prefixes.get(max(within, key=len, default=""))


def _declarations(dependant: Dependant) -> Iterator[authorize | staff | None]:
    call = dependant.call
    if isinstance(call, (authorize, staff)):
        yield call
    if call is anyone:
        yield None
    for each in dependant.dependencies:
        yield from _declarations(each)
