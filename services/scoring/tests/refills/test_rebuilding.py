"""`plaudit score rebuild`, through the command, on a real database."""

import pytest

from plaudit_local.servers.postgres import run_sql
from plaudit_testing.command_line import CommandLine
from plaudit_testing.review_events import SOURCE

pytestmark = pytest.mark.postgres

ENTRY = f"""
INSERT INTO scoring.ledger (tenant_id, partition, epoch, sequence, sign, review_id, revision, subject, source_id,
    traits, rating, rated_at, valid_at, known_at)
VALUES ('default', 0, 1, 1, 1, gen_random_uuid(), 1, 'acme/berlin', '{SOURCE.id}', 1, 5, now(), now(), now())
"""
GROUPS = """
INSERT INTO scoring.positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence)
SELECT 'scoring-' || name, 'reviews.v1', 0, gen_random_uuid(), sequence, 1, sequence
FROM (VALUES ('live', {live}), ('history', {history})) AS groups (name, sequence)
"""


def prepared(scoring_url: str, *, live: int, history: int) -> CommandLine:
    run_sql(scoring_url, GROUPS.format(live=live, history=history))
    run_sql(scoring_url, ENTRY)
    return CommandLine(scoring_url)


def test_it_says_how_far_it_has_come_and_what_it_has_done(scoring_url: str) -> None:
    result = prepared(scoring_url, live=1, history=1).run("score", "rebuild")

    assert (result.exit_code, result.stdout) == (0, "Sums are made anew from 1 records.\n"), result.output
    assert "1 of 1 records" in result.stderr
    assert run_sql(scoring_url, "SELECT string_agg(prefix, ' ' ORDER BY prefix) FROM scoring.sums").strip() == (
        "acme acme/berlin"
    )


def test_where_it_cannot_end_it_says_what_to_do(scoring_url: str) -> None:
    result = prepared(scoring_url, live=2, history=1).run("score", "rebuild")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "run this again: it goes on from here" in result.stderr
