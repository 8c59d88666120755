"""What alarms, charts and runbooks ask for is what the services tell: Prometheus takes any name and finds nothing."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
OF_PROMETHEUS = {"job", "instance", "le"}
NO_METRIC = {"plaudit_alerting_owner"}
"""A role of the database."""
METRIC = re.compile(r"\bplaudit_[a-z_]+\b(?:\{([^}]*)\})?")
LABEL = re.compile(r"\b([a-z_]+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"\bby\s*\(([^)]*)\)")


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """Each name that some service tells, with its labels."""
    for service in ("ingest", "scoring", "alerting", "feedback_board"):
        import_module(f"plaudit.{service}.main")
    known = REGISTRY._names_to_collectors.items()
    return {name: set(getattr(collector, "_labelnames", ())) for name, collector in known}


def _expressions(found: Any) -> Iterator[str]:
    """Every `expr` of a document, however deep it lies."""
    for key, value in found.items() if isinstance(found, dict) else enumerate(found):
        if key == "expr":
            yield value
        elif isinstance(value, dict | list):
            yield from _expressions(value)


def _asked() -> list[str]:
    documents = [yaml.safe_load(RULES.read_text()), *(json.loads(path.read_text()) for path in DASHBOARDS)]
    return [expression for document in documents for expression in _expressions(document)]


@pytest.mark.parametrize("expression", _asked())
def test_an_alarm_and_a_chart_ask_for_metrics_and_labels_that_are_told(
    expression: str, told: dict[str, set[str]]
) -> None:
    labels = set(OF_PROMETHEUS)
    for found in METRIC.finditer(expression):
        name = found[0].partition("{")[0]
        assert name in told
        assert set(LABEL.findall(found[1] or "")) <= told[name] | OF_PROMETHEUS
        labels |= told[name]
    grouped = {label.strip() for group in BY.findall(expression) for label in group.split(",")}
    assert grouped <= labels


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_names_metrics_that_are_told(path: Path, told: dict[str, set[str]]) -> None:
    assert {found[0].partition("{")[0] for found in METRIC.finditer(path.read_text())} <= told.keys() | NO_METRIC


def test_every_alarm_is_named_in_a_runbook() -> None:
    runbooks = "".join(path.read_text() for path in RUNBOOKS)
    alarms = re.findall(r"- alert: (\w+)", RULES.read_text())
    assert alarms
    assert [alarm for alarm in alarms if not re.search(rf"\b{alarm}\b", runbooks)] == []
