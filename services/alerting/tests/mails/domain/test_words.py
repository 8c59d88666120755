from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.alerting.clocks.domain.about import about_review
from plaudit.alerting.clocks.domain.clock import Clock, Stream
from plaudit.alerting.clocks.domain.clock_events import Breached, Fulfilled, Paused, Started, StartReason
from plaudit.alerting.mails.domain.history import told
from plaudit.alerting.mails.domain.letters import Letter, LetterKind, message_of
from plaudit.alerting.mails.domain.words import content_of, facts_of, left_in_words
from plaudit.alerting.people.domain import Owner
from plaudit.common.contracts import Answers
from plaudit.common.delivery.domain.message import Route, deliveries_of
from plaudit.common.delivery.domain.shapes.mail import mail_of
from plaudit_testing.clocks import at, folded, ref_of, review
from plaudit_testing.directions import HEBREW, misplaced
from plaudit_testing.mailbox import told_by

ID = UUID("01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11")
STARTED = Started(at(0), at(0), ref_of("one-or-two-stars"), StartReason.PUBLISHED)


def clock(*events, **fields):
    return Clock(
        tenant_id="default",
        id=ID,
        metric="first_answer",
        stream=Stream("reviews.v1", 0),
        review_revision=1,
        about=about_review("review-1", review(**fields)),
        run=folded(STARTED, *events),
    )


NOW = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("first_answer", ["a public answer became due", "a public answer was late", "our answer was published"]),
        ("follow_up", ["a personal contact became due", "a personal contact was late", "the customer was contacted"]),
        ("resolution_total", ["a resolution became due", "a resolution was late", "it was resolved"]),
    ],
)
def test_the_history_says_what_was_due_and_what_was_done(metric, words):
    log = [STARTED, Breached(at(24)), Fulfilled(at(25)), STARTED]
    assert [each for _, each in told(log, metric)] == words


@pytest.mark.parametrize("hours", [6, 23, 100])
def test_in_a_pause_no_time_passes_and_nothing_becomes_late(hours):
    paused = clock(Paused(at(5), reason="waits for the customer", by="person:anna"))
    assert left_in_words(paused.run, at(hours)) == "19 h 0 min left"
    assert ("Left", "19 h 0 min") in facts_of(paused, at(hours), UTC, is_over=False)
    assert left_in_words(clock().run, at(24)) == "late by < 1 min"


def letter(of, kind=LetterKind.NOTICE, **more):
    return Letter(of.id, of.run.number, of.run.generation, kind, **more)


def content(of, kind=LetterKind.NOTICE, public_url="https://plaudit.example/", zone=UTC, history=(), now=NOW, **more):
    return content_of(
        letter(of, kind, **more),
        of,
        now=now,
        owner=Owner("owner@acme.example", "Ada", zone=str(zone)),
        public_url=public_url,
        history=history,
    )


def mail(of, kind=LetterKind.NOTICE, public_url="https://plaudit.example/", **more):
    made = letter(of, kind)
    [delivery] = deliveries_of(message_of(made, of, "owner@acme.example"), [Route("email", "owner@acme.example")], NOW)
    message = mail_of(delivery, content(of, kind, public_url, **more), sender="plaudit@acme.example", sent_at=NOW)
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


HARMLESS = {
    *("html", "head", "meta", "body", "div", "h1", "h2", "p", "br", "blockquote", "a", "bdi", "ul", "li"),
    *("table", "tbody", "tr", "th", "td"),
}


def test_a_notice_has_the_words_the_stars_where_the_time_left_and_one_link_to_answer_that_review():
    message = mail(clock())
    assert told_by(message) == "Answer by 3 March 2026, 09:00 UTC: 1-star review of acme/berlin"
    text = body(message, "plain")
    assert "A 1-star review of acme/berlin on Acme shop was published on 2 March 2026, 09:00 UTC." in text
    assert "> Nobody called back\n>\n> I waited two days.\n" in text
    assert "Rating: ★☆☆☆☆ 1 of 5\nSubject: acme/berlin\nWhere: Acme shop\n" in text
    assert "Left: 23 h 59 min" in text
    page = "https://plaudit.example/console/answers/review-1#selected"
    assert text.endswith(f"Answer this review: {page}\n")
    assert Elements(body(message, "html")).links == [page]
    for shown in ("★☆☆☆☆ 1 of 5", "23 h 59 min", "Nobody called back", "Acme shop"):
        assert shown in body(message, "html")


@pytest.mark.parametrize("metric", ["follow_up", "resolution_first", "resolution_total", "statutory"])
def test_what_no_public_answer_fulfils_leads_to_the_review(metric):
    told = content(msgspec.structs.replace(clock(), metric=metric))
    assert (told.link, told.link_label) == ("https://plaudit.example/console/reviews/review-1", "Open the review")


