import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from plaudit.common.api_keys.cli import app
from plaudit.common.api_keys.domain import parse
from plaudit_local.servers.postgres import run_sql
from plaudit_testing.databases import migrated
from plaudit_testing.servers import PostgresServer


@pytest.fixture
def dsn(postgres_server: PostgresServer) -> Iterator[str]:
    made = postgres_server.create_database(postgres_server.template("only-common", migrated), name="keys")
    yield made
    postgres_server.drop_database(made)


def run(dsn: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "plaudit.common.api_keys.cli", *arguments],
        env={**os.environ, "PLAUDIT_DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.postgres
def test_the_command_prints_the_new_key_alone_and_revokes_it(dsn: str) -> None:
    made = run(dsn, "create", "--tenant", "default", "--name", "development", "--scopes", "a:read, a:write")
    assert made.returncode == 0, made.stderr
    key = made.stdout.removesuffix("\n")
    parts = parse(key)
    assert parts is not None
    assert run_sql(dsn, "SELECT name, scopes FROM common.api_keys").strip() == "development|{a:read,a:write}"
    assert run(dsn, "revoke", parts[0]).returncode == 0
    again = run(dsn, "revoke", parts[0])
    assert (again.returncode, again.stdout) == (1, "")
    assert parts[0] in again.stderr


@pytest.mark.postgres
def test_a_tenant_is_made_only_when_asked_for(dsn: str) -> None:
    arguments = ["create", "--tenant", "acme", "--name", "x", "--scopes", "*"]
    refused = run(dsn, *arguments)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--create-tenant" in refused.stderr
    assert run(dsn, *arguments, "--create-tenant").returncode == 0
    person_keys = run_sql(dsn, "SELECT count(DISTINCT person_key), min(length(person_key)) FROM common.tenants")
    assert person_keys.strip() == "2|32"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plaudit_aaaaaaaaaaaaaaaa_",
        f"plaudit_{'a' * 16}_{'s' * 42}",
        f"plaudit_{'a' * 16}_{'s' * 44}",
        f"plaudit_{'A' * 16}_{'s' * 43}",
        f"plaudit_{'1' * 16}_{'s' * 43}",
        f"other_{'a' * 16}_{'s' * 43}",
        f"plaudit_{'a' * 16}_{'s' * 43}\n",
        f"plaudit_{'a' * 16}_{'ä' * 43}",
    ],
)
def test_what_has_not_the_form_of_a_key_is_none(text: str) -> None:
    assert parse(text) is None


@given(
    st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16),
    st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True),
)
def test_a_key_is_its_public_id_and_its_secret_whatever_underscores_that_holds(public_id: str, secret: str) -> None:
    assert parse(f"plaudit_{public_id}_{secret}") == (public_id, secret)


def test_a_missing_setting_is_named_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLAUDIT_DATABASE_URL", raising=False)
    result = CliRunner().invoke(app, ["revoke", "nothing"])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "PLAUDIT_DATABASE_URL: Field required" in result.output
