"""A link for a first start is printed, works once, and is for admins only."""

import asyncio
import subprocess
import sys

import pytest

from plaudit.common.people.domain import Role
from plaudit_testing.command_line import CommandLine
from plaudit_testing.deadlines import DEADLINE_SECONDS

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
EMAIL = "ada@example.com"
ADDRESS = "https://plaudit.example.com/"


@pytest.fixture
def command_line(site) -> CommandLine:
    return CommandLine(site.resources.settings.database_url.get_secret_value())


async def link(command_line: CommandLine) -> str:
    return (await asyncio.to_thread(command_line.output, "sign-in-link", "--email", EMAIL)).removesuffix("\n")


async def test_a_link_makes_the_first_admin_and_signs_in_once(site, browser, command_line) -> None:
    path = await link(command_line)
    assert path.startswith("/sign-in/link/")
    assert (await browser.post(path, headers=OURS)).status_code == 303
    assert (await browser.post("/things/1", headers=OURS)).status_code == 200
    used = await browser.post(path, headers=OURS)
    assert used.status_code == 410
    assert "This link is used up" in used.text
    assert 'href="/console"' in used.text
    async with site.owner.transaction() as tx:
        assert await tx.raw.fetch("SELECT email, role FROM common.people") == [(EMAIL, "admin")]


async def test_a_second_link_is_for_the_same_admin(site, browser, command_line) -> None:
    for _ in range(2):
        assert (await browser.post(await link(command_line), headers=OURS)).status_code == 303
    async with site.owner.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM common.people") == 1


async def test_a_link_is_below_the_address_of_plaudit_and_in_json_beside_its_account(command_line) -> None:
    made = await asyncio.to_thread(command_line.json, "sign-in-link", "--email", EMAIL, "--address", ADDRESS)
    assert list(made) == ["email", "name", "role", "tenant_id", "id", "link", "link_expires_at"]
    assert (made["email"], made["role"], made["tenant_id"]) == (EMAIL, "admin", "default")
    assert made["link"].startswith("https://plaudit.example.com/sign-in/link/")


async def test_the_module_prints_a_link_below_the_public_address_and_nothing_else(command_line) -> None:
    command = [sys.executable, "-m", "plaudit.common.sessions.cli", "--tenant", "default", "--email", EMAIL]
    environment = {"PLAUDIT_DATABASE_URL": command_line.database_url, "PLAUDIT_PUBLIC_URL": ADDRESS}
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=True
    )
    assert done.stdout.startswith("https://plaudit.example.com/sign-in/link/")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--email", "nonsense"), 2, "not one e-mail address"),
        (("--email", EMAIL), 1, "is not an active admin's"),
        (("--email", "new@example.com", "--tenant", "defualt"), 1, "no tenant 'defualt'; did you mean 'default'?"),
        (("--email", "new@example.com", "--minutes", "0"), 2, "--minutes"),
        ((), 2, "--email"),
    ],
)
async def test_what_gives_no_link_is_told_in_one_sentence(site, command_line, arguments, code, said) -> None:
    await site.account(Role.VIEWER)
    assert said in await asyncio.to_thread(lambda: command_line.refusal("sign-in-link", *arguments, code=code))
