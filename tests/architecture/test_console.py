"""The console is one: its sections, the routes of the front door and the services' pages agree."""

import pytest

from plaudit.common.pages.navigation import CONSOLE, HOME, NavEntry
from plaudit.ingest.reviews.pages import EFFECT, SCORED
from plaudit.scoring.insight.pages import REVIEWS
from plaudit.scoring.profiles.domain import TRUST
from plaudit_testing.operations import NO_DATABASE, SERVICES, answering, build, operations_of

PAGES = [
    (service.name, each.path)
    for service in SERVICES
    for each in operations_of(service.name, build(service, NO_DATABASE)[0])
    if each.method == "GET" and not each.path.startswith("/v1/")
]
LEAD_ELSEWHERE = {"/console/clocks", "/console/clocks/{clock_id}"}
"""Addresses of pages of before, in mails that were sent; they lead to the desk."""


@pytest.mark.parametrize("entry", CONSOLE, ids=lambda entry: entry.title)
def test_every_section_of_the_console_is_a_page_of_the_service_that_answers_there(entry: NavEntry) -> None:
    assert (answering(entry.path), entry.path) in PAGES


def test_every_page_of_the_console_belongs_to_a_section() -> None:
    inner = [path for _, path in PAGES if path.startswith(f"{HOME}/") and path not in LEAD_ELSEWHERE]
    sections = [entry.path for entry in CONSOLE if entry.path != HOME]
    assert inner
    assert [path for path in inner if not any(f"{path}/".startswith(f"{section}/") for section in sections)] == []


def test_the_page_of_a_review_leads_to_its_effect_on_scores_where_its_kind_counts_in_them() -> None:
    assert ("scoring", EFFECT) in PAGES
    assert {kind.value for kind in SCORED} == TRUST.kinds


def test_an_example_of_a_complaint_leads_to_the_page_of_its_review() -> None:
    assert ("ingest", f"{REVIEWS}/{{review_id}}") in PAGES
