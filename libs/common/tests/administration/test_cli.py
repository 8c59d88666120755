"""`plaudit people`, through the command, on a real database."""

import asyncio
import re

import pytest
from typer.testing import Result

from plaudit.common.api_keys.domain import hash_secret
from plaudit_local.servers.postgres import run_sql
from plaudit_testing.command_line import CommandLine
from plaudit_testing.command_line_fixtures import command_line
from plaudit_testing.mailbox import Mailbox, open_mailbox

__all__ = ["command_line"]

pytestmark = pytest.mark.postgres

FIELDS = ["email", "name", "role", "state", "last_signed_in_at", "tenant_id", "created_at", "id"]
ADA = "ada@example.com"
LINK = re.compile(r"https://plaudit\.example\.com/sign-in/link/([A-Za-z0-9_-]{43})")


def create(command_line: CommandLine, email: str = ADA, role: str = "admin", *options: str) -> dict:
    return command_line.json("people", "create", email, "--name", "Ada", "--role", role, *options)


def test_an_account_is_made_with_a_link_that_is_stored_as_a_hash(command_line: CommandLine) -> None:
    made = create(command_line, " Ada@Example.com ", "responder", "--address", "https://plaudit.example.com/")
    assert list(made) == [*FIELDS, "link", "link_expires_at"]
    assert {name: made[name] for name in FIELDS[:6]} == {
        "email": ADA,
        "name": "Ada",
        "role": "responder",
        "state": "active",
        "last_signed_in_at": None,
        "tenant_id": "default",
    }
    found = LINK.fullmatch(made["link"])
    assert found is not None, made["link"]
    stored = run_sql(command_line.database_url, "SELECT encode(token_hash, 'hex') FROM common.sign_in_links")
    assert stored.strip() == hash_secret(found[1]).hex()


def test_a_link_is_printed_alone(command_line: CommandLine) -> None:
    create(command_line)
    printed = command_line.output("people", "link", ADA, "--address", "https://plaudit.example.com")
    assert LINK.fullmatch(printed.removesuffix("\n"))
    assert command_line.output("people", "link", ADA).startswith("/sign-in/link/")


def test_accounts_are_listed_with_all_fields_and_no_link(command_line: CommandLine) -> None:
    made = create(command_line)
    link = made.pop("link")
    del made["link_expires_at"]
    assert command_line.json("people", "list") == [made]
    header, line = (line.split("\t") for line in command_line.output("people", "list").splitlines())
    assert header == FIELDS
    assert line[:5] == [ADA, "Ada", "admin", "active", ""]
    shown = command_line.on_terminal("people", "list").stdout
    assert ADA in shown
    assert link.rsplit("/", 1)[1] not in shown


def test_role_name_and_state_are_changed(command_line: CommandLine) -> None:
    create(command_line)
    create(command_line, "bob@example.com", "viewer")
    assert command_line.json("people", "role", "BOB@example.com", "admin")["role"] == "admin"
    assert command_line.json("people", "rename", ADA, "Ada King")["name"] == "Ada King"
    for _ in range(2):
        assert command_line.json("people", "deactivate", ADA)["state"] == "inactive"
    assert "is not active" in command_line.refusal("people", "link", ADA)
    for _ in range(2):
        assert command_line.json("people", "activate", ADA)["state"] == "active"
    assert command_line.output("people", "role", ADA, "viewer") == f"{ADA} has the role viewer.\n"


def test_the_last_admin_stays(command_line: CommandLine) -> None:
    create(command_line)
    for command in (("deactivate", ADA), ("role", ADA, "viewer")):
        assert "only active admin" in command_line.refusal("people", *command)
    assert [each["state"] for each in command_line.json("people", "list")] == ["active"]


def test_accounts_are_those_of_one_tenant(command_line: CommandLine) -> None:
    command_line.output("tenants", "create", "acme")
    create(command_line)
    create(command_line, ADA, "viewer", "--tenant", "acme")
    assert [each["role"] for each in command_line.json("people", "list", "--tenant", "acme")] == ["viewer"]
    command_line.output("people", "deactivate", ADA, "--tenant", "acme")
    assert [each["state"] for each in command_line.json("people", "list")] == ["active"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("create", "nobody", "--name", "x"), 2, "not one e-mail address"),
        (("create", "x@example.com", "--name", "\n"), 2, "a name has 1 to 100 characters"),
        (
            ("create", "x@example.com", "--name", "x", "--role", "owner"),
            2,
            "'--role': 'owner' is not one of 'viewer', 'responder', 'admin'",
        ),
        (("create", ADA, "--name", "x"), 1, f"there is an account with the address {ADA}"),
        (("create", "x@example.com", "--name", "x", "--tenant", "defaul"), 1, "did you mean 'default'?"),
        (("list", "--tenant", "defaul"), 1, "did you mean 'default'?"),
        (("role", "adda@example.com", "admin"), 1, f"has no account 'adda@example.com'; did you mean '{ADA}'?"),
        (("link", "zoe@nowhere.org"), 1, "tenant default has no account 'zoe@nowhere.org'"),
        (("create", "x@example.com", "--name", "x", "--mail"), 1, "a mail needs PLAUDIT_SMTP_HOST"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    command_line: CommandLine, arguments: tuple[str, ...], code: int, said: str
) -> None:
    create(command_line)
    assert said in command_line.refusal("people", *arguments, code=code)
    assert len(command_line.json("people", "list")) == 1


async def invite(command_line: CommandLine, mailbox: Mailbox) -> Result:
    options = ("--name", "Ada", "--mail", "--address", "https://plaudit.example.com")
    settings = {"PLAUDIT_SMTP_HOST": "127.0.0.1", "PLAUDIT_SMTP_PORT": str(mailbox.port)}
    return await asyncio.to_thread(command_line.run, "people", "create", ADA, *options, env=settings)


async def test_an_invitation_is_mailed_and_not_printed(command_line: CommandLine) -> None:
    async with open_mailbox() as mailbox:
        result = await invite(command_line, mailbox)
    assert (result.exit_code, result.stdout) == (0, f"{ADA} has an account, and a mail with a link.\n"), result.output
    assert mailbox.recipients == [ADA]
    [mail] = mailbox.mails
    text = mail.get_body(("plain",))
    assert text is not None
    assert LINK.search(text.get_content())


async def test_a_mail_that_is_refused_leaves_an_account_and_says_what_to_do(command_line: CommandLine) -> None:
    async with open_mailbox() as mailbox:
        mailbox.answer = lambda: "550 no such person"
        result = await invite(command_line, mailbox)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"`plaudit people link {ADA}` makes another link" in result.stderr
    listed = await asyncio.to_thread(command_line.json, "people", "list")
    assert [each["email"] for each in listed] == [ADA]
