"""`plaudit keys`, through the command, on a real database."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from plaudit.common.api_keys.domain import SCOPES, hash_secret, parse
from plaudit_local.servers.postgres import run_sql
from plaudit_testing.command_line import CommandLine

pytestmark = pytest.mark.postgres

FIELDS = [
    *("public_id", "tenant_id", "name", "scopes", "state", "last_used_at", "expires_at"),
    *("created_at", "rotated_at", "previous_expires_at", "revoked_at"),
]


def create(command_line: CommandLine, *options: str, scopes: str = "*") -> str:
    """Return a new key."""
    return command_line.output("keys", "create", "--name", "test", "--scopes", scopes, *options).removesuffix("\n")


def public_id(key: str) -> str:
    parts = parse(key)
    assert parts is not None, key
    return parts[0]


def secret_hashes(command_line: CommandLine) -> str:
    found = "encode(secret_hash, 'hex'), encode(previous_secret_hash, 'hex')"
    return run_sql(command_line.database_url, f"SELECT {found} FROM common.api_keys").strip()


def hashed(key: str) -> str:
    return hash_secret(key.split("_", 2)[2]).hex()


def test_the_module_prints_the_new_key_alone(command_line: CommandLine) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "plaudit.common.api_keys.cli", "create", "--name", "development", "--scopes", "*"],
        env={**os.environ, "PLAUDIT_DATABASE_URL": command_line.database_url},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert parse(made.stdout.removesuffix("\n")) is not None


def test_a_key_is_printed_once_and_stored_as_a_hash_with_its_scopes(command_line: CommandLine) -> None:
    key = create(command_line, scopes="scores:read, alerts:read,scores:read")
    assert secret_hashes(command_line) == f"{hashed(key)}|"
    stored = run_sql(command_line.database_url, "SELECT tenant_id, name, scopes FROM common.api_keys").strip()
    assert stored == "default|test|{alerts:read,scores:read}"


def test_json_has_the_key_beside_all_that_is_stored(command_line: CommandLine) -> None:
    made = command_line.json("keys", "create", "--name", "x", "--scopes", "scores:read", "--expires-in", "90d")
    assert list(made) == [*FIELDS, "key"]
    times = {"created_at": made["created_at"], "expires_at": made["expires_at"]}
    assert made == {
        **dict.fromkeys(FIELDS),
        **times,
        "key": made["key"],
        "public_id": public_id(made["key"]),
        "tenant_id": "default",
        "name": "x",
        "scopes": ["scores:read"],
        "state": "active",
    }
    created_at, expires_at = (datetime.fromisoformat(times[name]) for name in ("created_at", "expires_at"))
    assert expires_at - created_at == timedelta(days=90)


def test_a_list_shows_every_field_and_no_secret(command_line: CommandLine) -> None:
    keys = [create(command_line), create(command_line, scopes="scores:read,reviews:read")]
    outputs = [
        command_line.output("keys", "list"),
        command_line.output("keys", "list", "--json"),
        command_line.on_terminal("keys", "list").stdout,
    ]
    for output in outputs:
        assert [public_id(key) in output for key in keys] == [True, True]
        assert [secret for key in keys if (secret := key.split("_", 2)[2]) in output] == []
        assert [key for key in keys if hashed(key) in output] == []
    header, first, second = (line.split("\t") for line in outputs[0].splitlines())
    assert header == FIELDS
    assert first[:7] == [public_id(keys[0]), "default", "test", "*", "active", "", ""]
    assert second[3] == "reviews:read,scores:read"
    assert re.split(r" {2,}", outputs[2].splitlines()[0].rstrip()) == [
        *("Key", "Tenant", "Name", "Scopes", "State", "Last used (UTC)", "Expires (UTC)"),
    ]


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_table_cuts_nothing_off_on_a_narrow_terminal(command_line: CommandLine, columns: int) -> None:
    key = public_id(create(command_line, scopes="scores:read,reviews:read"))
    shown = command_line.on_terminal("keys", "list", columns=columns).stdout
    assert "…" not in shown
    # A column that is too narrow goes on in the next line.
    first_column = "".join(line.split(" ")[0] for line in shown.splitlines()[1:])
    assert key in first_column


def test_a_list_is_of_one_tenant_when_asked_and_without_revoked_keys_unless_asked(command_line: CommandLine) -> None:
    command_line.output("tenants", "create", "acme")
    revoked, other = create(command_line), create(command_line, "--tenant", "acme")
    command_line.output("keys", "revoke", public_id(revoked))

    def listed(*options: str) -> list[tuple[str, str]]:
        return [(each["public_id"], each["state"]) for each in command_line.json("keys", "list", *options)]

    assert listed() == [(public_id(other), "active")]
    assert listed("--all") == [(public_id(other), "active"), (public_id(revoked), "revoked")]
    assert listed("--all", "--tenant", "default") == [(public_id(revoked), "revoked")]
    assert command_line.refusal("keys", "list", "--tenant", "acm") == "there is no tenant 'acm'; did you mean 'acme'?"


def test_without_keys_the_list_is_its_header_or_an_empty_list(command_line: CommandLine) -> None:
    assert command_line.output("keys", "list") == "\t".join(FIELDS) + "\n"
    assert command_line.json("keys", "list") == []


def test_a_rotated_key_keeps_its_id_and_is_valid_with_both_secrets_for_the_overlap(command_line: CommandLine) -> None:
    old = create(command_line, "--expires-in", "90d")
    before = command_line.json("keys", "list")[0]
    rotated = command_line.json("keys", "rotate", public_id(old), "--overlap", "2h")
    new = rotated.pop("key")
    assert public_id(new) == public_id(old)
    assert secret_hashes(command_line) == f"{hashed(new)}|{hashed(old)}"
    rotated_at, ends_at = (datetime.fromisoformat(rotated[name]) for name in ("rotated_at", "previous_expires_at"))
    assert ends_at - rotated_at == timedelta(hours=2)
    changed = {name: rotated[name] for name in ("rotated_at", "previous_expires_at")}
    assert rotated == {**before, **changed}
    refused = command_line.refusal("keys", "rotate", public_id(old))
    assert "its earlier secret is valid until" in refused


def test_the_overlap_is_a_day_unless_said_and_ends_with_the_key(command_line: CommandLine) -> None:
    rotated = command_line.json("keys", "rotate", public_id(create(command_line)))
    rotated_at, ends_at = (datetime.fromisoformat(rotated[name]) for name in ("rotated_at", "previous_expires_at"))
    assert ends_at - rotated_at == timedelta(hours=24)
    short = command_line.json("keys", "rotate", public_id(create(command_line, "--expires-in", "1h")))
    assert short["previous_expires_at"] == short["expires_at"]


def test_a_rotation_without_overlap_ends_the_old_secrets_at_once_and_may_renew_the_key(
    command_line: CommandLine,
) -> None:
    old = create(command_line, "--expires-in", "1h")
    key = public_id(old)
    command_line.output("keys", "rotate", key, "--overlap", "2h")
    last = command_line.json("keys", "rotate", key, "--overlap", "0s", "--expires-in", "30d")
    assert secret_hashes(command_line) == f"{hashed(last['key'])}|"
    left = datetime.fromisoformat(last["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)


def test_a_revoked_key_stays_revoked_however_often_it_is_revoked(command_line: CommandLine) -> None:
    key = create(command_line)
    command_line.output("keys", "rotate", public_id(key))
    first = command_line.json("keys", "revoke", public_id(key))
    assert first["state"] == "revoked"
    assert command_line.json("keys", "revoke", public_id(key)) == first
    assert secret_hashes(command_line).endswith("|"), "the old secret is gone too"
    assert f"Key {public_id(key)} was revoked at" in command_line.output("keys", "revoke", public_id(key))
    assert "is revoked: create another one" in command_line.refusal("keys", "rotate", public_id(key))


def test_a_whole_key_stands_for_its_id_and_is_not_repeated(command_line: CommandLine) -> None:
    key = create(command_line)
    said = command_line.output("keys", "revoke", key)
    assert public_id(key) in said
    assert key.split("_", 2)[2] not in said


@pytest.mark.parametrize("command", ["rotate", "revoke"])
def test_an_unknown_key_is_refused_by_its_id(command_line: CommandLine, command: str) -> None:
    assert command_line.refusal("keys", command, "nothing").startswith("there is no key 'nothing'")


def test_a_tenant_is_made_only_when_asked_for(command_line: CommandLine) -> None:
    assert command_line.json("tenants", "list")[0]["tenant_id"] == "default"
    arguments = ("keys", "create", "--tenant", "acme", "--name", "x", "--scopes", "*")
    assert command_line.refusal(*arguments) == "there is no tenant 'acme'"
    assert command_line.json(*arguments, "--create-tenant")["tenant_id"] == "acme"
    assert [each["tenant_id"] for each in command_line.json("tenants", "list")] == ["acme", "default"]


def test_what_is_refused_makes_no_tenant_either(command_line: CommandLine) -> None:
    options = ("--tenant", "acme", "--create-tenant", "--name", "x", "--scopes", "nothing:read")
    command_line.refusal("keys", "create", *options, code=2)
    assert [each["tenant_id"] for each in command_line.json("tenants", "list")] == ["default"]


def test_a_misspelt_scope_is_refused_with_the_known_ones(command_line: CommandLine) -> None:
    said = command_line.refusal("keys", "create", "--name", "x", "--scopes", "score:read", code=2)
    assert said.startswith("there is no scope 'score:read'; did you mean 'scores:read'")
    assert all(scope in said for scope in SCOPES)
    assert command_line.json("keys", "list", "--all") == []


@pytest.mark.parametrize("scopes", ["", " , "])
def test_a_key_without_scopes_is_refused(command_line: CommandLine, scopes: str) -> None:
    said = command_line.refusal("keys", "create", "--name", "x", "--scopes", scopes, code=2)
    assert said.startswith("a key needs at least one scope: alerts:read")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--expires-in", "0s"), "a key is valid for 1 s to 3650 days, or for ever"),
        (("--expires-in", "99999d"), "a key is valid for 1 s to 3650 days, or for ever"),
        (("--expires-in", "999999999w"), "999999999w is too long"),
        (("--expires-in", "tomorrow"), "'tomorrow' is not a number with a unit, such as 30m, 24h or 90d"),
        (("--expires-in", "-1d"), "'-1d' is not a number with a unit, such as 30m, 24h or 90d"),
        (("--name", " "), "a name has 1 to 100 characters, and this one has 0"),
        (("--tenant", "A", "--create-tenant"), "'A' cannot be a tenant's id"),
        (("--nothing",), "No such option: --nothing"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(
    command_line: CommandLine, options: tuple[str, ...], said: str
) -> None:
    assert said in command_line.refusal("keys", "create", "--name", "x", "--scopes", "*", *options, code=2)
