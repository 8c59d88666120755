"""`plaudit score rebuild`, through the command, on a real database."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from plaudit_local.servers.postgres import run_sql
from plaudit_testing.command_line import CommandLine
from plaudit_testing.review_events import SOURCE
from plaudit_testing.running_ingest import Source, created

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

    assert (result.exit_code, result.stdout) == (0, "Sums are made anew from 1 record.\n"), result.output
    assert "1 of 1 record" in result.stderr
    assert run_sql(scoring_url, "SELECT string_agg(prefix, ' ' ORDER BY prefix) FROM scoring.sums").strip() == (
        "acme acme/berlin"
    )


def test_where_it_cannot_end_it_says_what_to_do(scoring_url: str) -> None:
    result = prepared(scoring_url, live=2, history=1).run("score", "rebuild")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "run this again: it goes on from here" in result.stderr


async def test_the_ledger_is_made_anew_from_the_feed_and_it_says_of_whom(
    ingest: Any, source: Source, told: Any, scoring_url: str, superuser: asyncpg.Connection, tmp_path: Path
) -> None:
    await ingest.post(source, [created("a", 5), created("b", 1)])
    other = await ingest.source("other")
    await ingest.post(other, created("c"))
    await told.carry()
    await superuser.execute("DELETE FROM scoring.ledger WHERE tenant_id = 'default'")
    keys = tmp_path / "keys.txt"
    keys.write_text(f"# of default\n\n{await ingest.key('default', 'reviews:read')}\n")
    arguments = ("score", "rebuild", "--from-feed", str(ingest.client.base_url), "--key-file", str(keys))

    result = await asyncio.to_thread(CommandLine(scoring_url).run, *arguments)

    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(
        "The ledger and all sums are made anew from 2 revisions of 1 tenant; 0 cannot be scored. The ledger of other "
        "was kept as it is, since the file has no key of theirs.\n"
    )
    assert "2 revisions, 1 of 1 tenant;" in result.stderr
    assert await superuser.fetchval("SELECT count(*) FROM scoring.ledger") == 3
    again = await asyncio.to_thread(CommandLine(scoring_url).run, *arguments, "--json")
    # What ingest logs in the same process comes before.
    assert json.loads(again.stdout[again.stdout.index("{") :]) == {
        "revisions": 2,
        "refused": 0,
        "tenants": 1,
        "kept_tenants": ["other"],
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from-feed", "http://plaudit.example"], "needs both"),
        (["--key-file", "keys.txt"], "needs both"),
        (["--from-feed", "plaudit.example", "--key-file", "{file}"], "takes the address of the front door"),
        (["--from-feed", "http://plaudit.example", "--key-file", "{file}.not"], "cannot be read"),
        (["--from-feed", "http://plaudit.example", "--discard"], "give one of them alone"),
        (["--from-feed", "http://plaudit.example", "--status"], "give one of them alone"),
        (["--discard", "--status"], "give one of them alone"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    scoring_url: str, tmp_path: Path, arguments: list[str], said: str
) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("")
    given = [each.replace("{file}", str(file)) for each in arguments]

    assert said in CommandLine(scoring_url).refusal("score", "rebuild", *given, code=2)


async def test_a_file_with_keys_that_cannot_read_the_feed_is_refused_by_the_line(
    ingest: Any, scoring_url: str, tmp_path: Path
) -> None:
    reader, other = await ingest.key("default", "reviews:read"), await ingest.key("default", "scores:read")
    file = tmp_path / "keys.txt"
    for lines, said in (
        ([], "the file has no key"),
        ([reader, "plaudit_x"], "line 2 is no key that is valid here"),
        ([reader[:-1] + ("A" if reader[-1] != "A" else "B")], "line 1 is no key that is valid here"),
        ([other], "line 1, of the tenant default, lacks the scope reviews:read"),
        ([reader, "", reader], "line 3 has another key of the tenant default"),
    ):
        file.write_text("\n".join(lines))
        arguments = ("score", "rebuild", "--from-feed", "http://plaudit.example", "--key-file", str(file))
        result = await asyncio.to_thread(CommandLine(scoring_url).run, *arguments)

        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr
        assert reader not in result.stderr


async def test_it_says_how_far_one_is_and_whether_anybody_works_on_it(
    ingest: Any, source: Source, told: Any, scoring_url: str, tmp_path: Path
) -> None:
    await ingest.post(source, [created("a", 5), created("b", 1)])
    await told.publish()
    keys = tmp_path / "keys.txt"
    keys.write_text(await ingest.key("default", "reviews:read"))
    command = CommandLine(scoring_url)
    nothing = await asyncio.to_thread(command.output, "score", "rebuild", "--status")
    assert nothing == "There is no rebuild from the feed under way.\n"

    arguments = ("score", "rebuild", "--from-feed", str(ingest.client.base_url), "--key-file", str(keys))
    stopped = await asyncio.to_thread(command.run, *arguments)

    assert stopped.exit_code == 1
    assert "start scoring's consumers" in stopped.stderr
    said = await asyncio.to_thread(command.output, "score", "rebuild", "--status")
    assert said.startswith(
        "A rebuild from the feed is under way, and no process works on it: 2 revisions, 1 of 1 tenant; "
    )
    found = await asyncio.to_thread(command.json, "score", "rebuild", "--status")
    assert (found["is_under_way"], found["seconds_since_last_step"], found["revisions"]) == (True, None, 2)


def test_without_one_that_was_begun_there_is_nothing_to_discard(scoring_url: str) -> None:
    assert CommandLine(scoring_url).output("score", "rebuild", "--discard") == (
        "There was no rebuild from the feed to forget.\n"
    )
    assert CommandLine(scoring_url).json("score", "rebuild", "--discard") == {"discarded": False}
