"""The document of owners: what it says, and each mistake with its place."""

import json
from uuid import UUID

import pytest

from plaudit.alerting.people.domain import EndpointRef, chain_of
from plaudit.alerting.people.domain.document import WrongOwnersError, compiled
from plaudit.alerting.people.schemas import EXAMPLE, EXAMPLE_YAML
from plaudit.alerting.policies.domain.document import Format

HOOK = UUID("01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11")
PEOPLE = [{"address": "ada@acme.example", "name": "Ada"}]


def read(document, endpoints=()):
    return compiled(json.dumps(document), Format.JSON, endpoints=endpoints, number=1)


def mistakes(document, endpoints=()):
    with pytest.raises(WrongOwnersError) as caught:
        read(document, endpoints)
    return [(each.pointer, each.code) for each in caught.value.errors]


def escalation(*steps, **more):
    return {"people": PEOPLE, "escalations": [{"name": "usual", "steps": list(steps), **more}]}


def test_yaml_and_json_say_the_same():
    assert compiled(EXAMPLE_YAML, Format.YAML, endpoints=(), number=1) == read(EXAMPLE)


def test_the_example_names_owners_teams_and_chains():
    owners = read(EXAMPLE)
    berlin = owners.assignment("acme/berlin/shop-1", None, "negative")
    assert berlin.person.name == "Ben Kay"
    assert berlin.person.zone == "Europe/Berlin"
    assert owners.assignment("acme/hamburg", None, "normal") is None
    assert owners.assignment("acme/hamburg", None, "drastic").person.name == "Ada Byron"
    assert [step.after_seconds for step in chain_of(berlin.person, berlin.escalation)][:4] == [0, 1800, 7200, 21_600]


def test_an_empty_document_leaves_all_to_the_owner_of_the_settings():
    assert read({}).default is None


def test_an_endpoint_that_there_is_may_be_a_step():
    owners = read(escalation({"after": "1 h", "endpoint": str(HOOK)}), [HOOK])
    assert owners.escalations[0].steps[0].target == EndpointRef(HOOK)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"assignments": [{"subject": "acme", "owner": "x@acme.example"}]}, ("/assignments/0/owner", "unknown_person")),
        ({"assignments": [{"subject": "acme", "team": "nobody"}]}, ("/assignments/0/team", "unknown_team")),
        ({"people": PEOPLE, "assignments": [{"subject": "acme"}]}, ("/assignments/0", "no_owner")),
        ({"default": {"owner": "x@acme.example"}}, ("/default/owner", "unknown_person")),
        ({"default": {"escalation": "none"}}, ("/default/escalation", "unknown_escalation")),
        ({"people": PEOPLE, "teams": [{"name": "t", "members": []}]}, ("/teams/0/members", "too_short")),
        (
            {"people": PEOPLE, "teams": [{"name": "t", "members": ["x@acme.example"]}]},
            ("/teams/0/members/0", "unknown_person"),
        ),
        ({"people": [*PEOPLE, *PEOPLE]}, ("/people/1/address", "repeated_name")),
        ({"people": [{**PEOPLE[0], "zone": "Mars/Base"}]}, ("/people/0/zone", "value_error")),
        (
            {"people": [{**PEOPLE[0], "quiet_hours": {"from": "22", "to": "07:00"}}]},
            ("/people/0/quiet_hours/from", "value_error"),
        ),
        (
            {"people": [{**PEOPLE[0], "quiet_hours": {"from": "22:00", "to": "22:00"}}]},
            ("/people/0/quiet_hours", "empty_range"),
        ),
        ({"people": [{**PEOPLE[0], "phone": "1"}]}, ("/people/0/phone", "unknown_field")),
        ({"persons": []}, ("/persons", "unknown_field")),
        ({"persons[0]": []}, ("/persons[0]", "unknown_field")),
        (escalation({"after": "1 h", "team": "nobody"}), ("/escalations/0/steps/0/team", "unknown_team")),
        (
            escalation({"after": "1 h", "endpoint": str(HOOK)}),
            ("/escalations/0/steps/0/endpoint", "unknown_endpoint"),
        ),
        (escalation({"after": "2 h"}, {"after": "1 h"}), ("/escalations/0/steps/1/after", "out_of_order")),
        (escalation({"after": "1 h"}, {"after": "1 h"}), ("/escalations/0/steps/1/after", "out_of_order")),
        (escalation({"after": "5 s"}), ("/escalations/0/steps/0/after", "out_of_bounds")),
        (
            escalation({"after": "1 h"}, repeat={"every": "1 s", "most": 1}),
            ("/escalations/0/repeat/every", "out_of_bounds"),
        ),
        (
            escalation({"after": "1 h"}, repeat={"every": "1 h", "times": 1}),
            ("/escalations/0/repeat/times", "unknown_field"),
        ),
        (
            {"people": PEOPLE, "assignments": [{"subject": "Not A Subject", "owner": "ada@acme.example"}]},
            ("/assignments/0/subject", "wrong_subject"),
        ),
        (
            {"people": PEOPLE, "assignments": [{"subject": "acme", "owner": "ada@acme.example", "severity": ["bad"]}]},
            ("/assignments/0/severity/0", "unknown_severity"),
        ),
    ],
)
def test_each_mistake_is_found_at_its_place(document, found):
    assert found in mistakes(document)


@pytest.mark.parametrize(
    ("one", "other", "is_refused"),
    [
        ({}, {}, True),
        ({"source": ["a", "b"]}, {"source": ["b"]}, True),
        ({"source": ["a"]}, {"source": ["b"]}, False),
        ({"source": ["a"]}, {}, False),
        ({"severity": ["drastic"]}, {"source": ["a"]}, False),
        ({"source": ["a"], "severity": ["drastic"]}, {"source": ["a"], "severity": ["negative"]}, False),
    ],
)
def test_two_assignments_of_one_prefix_are_refused_where_neither_is_the_narrower(one, other, is_refused):
    owned = {"subject": "acme", "owner": "ada@acme.example"}
    document = {"people": PEOPLE, "assignments": [{**owned, **one}, {**owned, **other}]}
    if is_refused:
        assert mistakes(document) == [("/assignments/1/subject", "repeated_prefix")]
    else:
        assert len(read(document).assignments) == 2


def test_a_mistake_in_yaml_has_its_line():
    with pytest.raises(WrongOwnersError) as caught:
        compiled("people:\n  - address: nobody\n    name: X\n", Format.YAML, endpoints=(), number=1)
    assert [(each.pointer, each.line) for each in caught.value.errors] == [("/people/0/address", 2)]


def test_an_address_that_not_every_mail_server_takes_is_refused_with_the_reason():
    with pytest.raises(WrongOwnersError, match="letters beyond ASCII before the @") as caught:
        read({"people": [{"address": "é@x.example", "name": "E"}]})
    assert [each.pointer for each in caught.value.errors] == ["/people/0/address"]
    assert read({"people": [{"address": "ada@Café.example", "name": "A"}]}).by_address("ada@xn--caf-dma.example")
