"""`plaudit score reconcile`, through the command, on a real database."""

import pytest

from plaudit_local.servers.postgres import run_sql
from plaudit_testing.command_line import CommandLine
from plaudit_testing.review_events import SOURCE

pytestmark = pytest.mark.postgres

PLACES = """
INSERT INTO scoring.positions
SELECT 'scoring-' || name, 'reviews.v1', 0, gen_random_uuid(), 1, 1, 9
FROM (VALUES ('live'), ('history')) AS groups (name)
"""
ENTRY = f"""
INSERT INTO scoring.ledger (tenant_id, partition, epoch, sequence, sign, review_id, revision, subject, source_id,
    traits, rating, rated_at, valid_at, known_at)
SELECT tenant, 0, 1, number, 1, gen_random_uuid(), 1, subject, '{SOURCE.id}', 1, 5, now(), now(), now()
FROM (VALUES (1, 'default', 'acme/berlin'), (2, 'default', 'globex'), (3, 'other', 'acme'))
    AS entries (number, tenant, subject)
"""


@pytest.fixture
def command_line(scoring_url: str) -> CommandLine:
    """The command on a database in which live has counted nothing of what the ledger has."""
    run_sql(scoring_url, PLACES)
    run_sql(scoring_url, ENTRY)
    return CommandLine(scoring_url)


def test_one_subject_is_compared_with_all_below_it(command_line: CommandLine) -> None:
    found = command_line.json("score", "reconcile", "--tenant", "default", "--subject", "acme")

    assert found == {
        "compared": 2,
        "skipped": 0,
        "differing": 2,
        "rounded": 0,
        "celled": 0,
        "refilled": 0,
        "derived": 0,
        "remade": 0,
    }
    assert run_sql(
        command_line.database_url, "SELECT string_agg(prefix, ' ' ORDER BY prefix) FROM scoring.sums"
    ).strip() == ("acme acme/berlin")


def test_a_tenants_subjects_are_compared_one_after_the_other(command_line: CommandLine) -> None:
    assert command_line.json("score", "reconcile", "--tenant", "default")["differing"] == 3


def test_without_options_all_are_compared_and_the_answer_is_a_sentence(command_line: CommandLine) -> None:
    assert command_line.output("score", "reconcile") == (
        "4 rows compared; 4 were wrong and 0 were rounded, and summed anew; 0 subjects or partitions could not be "
        "compared now. The past of 0 large subjects compared; that of 0 was wrong and is made anew. "
        "0 rows of insight and answers compared; 0 were wrong or missing, and made anew.\n"
    )
    assert command_line.json("score", "reconcile")["differing"] == 0


def test_a_subject_needs_its_tenant(command_line: CommandLine) -> None:
    assert "--tenant" in command_line.refusal("score", "reconcile", "--subject", "acme", code=2)


def test_a_malformed_subject_is_refused(command_line: CommandLine) -> None:
    assert "ACME" in command_line.refusal("score", "reconcile", "--tenant", "default", "--subject", "ACME!", code=2)


def test_a_tenant_that_there_is_not_is_refused_and_not_told_that_nothing_is_wrong(command_line: CommandLine) -> None:
    assert "nothing was compared" in command_line.refusal("score", "reconcile", "--tenant", "defualt")


def test_a_subject_without_a_review_is_refused_and_not_told_that_nothing_is_wrong(command_line: CommandLine) -> None:
    said = command_line.refusal("score", "reconcile", "--tenant", "default", "--subject", "initech")
    assert "nothing was compared" in said
