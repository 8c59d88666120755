"""`plaudit score repair`, through the command, on a real database and a real ingest."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from plaudit_testing.command_line import CommandLine
from plaudit_testing.repaired import TABLES, Product

pytestmark = pytest.mark.postgres


async def test_it_repairs_and_says_of_whom_and_how_far_it_has_come(
    product: Product, scoring_url: str, tmp_path: Path
) -> None:
    right = await product.held()
    await product.superuser.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in TABLES)}")
    await product.superuser.execute("INSERT INTO scoring.answer_reviews VALUES ('other', gen_random_uuid(), '[]')")
    keys = tmp_path / "keys.txt"
    keys.write_text(await product.ingest.key("default", "reviews:read"))
    arguments = ("score", "repair", "--from-feed", str(product.ingest.client.base_url), "--key-file", str(keys))

    result = await asyncio.to_thread(CommandLine(scoring_url).run, *arguments)

    assert result.exit_code == 0, result.output
    assert "Insight and answers are whole, by " in result.stdout
    assert result.stdout.endswith("What is kept of other stays as it was, since the file has no key of theirs.\n")
    assert "revisions, 1 of 1 tenant\n" in result.stderr or "revisions, 0 of 1 tenant\n" in result.stderr
    assert await product.held() == right
    again = await asyncio.to_thread(CommandLine(scoring_url).run, *arguments, "--json")
    # What ingest logs in the same process comes before.
    told = json.loads(again.stdout[again.stdout.index("{") :])
    assert (told["refused"], told["gone"], told["damaged"]) == (0, 0, 0)
    assert (told["tenants"], told["kept_tenants"]) == (1, ["other"])
    assert told["revisions"] > 40


async def test_it_says_how_far_a_stopped_one_is_and_forgets_it(
    product: Product, scoring_url: str, tmp_path: Path, armed: Callable[[str], None]
) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(await product.ingest.key("default", "reviews:read"))
    command = CommandLine(scoring_url)
    assert await asyncio.to_thread(command.output, "score", "repair", "--status") == "There is no repair under way.\n"
    assert await asyncio.to_thread(command.json, "score", "repair", "--discard") == {"discarded": False}
    await product.superuser.execute("UPDATE scoring.positions SET sequence = sequence + 1000")

    arguments = ("score", "repair", "--from-feed", str(product.ingest.client.base_url), "--key-file", str(keys))
    stopped = await asyncio.to_thread(command.run, *arguments)

    assert stopped.exit_code == 1
    assert "see whether ingest's relay runs" in stopped.stderr
    said = await asyncio.to_thread(command.output, "score", "repair", "--status")
    assert said == "A repair is under way, and no process works on it: 0 revisions, 0 of 1 tenant.\n"
    found = await asyncio.to_thread(command.json, "score", "repair", "--status")
    assert (found["is_under_way"], found["seconds_since_last_step"], found["tenants"]) == (True, None, 1)
    said = await asyncio.to_thread(command.output, "score", "repair", "--discard")
    assert said == "The repair is forgotten; what it has repaired stays so.\n"
    await product.is_over()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "needs both"),
        (["--from-feed", "http://plaudit.example"], "needs both"),
        (["--key-file", "keys.txt"], "needs both"),
        (["--from-feed", "plaudit.example", "--key-file", "{file}"], "takes the address of the front door"),
        (["--from-feed", "http://plaudit.example", "--key-file", "{file}"], "the file has no key"),
        (["--from-feed", "http://plaudit.example", "--key-file", "{file}.not"], "cannot be read"),
        (["--from-feed", "http://plaudit.example", "--discard"], "give one of them alone"),
        (["--key-file", "keys.txt", "--status"], "give one of them alone"),
        (["--discard", "--status"], "give one of them alone"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    scoring_url: str, tmp_path: Path, arguments: list[str], said: str
) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("")
    given = [each.replace("{file}", str(file)) for each in arguments]

    assert said in CommandLine(scoring_url).refusal("score", "repair", *given, code=2)
