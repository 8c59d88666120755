from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.alerting.clocks.domain.about import about_review
from plaudit.alerting.clocks.domain.clock import Clock, Lane
from plaudit.alerting.clocks.domain.clock_events import Breached, Started, StartReason
from plaudit.alerting.mails.domain import MailKind, compose, mail_about
from plaudit.common.contracts import Answers
from plaudit_testing.clocks import at, folded, ref_of, review
from plaudit_testing.directions import HEBREW, misplaced

ID = UUID("01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11")
STARTED = Started(at(0), at(0), ref_of("one-or-two-stars"), StartReason.PUBLISHED)


def clock(*events, **fields):
    return Clock(
        tenant_id="default",
        id=ID,
        metric="first_answer",
        lane=Lane("reviews.v1", 0),
        review_revision=1,
        about=about_review("review-1", review(**fields)),
        run=folded(STARTED, *events),
    )


def mail(of, kind=MailKind.NOTICE, public_url="https://plaudit.example/"):
    message = compose(
        of,
        mail_about(of, kind, "owner@acme.example"),
        sender="plaudit@acme.example",
        sent_at=datetime(2026, 3, 2, 9, 1, tzinfo=UTC),
        public_url=public_url,
    )
    return message_from_bytes(message.as_bytes(), policy=default)


def body(message, kind):
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.links = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in {"href", "src"}]


HARMLESS = {"html", "body", "p", "br", "blockquote", "a", "bdi"}


def test_a_notice_says_what_is_due_when_and_links_to_the_review_and_to_the_clock_in_the_console():
    message = mail(clock())
    assert message["Subject"] == "Answer by 3 March 2026, 09:00 UTC: 1-star review of acme/berlin"
    text = body(message, "plain")
    assert "A 1-star review of acme/berlin on Acme shop was published on 2 March 2026, 09:00 UTC." in text
    assert "> Nobody called back\n>\n> I waited two days.\n" in text
    page = f"https://plaudit.example/console/clocks/{ID}"
    assert f"The review: https://shop.example/reviews/r-1\nThe clock: {page}\n" in text
    assert Elements(body(message, "html")).links == ["https://shop.example/reviews/r-1", page]


def test_a_notice_says_where_to_record_the_answer_if_answers_are_not_told():
    message = mail(msgspec.structs.replace(clock(), answers=Answers.UNTOLD))
    assert "\n\nPlaudit cannot see answers that are given there: " in body(message, "plain")
    page = "https://plaudit.example/console/reviews/review-1"
    assert f"\nRecord the answer: {page}\n" in body(message, "plain")
    assert page in Elements(body(message, "html")).links
    polled = mail(msgspec.structs.replace(clock(), answers=Answers.POLLED))
    assert "cannot see" not in body(polled, "plain")


def test_a_breach_says_that_the_time_is_over():
    message = mail(clock(Breached(at(24))), MailKind.BREACH)
    assert message["Subject"] == "Not answered in time: 1-star review of acme/berlin"
    assert "was due by 3 March 2026, 09:00 UTC, and none has been published." in body(message, "plain")
    assert "taken back" not in body(message, "plain")


def test_a_provisional_breach_says_so():
    message = mail(clock(Breached(at(24), provisional=True)), MailKind.BREACH)
    assert "taken back" in body(message, "plain")


def test_the_message_id_is_that_of_the_mail_and_asks_for_no_automatic_answer():
    message = mail(clock())
    written = mail_about(clock(), MailKind.NOTICE, "owner@acme.example")
    assert message["Message-ID"] == f"<{written.id}@acme.example>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_markup_in_a_review_is_shown_and_not_run():
    message = mail(clock(title="<script>alert(1)</script>", text='<img src="https://evil.example/x.gif">\n<b>x'))
    html = body(message, "html")
    assert set(Elements(html).tags) <= HARMLESS
    assert "&lt;script&gt;" in html
    assert all("evil" not in link for link in Elements(html).links)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://shop.example/ x",
        "https://shop.example/\r\nBcc: a@b.c",
        "ftp://shop.example/x",
        "https://[::1",
        'https://shop.example/"onmouseover="x',
    ],
)
def test_a_doubtful_address_becomes_no_link_to_anything_else(url):
    message = mail(clock(url=url), public_url="")
    links = Elements(body(message, "html")).links
    assert links in ([], [url])
    assert all(link.startswith("https://shop.example/") for link in links)


@pytest.mark.parametrize("written", ["نمی‌خواهم", "क्‍ष", "👨‍👩‍👧", "Kün\u00addigung", "a\u202eb"])
def test_letters_are_as_they_were_written(written):
    message = mail(clock(title=written, text=f"{written}\n{written}"))
    shown = written.replace("\u00ad", "").replace("\u202e", "")
    assert f"> {shown}\n>\n> {shown}\n> {shown}\n" in body(message, "plain")
    assert f'<p dir="auto">{shown}</p><p dir="auto">{shown}<br>{shown}</p>' in body(message, "html")


def test_right_to_left_texts_are_set_right_to_left():
    source = msgspec.structs.replace(review().source, name=HEBREW)
    message = mail(clock(title=HEBREW, text=HEBREW, source=source))
    assert misplaced(body(message, "html"), HEBREW) == []
    assert f"on \u2068{HEBREW}\u2069 was published" in body(message, "plain")
    assert not {"\u2068", "\u2069"} & set(body(message, "html"))


@pytest.mark.parametrize("title", ["\u200b", "\u3164\u200e", " ", "\u202e"])
def test_a_title_that_shows_nothing_is_left_out(title):
    assert "> I waited two days.\n" in body(mail(clock(title=title)), "plain").split("\n\n")[2] + "\n"
    assert clock(title=title).review.title is None


@given(
    title=st.text(max_size=300),
    text=st.text(max_size=600),
    name=st.text(max_size=80),
    url=st.text(max_size=80) | st.just("https://shop.example/a?b=c&d=<e>"),
)
@settings(deadline=timedelta(seconds=10))
def test_nothing_that_strangers_write_changes_headers_or_structure(title, text, name, url):
    source = msgspec.structs.replace(review().source, name=name)
    message = mail(clock(title=title, text=text, source=source, url=url))
    assert sorted(message.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert message["To"] == "owner@acme.example"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert set(Elements(body(message, "html")).tags) <= HARMLESS
