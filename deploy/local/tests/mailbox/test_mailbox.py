import os
import re
import signal
import smtplib
import sys
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import httpx
import pytest
from playwright.async_api import expect

from plaudit_local.mailbox.store import MailStore
from plaudit_local.servers.ports import free_port
from plaudit_local.servers.process import GuardedProcess, Spec
from plaudit_local.supervision.readiness import answers_ready
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browser, needs_browser
from plaudit_testing.deadlines import DEADLINE_SECONDS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def mailbox(tmp_path):
    """The running mailbox: (base address of the page, SMTP port)."""
    page, smtp = free_port(), free_port()
    environment = {
        **os.environ,
        "PLAUDIT_LOCAL": str(tmp_path),
        "PLAUDIT_HTTP_PORT": str(page),
        "PLAUDIT_SMTP_PORT": str(smtp),
    }
    command = [sys.executable, "-m", "plaudit_local", "mailbox"]
    process = GuardedProcess(Spec("mailbox", command, tmp_path / "log", environment=environment))
    try:
        process.wait_ready(lambda: answers_ready(page), DEADLINE_SECONDS)
        yield f"http://127.0.0.1:{page}", smtp
    finally:
        process.stop()
    # uvicorn ends gracefully and then by the signal it was asked with
    assert process.exit_code() == 128 + signal.SIGTERM


def send(port: int, subject: str, text: str, html: str | None = None) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "plaudit@example.com", "owner@example.com", subject
    message.set_content(text)
    if html is not None:
        message.set_content(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.send_message(message)


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=DEADLINE_SECONDS)


def test_a_mail_sent_over_smtp_is_a_file_and_shown_newest_first(mailbox, tmp_path):
    base, smtp = mailbox
    send(smtp, "First", "One.")
    send(smtp, "Zweite – später", "Zwei ä.")
    items = get(f"{base}/mails.json").json()["items"]
    assert [item["subject"] for item in items] == ["Zweite – später", "First"]
    assert items[0]["text"] == "Zwei ä."
    assert (items[0]["from"], items[0]["to"]) == ("plaudit@example.com", "owner@example.com")
    assert {path.stem for path in (tmp_path / "mailbox").glob("*.eml")} == {item["id"] for item in items}
    listed = get(base).text
    assert listed.index("Zweite – später") < listed.index("First")
    assert "Zwei ä." in get(f"{base}/mails/{items[0]['id']}").text


def test_a_hostile_mail_is_shown_as_text_under_a_policy_without_scripts(mailbox):
    base, smtp = mailbox
    send(
        smtp,
        "<script>alert(1)</script>",
        "",
        html="<p>Hello <b>you</b></p><script>alert(2)</script><img src=x onerror=alert(3)>",
    )
    item = get(f"{base}/mails.json").json()["items"][0]
    for page in (get(base), get(f"{base}/mails/{item['id']}")):
        assert "<script" not in page.text
        assert "onerror" not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert item["text"] == "Hello you"


def test_addresses_in_a_mail_are_links_and_other_schemes_are_not(mailbox):
    base, smtp = mailbox
    send(
        smtp,
        "Sign in",
        'Sign in: http://127.0.0.1:8000/sign-in/link/a_b-c\n\njavascript:alert(1) https://x.example/"x="y',
    )
    page = get(f"{base}/mails/{get(f'{base}/mails.json').json()['items'][0]['id']}").text
    letter = page[page.index("<pre") : page.index("</pre>")]
    assert re.findall(r'<a href="([^"]*)"', letter) == [
        "http://127.0.0.1:8000/sign-in/link/a_b-c",
        "https://x.example/&#34;x=&#34;y",
    ]


def test_a_long_subject_is_shown_from_its_first_word(tmp_path):
    store = MailStore(tmp_path)
    mail_id = store.add(b"Subject: \r\n Answer by noon\r\n\r\nx", NOON)
    assert store.get(mail_id).subject == "Answer by noon"


def test_an_unknown_mail_is_a_page_with_404(mailbox):
    base, _ = mailbox
    for mail_id in ("nothing", "..%2f..%2fetc%2fpasswd"):
        assert get(f"{base}/mails/{mail_id}").status_code == 404


def test_only_the_newest_mails_are_kept(tmp_path):
    store = MailStore(tmp_path, kept_max=3)
    for number in range(5):
        store.add(f"Subject: {number}\r\n\r\n".encode(), NOON + timedelta(seconds=number))
    assert [mail.subject for mail in store.newest(10)] == ["4", "3", "2"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"Subject: =?utf-8?q?=ff?=\r\n\r\nx",
        b"Content-Type: text/plain; charset=no-such\r\n\r\nhello",
        b"From: <<<\r\nTo: ,,,@\r\n\r\n",
    ],
)
def test_a_malformed_mail_is_still_shown(tmp_path, content):
    store = MailStore(tmp_path)
    mail_id = store.add(content, NOON)
    assert store.get(mail_id).received_at == NOON


def test_the_pages_have_the_look_of_the_product(mailbox):
    base, smtp = mailbox
    send(smtp, "Answer by noon", "It is due.")
    page = get(base).text
    (stylesheet,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)
    assert get(f"{base}{stylesheet}").headers["content-type"].startswith("text/css")
    assert get(f"{base}/static/0/none.css").status_code == 404
    assert page.count("<h1") == 1
    assert '<main id="main"' in page


@needs_browser
async def test_the_mailbox_is_usable_by_everybody(mailbox, tmp_path):
    base, smtp = mailbox
    async with browser(tmp_path / "browser") as page:
        await page.goto(base)
        assert await faults_of(page) == []
        send(smtp, "Answer by 3 March", "An answer is due by 3 March 2026, 09:00 UTC.\n\n> Nobody called back")
        send(smtp, "Not answered in time: " * 5, "A public answer was due. " * 20)
        await page.reload()
        assert await faults_of(page) == []
        await page.get_by_role("link", name="Answer by 3 March").click()
        await expect(page.get_by_role("heading", level=2)).to_have_text("Answer by 3 March")
        assert await faults_of(page) == []
