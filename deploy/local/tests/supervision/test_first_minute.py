"""The first minute of the real `make up`: a person opens the address, follows the link, and sees the console."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from plaudit_local.servers.process import GuardedProcess, Spec, wait_until
from plaudit_testing.browser import browser, needs_browser
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.servers import PostgresServer, own_kafka

pytestmark = [pytest.mark.e2e, pytest.mark.postgres, pytest.mark.kafka]

OWNER = "ada@example.com"
LATEST = "Closed without a word"
"""The title of a review of the demo story that waits for an answer."""
FROM_OUR_PAGE = {"accept": "text/html", "sec-fetch-site": "same-origin"}


class MakeUp:
    """The product as `make up` runs it, over servers of the test run."""

    def __init__(self, folder: Path, **servers: str) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")},
            "PLAUDIT_LOCAL": str(folder),
            "PLAUDIT_OWNER_EMAIL": OWNER,
            **servers,
        }
        command = [sys.executable, "-m", "plaudit_local", "up"]
        self.spec = Spec("make up", command, folder.with_name("up.log"), environment=self.environment)
        self.process = GuardedProcess(self.spec)
        self.board_at_first = 0

    def wait_until_said(self, text: str) -> None:
        wait_until(lambda: text in self.output() or not self.process.running, DEADLINE_SECONDS)
        assert text in self.output()

    def output(self) -> str:
        return self.spec.log.read_text()

    def endpoints(self) -> dict[str, str]:
        return json.loads((self.folder / "endpoints.json").read_text())

    def status(self) -> str:
        command = [sys.executable, "-m", "plaudit_local", "status"]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout


def link_in(text: str) -> str:
    (link,) = re.findall(r"^  sign in +(\S+)$", text, re.MULTILINE)
    return link


@pytest.fixture(scope="module")
def up(
    postgres_server: PostgresServer, empty_kafka_storage: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeUp]:
    dsn = postgres_server.create_database(name="first-minute")
    with own_kafka(empty_kafka_storage) as broker:
        folder = tmp_path_factory.mktemp("up") / "local"
        running = MakeUp(folder, DATABASE_URL=dsn, KAFKA_BOOTSTRAP_SERVERS=broker.address)
        try:
            running.wait_until_said("Plaudit is ready")
            running.board_at_first = httpx.get(running.endpoints()["address"], timeout=DEADLINE_SECONDS).status_code
            running.wait_until_said("The demo story has been played.")
            yield running
        finally:
            running.process.stop()
    postgres_server.drop_database(dsn)


def at_door(up: MakeUp) -> httpx.Client:
    return httpx.Client(base_url=up.endpoints()["address"], headers=FROM_OUR_PAGE, timeout=DEADLINE_SECONDS)


def wait_for_page(person: httpx.Client, path: str, text: str) -> None:
    assert wait_until(lambda: text in person.get(path).text, DEADLINE_SECONDS), person.get(path).text


def test_the_address_shows_the_board_the_link_signs_in_once_and_the_console_has_the_demos_clocks(up: MakeUp) -> None:
    assert up.board_at_first == 200
    link = link_in(up.output())
    with at_door(up) as person:
        assert link.startswith(f"{person.base_url}".rstrip("/") + "/sign-in/link/")
        assert OWNER in person.get(link).text
        signed_in = person.post(link)
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/console")
        wait_for_page(person, "/console", LATEST)
        wait_for_page(person, "/console/desk", LATEST)
        for path in ("/console/requests", "/docs"):
            assert person.get(path).status_code == 200, path
    with at_door(up) as other:
        for used in (other.get(link), other.post(link)):
            assert used.status_code == 410
            assert "This link is used up" in used.text
            assert 'href="/sign-in"' in used.text
        assert LATEST not in other.get("/console").text


def test_a_mail_of_the_demo_leads_to_its_review_and_the_sign_in_page_mails_a_link_that_works(up: MakeUp) -> None:
    def mailed() -> list[tuple[str, str]]:
        items = httpx.get(f"{up.endpoints()['mailbox']}/mails.json", timeout=DEADLINE_SECONDS).json()["items"]
        return [(item["subject"], item["text"]) for item in items if item["to"] == OWNER]

    def links_to_sign_in() -> list[str]:
        return [
            link
            for subject, text in mailed()
            if "Sign in to" in subject
            for link in re.findall(r"^Sign in: (\S+)$", text, re.MULTILINE)
        ]

    def links_to_latest() -> list[str]:
        """Of mails about its clock, which come gathered or by themselves: the first link after its title."""
        pattern = re.compile(rf"{LATEST}.*?(http\S+/console/(?:answers|reviews)/[0-9a-f-]{{36}}\S*)", re.DOTALL)
        return [found[1] for _, text in mailed() if (found := pattern.search(text))]

    with at_door(up) as person:
        assert person.post("/sign-in/link", data={"email": OWNER}).status_code == 200
        assert wait_until(lambda: links_to_sign_in() and links_to_latest(), DEADLINE_SECONDS), mailed()
        (link,), (review, *_) = links_to_sign_in(), links_to_latest()
        assert person.post(link).status_code == 303
        for address in (link, review):
            assert address.startswith(f"{up.endpoints()['address']}/")
        assert LATEST in person.get(review).text, (review, mailed())


@needs_browser
async def test_in_a_browser_the_link_of_a_later_status_leads_to_the_console(up: MakeUp, tmp_path: Path) -> None:
    link = link_in(up.status())
    async with browser(tmp_path / "browser") as page:
        await page.goto(up.endpoints()["address"])
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        await page.goto(link)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        await page.goto(link)
        await expect(page.get_by_role("heading", level=1)).to_have_text("This link is used up")
        await page.get_by_role("link", name="Open the console").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        await page.context.clear_cookies()
        await page.goto(link)
        await page.get_by_role("link", name="Ask for a new one").click()
        await expect(page.get_by_role("button", name="Mail me a link")).to_be_visible()
