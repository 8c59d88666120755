"""What every command says when it cannot do its work: one sentence, and never a traceback."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from plaudit.common.terminal import duration
from plaudit_testing.command_line import CommandLine
from plaudit_testing.servers import PostgresServer

COMMANDS = [
    ("tenants", "list"),
    ("tenants", "create", "acme"),
    ("keys", "list"),
    ("keys", "create", "--name", "x", "--scopes", "*"),
    ("keys", "rotate", "x"),
    ("keys", "revoke", "x"),
    ("people", "list"),
    ("sign-in-link", "--email", "ada@example.com"),
]
every_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@every_command
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    result = CommandLine("").run(*command, env={"PLAUDIT_DATABASE_URL": None})
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("PLAUDIT_DATABASE_URL: Field required; set it to the address of the database")
    assert result.stderr.count("\n") == 1


@every_command
@pytest.mark.parametrize("host", ["127.0.0.1:9", "nothing.invalid"])
def test_a_database_that_does_not_answer_is_named_without_its_password(command: tuple[str, ...], host: str) -> None:
    said = CommandLine(f"postgresql://someone:s3cret@{host}/plaudit").refusal(*command)
    assert said.startswith(f"the database at postgresql://someone:***@{host}/plaudit does not answer (")
    assert "s3cret" not in said


def test_a_socket_that_is_not_there_is_a_database_that_does_not_answer(tmp_path: Path) -> None:
    said = CommandLine(f"postgresql://someone@/plaudit?host={tmp_path}").refusal("keys", "list")
    assert "does not answer" in said


@pytest.mark.parametrize("address", ["nonsense", "postgresql://host:port/x", "", "://"])
def test_what_is_no_address_of_a_database_is_refused(address: str) -> None:
    said = CommandLine(address).refusal("keys", "list")
    assert said.startswith("PLAUDIT_DATABASE_URL is not the address of a database")


@pytest.fixture
def empty_url(postgres_server: PostgresServer) -> Iterator[str]:
    dsn = postgres_server.create_database(name="empty")
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.mark.postgres
@every_command
def test_a_database_that_is_not_migrated_is_told_what_to_run(empty_url: str, command: tuple[str, ...]) -> None:
    said = CommandLine(empty_url).refusal(*command)
    assert "is not migrated yet: run python -m plaudit.common.db.migrate" in said


@pytest.mark.postgres
def test_a_database_that_does_not_exist_is_refused_by_name(empty_url: str) -> None:
    said = CommandLine(f"{empty_url}_nowhere").refusal("keys", "list")
    assert "refuses: database" in said
    assert "does not exist" in said


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(days=1)),
        ("90d", timedelta(days=90)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text: str, meant: timedelta) -> None:
    assert duration(text) == meant


@pytest.mark.parametrize("text", ["", "h", "24", "1.5h", "24 h", "-1h", "24H", "٢h", "1h30m", "9999999999s"])
def test_what_is_not_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="number with a unit"):
        duration(text)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written_is_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", "from plaudit.common.cli import main; main()", "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr == "the output cannot be written (No space left on device); what was asked for may be done\n"
