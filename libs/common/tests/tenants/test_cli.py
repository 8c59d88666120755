"""`plaudit tenants`, through the command, on a real database."""

import re

import pytest

from plaudit_local.servers.postgres import run_sql
from plaudit_testing.command_line import CommandLine

pytestmark = pytest.mark.postgres

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def test_a_tenant_is_made_with_a_person_key_of_its_own_listed_and_renamed(command_line: CommandLine) -> None:
    made = command_line.json("tenants", "create", "acme", "--name", " Acme Ltd ")
    assert TIME.fullmatch(made["created_at"])
    assert made == {"tenant_id": "acme", "name": "Acme Ltd", "created_at": made["created_at"], "board": "private"}
    renamed = command_line.json("tenants", "rename", "acme", "Acme Holdings")
    assert renamed == {**made, "name": "Acme Holdings"}
    acme, default = command_line.json("tenants", "list")
    assert (default["tenant_id"], acme) == ("default", renamed)
    keys = run_sql(
        command_line.database_url, "SELECT count(DISTINCT person_key), min(length(person_key)) FROM common.tenants"
    )
    assert keys.strip() == "2|32"


def test_without_json_what_was_done_is_a_sentence(command_line: CommandLine) -> None:
    assert command_line.output("tenants", "create", "acme") == "Tenant acme (acme) is made.\n"
    assert command_line.output("tenants", "rename", "acme", "A") == "Tenant acme is now called A.\n"


def test_a_list_in_a_pipe_has_a_line_for_each_tenant_with_all_fields(command_line: CommandLine) -> None:
    command_line.output("tenants", "create", "acme", "--name", "Acme [bold]Ltd[/bold]")
    header, acme, default = (line.split("\t") for line in command_line.output("tenants", "list").splitlines())
    assert header == ["tenant_id", "name", "created_at", "board"]
    assert acme[:2] == ["acme", "Acme [bold]Ltd[/bold]"]
    assert default[0] == "default"
    assert TIME.fullmatch(acme[2])


def test_a_table_on_a_terminal_shows_names_as_they_are(command_line: CommandLine) -> None:
    command_line.output("tenants", "create", "acme", "--name", "Acme [bold]Ltd[/bold]")
    shown = command_line.on_terminal("tenants", "list").stdout
    assert "Acme [bold]Ltd[/bold]" in shown
    assert "\t" not in shown
    assert shown.splitlines()[0].split() == ["Tenant", "Name", "Created", "(UTC)", "Board"]


def test_a_tenant_that_exists_is_not_made_again(command_line: CommandLine) -> None:
    command_line.output("tenants", "create", "acme", "--name", "First")
    assert command_line.refusal("tenants", "create", "acme", "--name", "Second") == "there is a tenant 'acme' already"
    assert [each["name"] for each in command_line.json("tenants", "list")] == ["First", "Default"]


@pytest.mark.parametrize("tenant_id", ["", "Acme", "a b", "-a", "ä", "a" * 64, "a\n", "../b"])
def test_what_cannot_be_a_tenants_id_is_refused_with_the_rule(command_line: CommandLine, tenant_id: str) -> None:
    said = command_line.refusal("tenants", "create", "--name", "x", "--", tenant_id, code=2)
    assert said.endswith("it has 1 to 63 of a-z, 0-9 and '-', and begins with a letter or digit")


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x1b[31mb", "a\nb", "a\u202eb"])
def test_what_cannot_be_a_name_is_refused(command_line: CommandLine, name: str) -> None:
    assert "name" in command_line.refusal("tenants", "create", "acme", "--name", name, code=2)
    assert "name" in command_line.refusal("tenants", "rename", "default", name, code=2)


def test_a_misspelt_tenant_is_refused_with_the_one_that_was_meant(command_line: CommandLine) -> None:
    command_line.output("tenants", "create", "acme")
    assert command_line.refusal("tenants", "rename", "acmee", "x") == "there is no tenant 'acmee'; did you mean 'acme'?"


def test_a_board_is_private_until_it_is_switched_on_and_when_it_is_off_again(
    command_line: CommandLine,
) -> None:
    command_line.output("tenants", "create", "acme")
    assert command_line.output("tenants", "board", "acme", "on") == "The board of acme is public.\n"
    assert command_line.json("tenants", "board", "acme", "on")["board"] == "public"
    assert command_line.json("tenants", "board", "acme", "off")["board"] == "private"
    assert command_line.refusal("tenants", "board", "acmee", "on") == "there is no tenant 'acmee'; did you mean 'acme'?"
    command_line.refusal("tenants", "board", "acme", "maybe", code=2)
