"""`plaudit dead-letters`, through the command, on a real database."""

from collections.abc import Iterator

import pytest

from plaudit_local.servers.postgres import run_sql
from plaudit_testing.command_line import CommandLine
from plaudit_testing.databases import migrated
from plaudit_testing.servers import PostgresServer

pytestmark = pytest.mark.postgres

LETTERS = """
INSERT INTO scoring.positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence, parked)
SELECT name, 'reviews.v1', 0, gen_random_uuid(), 9, 1, 9, 2 FROM (VALUES ('one'), ('other')) AS groups (name);
INSERT INTO scoring.dead_letters (id, consumer_group, topic, partition, record_offset, headers, order_keys, reason,
    error, tries)
SELECT gen_random_uuid(), name, 'reviews.v1', 0, number, '[]', '{key}', 'failed', '', 5
FROM (VALUES ('one', 1), ('one', 2), ('other', 1), ('other', 2)) AS letters (name, number)
"""
STATES = """
SELECT string_agg(consumer_group || ' ' || state || ' ' || parked, ', ' ORDER BY consumer_group, record_offset)
FROM scoring.dead_letters JOIN scoring.positions USING (consumer_group, topic, partition)
"""


@pytest.fixture
def command_line(postgres_server: PostgresServer) -> Iterator[CommandLine]:
    """The command on a database in which two groups of scoring have set aside two records each."""
    template = postgres_server.template("scoring-alone", lambda dsn: migrated(dsn, "scoring"))
    dsn = postgres_server.create_database(template, name="letters")
    run_sql(dsn, LETTERS)
    yield CommandLine(dsn)
    postgres_server.drop_database(dsn)


def states(command_line: CommandLine) -> str:
    return run_sql(command_line.database_url, STATES).strip()


def test_they_are_counted_by_their_groups(command_line: CommandLine) -> None:
    found = command_line.json("dead-letters", "list", "--service", "scoring")
    assert [(each["consumer_group"], each["state"], each["letters"]) for each in found] == [
        ("one", "open", 2),
        ("other", "open", 2),
    ]


def test_those_of_a_group_are_discarded_and_nothing_waits_behind_them(command_line: CommandLine) -> None:
    said = command_line.output("dead-letters", "discard", "one", "--service", "scoring")
    assert said == "2 dead letters discarded.\n"
    assert states(command_line) == "one discarded 0, one discarded 0, other open 2, other open 2"


def test_what_was_made_good_is_noted_of_discarded_ones_too(command_line: CommandLine) -> None:
    command_line.output("dead-letters", "discard", "one", "--service", "scoring")
    assert command_line.json("dead-letters", "made-good", "one", "--service", "scoring") == {"made_good": 2}
    assert states(command_line) == "one redriven 0, one redriven 0, other open 2, other open 2"
    found = command_line.json("dead-letters", "list", "--service", "scoring")
    assert [each["state"] for each in found] == ["made good", "open"]


def test_a_group_without_any_and_a_service_that_there_is_not_are_refused(command_line: CommandLine) -> None:
    said = command_line.refusal("dead-letters", "discard", "oen", "--service", "scoring")
    assert "the group oen has no dead letter that is open" in said
    said = command_line.refusal("dead-letters", "list", "--service", "scorin", code=2)
    assert "there is no service 'scorin' that keeps dead letters; did you mean 'scoring'?" in said
    assert states(command_line) == "one open 2, one open 2, other open 2, other open 2"