def test_a_breach_that_is_taken_back_asks_nobody_to_answer_again():
    told = content(clock(Breached(at(24)), Fulfilled(at(23))), LetterKind.RETRACTION)
    assert (told.link, told.link_label) == ("https://plaudit.example/console/reviews/review-1", "Open the review")


def test_times_are_those_of_the_readers_zone():
    message = mail(clock(), zone=ZoneInfo("Europe/Berlin"))
    assert told_by(message) == "Answer by 3 March 2026, 10:00 CET: 1-star review of acme/berlin"
    assert "Due: 3 March 2026, 10:00 CET" in body(message, "plain")


def test_the_history_is_told_the_last_entries_of_it():
    history = [(at(hour), f"happened {hour}") for hour in range(12)]
    text = body(mail(clock(), history=history), "plain")
    assert "Before:\n- 2 March 2026, 13:00 UTC: happened 4\n" in text
    assert "happened 3\n" not in text
    assert "happened 11" in body(mail(clock(), history=history), "html")


def test_a_warning_says_how_much_of_the_time_has_passed():
    told = content(clock(), LetterKind.WARNING, percent=80)
    assert told.subject == "80 % of the time has passed: 1-star review of acme/berlin"
    assert "is due by 3 March 2026, 09:00 UTC." in told.text


def test_what_is_taken_back_says_so_and_leaves_nothing_to_do():
    told = content(clock(), LetterKind.RETRACTION)
    assert told.subject == "Taken back, it was in time: 1-star review of acme/berlin"
    assert "nothing is left to do" in told.text
    assert "Left:" not in told.text


def test_a_notice_says_where_to_record_the_answer_if_answers_are_not_told():
    message = mail(msgspec.structs.replace(clock(), answers=Answers.UNTOLD))
    assert "\n\nPlaudit cannot see answers that are given there: " in body(message, "plain")
    assert "cannot see" not in body(mail(msgspec.structs.replace(clock(), answers=Answers.POLLED)), "plain")


def test_a_breach_says_that_the_time_is_over():
    message = mail(clock(Breached(at(24))), LetterKind.BREACH)
    assert told_by(message) == "Not answered in time: 1-star review of acme/berlin"
    assert "was due by 3 March 2026, 09:00 UTC, and none has been published." in body(message, "plain")
    assert "taken back" not in body(message, "plain")


def test_a_provisional_breach_says_so():
    message = mail(clock(Breached(at(24), provisional=True)), LetterKind.BREACH)
    assert "taken back" in body(message, "plain")


def test_all_mails_of_a_clock_are_one_thread():
    mails = [mail(clock()), mail(clock(Breached(at(24))), LetterKind.BREACH), mail(clock(), LetterKind.RETRACTION)]
    assert len({each["References"] for each in mails}) == 1
    assert len({each["Message-ID"] for each in mails}) == 3


def test_all_mails_of_a_clock_have_one_subject_and_tell_more_in_their_first_line():
    mails = [
        mail(clock()),
        mail(clock(Breached(at(24))), LetterKind.BREACH),
        mail(clock(), LetterKind.RETRACTION),
    ]
    assert {str(each["Subject"]) for each in mails} == {"Answer: 1-star review of acme/berlin"}
    first_lines = [body(each, "plain").partition("\n")[0] for each in mails]
    assert [each.partition(":")[0] for each in first_lines] == [
        "Answer by 3 March 2026, 09",
        "Not answered in time",
        "Taken back, it was in time",
    ]


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
    assert f">{shown}</p>" in body(message, "html")
    assert f">{shown}<br>{shown}</p>" in body(message, "html")


def test_right_to_left_texts_are_set_right_to_left():
    source = msgspec.structs.replace(review().source, name=HEBREW)
    message = mail(clock(title=HEBREW, text=HEBREW, source=source))
    assert misplaced(body(message, "html"), HEBREW) == []
    assert f"on \u2068{HEBREW}\u2069 was published" in body(message, "plain")
    assert not {"\u2068", "\u2069"} & set(body(message, "html"))


@pytest.mark.parametrize("title", ["\u200b", "\u3164\u200e", " ", "\u202e"])
def test_a_title_that_shows_nothing_is_left_out(title):
    assert "> I waited two days.\n" in body(mail(clock(title=title)), "plain").split("\n\n")[3] + "\n"
    assert clock(title=title).about.title is None


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
        [
            *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id", "Auto-Submitted"),
            *("X-Auto-Response-Suppress", "MIME-Version", "Content-Type", "Content-Language"),
        ]
    )
    assert message["To"] == "owner@acme.example"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert set(Elements(body(message, "html")).tags) <= HARMLESS
