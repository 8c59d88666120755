"""Write the one OpenAPI document of several services.

`python -m plaudit.common.reference FILE SERVICE…` imports each `plaudit.SERVICE.main`; nothing is connected to.
"""

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from plaudit.common.http.openapi_merge import merge
from plaudit.common.process import Resources, Service


def document_of(service: Service[Any]) -> dict[str, Any]:
    """Return the document of a service; its settings have their defaults, and placeholders where there is none."""
    required = (name for name, field in service.settings.model_fields.items() if field.is_required())
    settings = service.settings.model_construct(**{name: SecretStr("postgresql:///none") for name in required})
    app = service.build(Resources(settings, service.name)).app
    assert app is not None
    return app.openapi()


def content(modules: Sequence[str]) -> str:
    """Return the document of the services in these modules, in this order."""
    services: list[Service[Any]] = [importlib.import_module(f"plaudit.{module}.main").SERVICE for module in modules]
    merged = merge({service.name: document_of(service) for service in services})
    return json.dumps(merged, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(content(sys.argv[2:]), encoding="utf-8")
