"""What each channel is sent, and that hostile text stays text there."""

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.delivery.domain.message import Content, Delivery, Item, Listing
from plaudit.common.delivery.domain.shapes import alertmanager, mail, pagerduty, slack, teams, webhook
from plaudit.common.delivery.domain.shapes.disarm import BREAK, disarmed
from plaudit.common.standard_webhooks import decode_secret, new_secret, verify

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ID = UUID("01900000-0000-7000-8000-000000000001")
DELIVERY = Delivery(
    *("default", ID, ID, "k", "clock.breached", "clock:1", "webhook", "o", "owner@acme.example", ""),
    needs_consent=False,
    created_at=NOW,
)
HOSTILE = "<!channel> <@U1> @here &lt; *b* [x](https://evil.example) <https://evil.example|ok> www.evil.example"
CONTENT = Content("Late", "One\n\nTwo", link="https://plaudit.example/console/reviews/1", data={"severity": "critical"})
SECRET = new_secret()


def hostile(text):
    return Content(text, text, link="https://plaudit.example/x")


def texts_of(value):
    if isinstance(value, dict):
        return [each for key, inner in value.items() if key != "url" for each in texts_of(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in texts_of(inner)]
    return [value] if isinstance(value, str) else []


def test_slack_is_told_in_plain_text_with_one_button():
    body = json.loads(slack.request_of(CONTENT).body)
    assert [block["type"] for block in body["blocks"]] == ["header", "section", "section", "actions"]
    assert body["blocks"][-1]["elements"][0]["url"] == CONTENT.link
    assert body["unfurl_links"] is body["unfurl_media"] is False
    kinds = [b["text"]["type"] for b in body["blocks"] if "text" in b]
    assert kinds == ["plain_text"] * 3


def test_a_hostile_text_mentions_nobody_and_links_nowhere_in_slack():
    body = json.loads(slack.request_of(hostile(HOSTILE)).body)
    assert not set("<>") & set(body["text"])
    for text in [*texts_of(body["blocks"]), body["text"]]:
        assert "://" not in text
        assert "@here" not in text
        assert "www.e" not in text


@given(st.text(max_size=400), st.text(max_size=900) | st.integers(0, 9_000).map(lambda n: "a b\n\n" * n))
def test_slack_takes_whatever_is_told_within_its_limits(subject, text):
    body = json.loads(slack.request_of(Content(subject, text)).body)
    assert len(body["blocks"]) <= 50
    assert not set("<>") & set(body["text"])
    for block in body["blocks"]:
        most = 150 if block["type"] == "header" else 3_000
        assert 1 <= len(block["text"]["text"]) <= most


@given(st.text(max_size=300))
def test_a_disarmed_text_reads_the_same(text):
    from plaudit.common.text import clean

    assert disarmed(text).replace(BREAK, "") == clean(text)


def test_teams_is_told_in_runs_that_read_no_markdown():
    body = json.loads(teams.request_of(hostile("[x](https://evil.example) **b** <at>all</at>")).body)
    card = body["attachments"][0]["content"]
    assert (body["type"], card["type"], card["version"]) == ("message", "AdaptiveCard", "1.2")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert all("://" not in run["text"] for block in card["body"] for run in block["inlines"])
    assert card["actions"][0]["url"] == "https://plaudit.example/x"


@given(st.integers(0, 90_000).flatmap(lambda n: st.sampled_from(["a", "😀", "\n\n", '"']).map(lambda c: c * n)))
def test_a_card_for_teams_is_never_too_large(text):
    assert len(teams.request_of(Content("s", text)).body) <= teams.MAX_BODY_BYTES


def card_of(content):
    body = teams.request_of(content).body
    assert len(body) <= teams.MAX_BODY_BYTES
    card = json.loads(body)["attachments"][0]["content"]
    return card, [run["text"] for block in card["body"] for run in block["inlines"]]


def test_a_text_that_does_not_fit_on_a_card_is_cut_and_says_so():
    _, texts = card_of(Content("s", "😀" * 90_000))
    assert texts[-1] == teams.CUT
    assert texts[1].endswith("…")
    _, texts = card_of(Content("s", "\n\n".join(f"line {n}" for n in range(3_000))))
    assert len(texts) <= teams.MAX_PARAGRAPHS + 2


@pytest.mark.parametrize("most", [10, 100_000])
def test_a_card_whose_link_is_too_long_is_sent_without_it(most):
    content = Content("s" * most, "t" * most, link="https://plaudit.example/" + "x" * 40_000, link_label="l" * most)
    card, _ = card_of(content)
    assert "actions" not in card
    card, _ = card_of(msgspec.structs.replace(content, link="https://plaudit.example/x"))
    assert len(card["actions"][0]["title"]) <= teams.MAX_LABEL_CHARS


def test_items_of_a_card_are_shortened_alike_and_left_out_as_a_whole_where_that_is_not_enough():
    items = tuple(
        Item(f"{number} " + "😀" * 400, "late", quote="ü" * 400, link="https://plaudit.example/" + "y" * 1_500)
        for number in range(15)
    )
    _, texts = card_of(Content("s", "t", listing=Listing("15 things", items, "And 3 more.")))
    shown = texts[2:-1]
    assert 0 < len(shown) < 15
    assert all(text.endswith("…") for text in shown)
    assert texts[-1] == teams.CUT
    _, texts = card_of(Content("s", "t", listing=Listing("2 things", items[:2], "And 3 more.")))
    assert (len(texts), texts[-1]) == (5, "And 3 more.")
    assert all("😀" * 400 in text and "ü" * 400 in text for text in texts[2:4])


def test_a_webhook_is_signed_with_each_secret_and_its_id_is_that_of_the_delivery():
    keys = [decode_secret(SECRET), decode_secret(new_secret())]
    request = webhook.request_of(DELIVERY, CONTENT, keys, NOW)
    headers = {name: value.encode() for name, value in request.headers.items()}
    for key in keys:
        verify(
            headers["webhook-id"],
            headers["webhook-timestamp"],
            headers["webhook-signature"],
            request.body,
            [key],
            NOW.timestamp(),
        )
    assert headers["webhook-id"] == f"msg_{ID.hex}".encode()
    body = json.loads(request.body)
    assert (body["type"], body["timestamp"]) == ("clock.breached", "2026-03-02T09:00:00Z")
    assert body["data"]["severity"] == "critical"
    assert body["data"]["truncated"] is False


@given(st.integers(0, 90_000))
def test_a_webhook_stays_thin_and_says_what_it_left_out(length):
    body = webhook.body_of(DELIVERY, Content("s", "ü" * length))
    assert len(body) <= webhook.MAX_BODY_BYTES
    assert json.loads(body)["data"]["truncated"] is (json.loads(body)["data"]["text"] != "ü" * length)


def test_pagerduty_opens_and_closes_one_alert_for_a_thread():
    opened = json.loads(pagerduty.request_of(DELIVERY, CONTENT, "r" * 32, "https://plaudit.example").body)
    resolving = msgspec.structs.replace(CONTENT, data={"event_action": "resolve"})
    closed = json.loads(pagerduty.request_of(DELIVERY, resolving, "r" * 32, "").body)
    assert (opened["event_action"], closed["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == closed["dedup_key"] == "default:clock:1"
    assert opened["payload"]["severity"] == "critical"
    assert b"r" * 32 not in pagerduty.request_of(DELIVERY, CONTENT, "r" * 32, "").shown


def test_what_pagerduty_is_told_is_within_its_limits():
    long = msgspec.structs.replace(DELIVERY, thread="t" * 200, tenant_id="x" * 100)
    request = pagerduty.request_of(long, Content("s" * 5_000, "t" * 90_000, data={"severity": "odd"}), "r" * 32, "")
    event = json.loads(request.body)
    assert len(event["dedup_key"]) <= 255
    assert len(event["payload"]["summary"]) <= 1_024
    assert event["payload"]["severity"] == "error"
    assert len(request.body) <= 512 * 1024


def test_the_alertmanager_shape_fires_and_resolves_under_one_fingerprint():
    firing = json.loads(alertmanager.request_of(DELIVERY, CONTENT, "https://plaudit.example").body)
    resolving = msgspec.structs.replace(CONTENT, data={"event_action": "resolve"})
    resolved = json.loads(alertmanager.request_of(DELIVERY, resolving, "https://plaudit.example").body)
    assert (firing["version"], firing["status"], resolved["status"]) == ("4", "firing", "resolved")
    assert firing["alerts"][0]["fingerprint"] == resolved["alerts"][0]["fingerprint"]
    assert firing["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert set(firing) == {
        *("version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels"),
        *("commonAnnotations", "externalURL", "alerts"),
    }


def mail_with(content, **changes):
    delivery = msgspec.structs.replace(DELIVERY, **changes)
    return mail.mail_of(delivery, content, sender="plaudit@acme.example", sent_at=NOW)


def test_mails_of_one_thread_refer_to_one_root_and_have_their_own_ids():
    first, second = mail_with(CONTENT), mail_with(CONTENT, id=UUID(int=2))
    other = mail_with(CONTENT, thread="clock:2")
    assert first["References"] == first["In-Reply-To"] == second["References"] != other["References"]
    assert first["Message-ID"] != second["Message-ID"]
    assert mail_with(CONTENT, thread="")["References"] is None


def test_a_mail_of_a_thread_with_a_subject_of_its_own_tells_what_is_new_in_the_first_line():
    told = msgspec.structs.replace(CONTENT, thread_subject="Answer: a review")
    made = mail_with(told)
    assert made["Subject"] == "Answer: a review"
    assert made.get_body(("plain",)).get_content().startswith("Late\n\nOne\n\nTwo\n")
    assert ">Late</h1>" in made.get_body(("html",)).get_content()
    same = mail_with(msgspec.structs.replace(CONTENT, thread_subject=CONTENT.subject))
    assert same.get_body(("plain",)).get_content().startswith("One\n\nTwo\n")


def test_a_mail_can_be_stopped_by_one_click_where_it_is_of_consent():
    made = mail.mail_of(
        DELIVERY, CONTENT, sender="p@acme.example", sent_at=NOW, unsubscribe_url="https://plaudit.example/p/x"
    )
    assert made["List-Unsubscribe"] == "<https://plaudit.example/p/x>"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail_with(CONTENT)["List-Unsubscribe"] is None


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@given(st.text(max_size=300), st.text(max_size=600))
def test_nothing_that_strangers_write_changes_headers_or_structure_of_a_mail(subject, text):
    made = mail_with(Content(subject, text))
    assert sorted(made.keys()) == sorted(
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "In-Reply-To",
            "References",
            "List-Id",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "Content-Language",
            "MIME-Version",
            "Content-Type",
        ]
    )
    assert [part.get_content_type() for part in made.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    html = made.get_body(("html",)).get_content()
    assert {tag for tag, _ in Tags(html).found} <= {"html", "head", "meta", "body", "div", "h1", "p", "br"}
    made.as_bytes()


@pytest.mark.parametrize(("language", "direction"), [("he", "rtl"), ("ar-EG", "rtl"), ("en", "ltr"), ("de-AT", "ltr")])
def test_a_mail_is_in_the_direction_of_its_language(language, direction):
    html = mail_with(Content("s", "t", language=language)).get_body(("html",)).get_content()
    assert f'lang="{language}" dir="{direction}"' in html


def test_a_mail_without_a_template_looks_like_the_others():
    made = mail_with(Content("Payments <fail>", "One\nTwo\n\nThree", link="https://x.example/", link_label="Read more"))
    html = made.get_body(("html",)).get_content()
    assert "<h1" in html
    assert "Payments &lt;fail&gt;</h1>" in html
    assert "One<br>Two</p>" in html
    assert "background:#2f6f4f" in html.partition("Read more")[0]


def test_all_messages_of_an_alarm_have_one_name_and_one_begin_whatever_their_topics():
    data = {"kind": "sla_breach", "severity": "high", "raised_at": NOW - timedelta(hours=1)}
    begin = msgspec.structs.replace(CONTENT, data=data)
    end = msgspec.structs.replace(
        CONTENT, data={**data, "event_action": "resolve", "raised_at": "2026-03-02T08:00:00Z"}
    )
    later = msgspec.structs.replace(DELIVERY, topic="alert.resolved", created_at=NOW + timedelta(hours=1))
    [firing] = json.loads(alertmanager.request_of(DELIVERY, begin, "").body)["alerts"]
    [resolved] = json.loads(alertmanager.request_of(later, end, "").body)["alerts"]
    for name in ("labels", "fingerprint", "startsAt"):
        assert firing[name] == resolved[name], name
    assert resolved["endsAt"] == "2026-03-02T10:00:00Z"


def test_what_names_an_alarm_may_differ_from_the_thread_of_its_messages():
    named = msgspec.structs.replace(CONTENT, data={"alarm": "clock:9"})
    assert pagerduty.dedup_key(DELIVERY, named) == "default:clock:9"
    assert pagerduty.dedup_key(DELIVERY, CONTENT) == "default:clock:1"


def test_a_mail_that_may_be_there_already_says_so_under_the_same_id():
    sent = [
        mail.mail_of(
            msgspec.structs.replace(DELIVERY, possible_repeat=repeat), CONTENT, sender="p@acme.example", sent_at=NOW
        )
        for repeat in (False, True)
    ]
    assert [each["Plaudit-Possible-Repeat"] for each in sent] == [None, "true"]
    assert sent[0]["Message-ID"] == sent[1]["Message-ID"]


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("Ann@Café.example", b"To: ann@xn--caf-dma.example"),
        ("é@x.example", "To: é@x.example".encode()),
    ],
)
def test_an_address_is_written_as_servers_look_it_up(address, line):
    to = msgspec.structs.replace(DELIVERY, recipient=address)
    made = mail.mail_of(to, CONTENT, sender="p@acme.example", sent_at=NOW)
    assert line in made.as_bytes(policy=made.policy.clone(utf8=True))
