"""A link for a first start is printed, works once, and is for admins only."""

import asyncio

import pytest
import typer
from typer.testing import CliRunner, Result

from plaudit.common.people.domain import Role
from plaudit.common.sessions.cli import sign_in_link

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
EMAIL = "ada@example.com"


async def run(site, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(sign_in_link)
    environment = {"PLAUDIT_DATABASE_URL": site.resources.settings.database_url.get_secret_value()}
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)


async def test_a_link_makes_the_first_admin_and_signs_in_once(site, browser) -> None:
    result = await run(site, "--email", EMAIL)
    assert result.exit_code == 0
    path = result.stdout.strip()
    assert path.startswith("/sign-in/link/")
    assert (await browser.post(path, headers=OURS)).status_code == 303
    assert (await browser.post("/things/1", headers=OURS)).status_code == 200
    assert (await browser.post(path, headers=OURS)).status_code == 410
    async with site.owner.transaction() as tx:
        assert await tx.raw.fetch("SELECT email, role FROM common.people") == [(EMAIL, "admin")]


async def test_a_second_link_is_for_the_same_admin(site, browser) -> None:
    for _ in range(2):
        path = (await run(site, "--email", EMAIL)).stdout.strip()
        assert (await browser.post(path, headers=OURS)).status_code == 303
    async with site.owner.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM common.people") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--email", "nonsense"), "not one e-mail address"),
        (("--email", EMAIL), "not an active admin"),
        (("--email", "new@example.com", "--tenant", "nobody"), "no tenant 'nobody'"),
    ],
)
async def test_what_gives_no_link_is_told_in_one_sentence(site, arguments, said) -> None:
    await site.account(Role.VIEWER)
    result = await run(site, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
