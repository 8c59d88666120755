"""Updates, and what they say over each channel: hostile text stays text in all of them."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from plaudit.alerting.incidents.domain.incident import (
    Audience,
    Incident,
    Kind,
    Origin,
    Severity,
    State,
    WrongIncidentError,
    slug_of,
)
from plaudit.alerting.incidents.domain.messages import content_of, data_of
from plaudit.alerting.incidents.domain.update import PARTS, Update, Words, checked_texts
from plaudit.alerting.incidents.domain.wording import WORDINGS, direction
from plaudit.alerting.incidents.pages.writing import previews
from plaudit.common.delivery.domain.shapes import slack
from plaudit.common.delivery.domain.shapes.mail import html_of, text_of

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script> <!channel> @here <https://evil.example|click> "; DROP\r\nBcc: a@evil.example'
INCIDENT = Incident(
    tenant_id="default",
    id=UUID("0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"),
    slug="payments-fail-0f3b11",
    title="Payments fail",
    kind=Kind.INCIDENT,
    severity=Severity.URGENT,
    audience=Audience.PUBLIC,
    subjects=("acme/berlin",),
    state=State.OPEN,
    opened_from=Origin.HAND,
    opened_at=NOW,
    opened_by="key:a",
    changed_at=NOW,
)


def words(language="en", **members):
    parts = {"apology": "We are sorry.", "cause": "A cable.", "fix": "We mend it.", "prevention": "Two cables."}
    return Words(language=language, **(parts | members))


def update(*texts):
    return Update(
        tenant_id="default",
        incident_id=INCIDENT.id,
        number=1,
        severity=Severity.URGENT,
        state=State.OPEN,
        texts=checked_texts(texts),
        made_by="key:a",
        made_at=NOW,
    )


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_needed(part):
    with pytest.raises(WrongIncidentError) as refused:
        checked_texts([words(), words("de", **{part: " \u200b"})])
    assert (refused.value.field, str(refused.value)) == (f"/texts/1/{part}", PARTS[part])


def test_that_the_cause_is_not_known_is_said_in_the_language_of_the_text():
    said = [each.cause_in_words for each in update(words(cause=None), words("de", cause=None)).texts]
    assert said == ["We do not know the cause yet.", "Die Ursache kennen wir noch nicht."]


@pytest.mark.parametrize("texts", [[], [words(), words()], [words("tlh")], [words(fix="x" * 4_001)]])
def test_a_text_that_cannot_be_is_refused(texts):
    with pytest.raises(WrongIncidentError):
        checked_texts(texts)


def test_a_reader_gets_their_language_and_else_the_first():
    told = update(words("de", fix="Wir tauschen es."), words("ar", fix="نصلحه."))
    assert "Wir tauschen es." in content_of(INCIDENT, told, "de", "").text
    arabic = content_of(INCIDENT, told, "ar", "")
    assert (arabic.language, direction(arabic.language)) == ("ar", "rtl")
    assert 'dir="rtl"' in html_of(arabic)
    assert content_of(INCIDENT, told, "fr", "").language == "de"


def test_every_language_has_all_words_of_ours():
    for code, wording in WORDINGS.items():
        assert all(wording), code
        assert set(wording.states) == set(State), code
        assert set(wording.severities) == set(Severity), code


def test_the_link_leads_to_the_public_page_and_only_where_there_is_one():
    told = update(words())
    assert content_of(INCIDENT, told, "en", "https://p.example/").link == (
        "https://p.example/incidents/default/payments-fail-0f3b11"
    )
    internal = msgspec.structs.replace(INCIDENT, audience=Audience.INTERNAL)
    assert content_of(internal, told, "en", "https://p.example").link == ""


def test_hostile_text_stays_text_in_mail_slack_and_webhook():
    hostile = msgspec.structs.replace(INCIDENT, title=HOSTILE)
    content = content_of(hostile, update(words(apology=HOSTILE, fix=HOSTILE)), "en", "")
    assert "<script>" not in html_of(content)
    assert "<script>" in text_of(content)
    sent = msgspec.json.decode(slack.request_of(content).body)
    assert {block["text"]["type"] for block in sent["blocks"] if "text" in block} == {"plain_text"}
    assert "<!channel>" not in sent["text"]


def test_the_preview_has_each_channel_of_the_audience():
    told = update(words(), words("de"))
    names = [name for name, *_ in previews(INCIDENT, told, "")]
    assert names == ["Mail, English", "Mail, Deutsch", "Slack", "Teams", "Signed webhook", "Banner"]
    internal = msgspec.structs.replace(INCIDENT, audience=Audience.INTERNAL)
    assert [name for name, *_ in previews(internal, told, "")] == ["Slack", "Teams", "Signed webhook"]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Payments fail at the till!", "payments-fail-at-the-till-0f3b11"),
        ("Zahlungen über Nacht", "zahlungen-uber-nacht-0f3b11"),
        ("الدفع لا يعمل", "incident-0f3b11"),
        ("../../etc " * 20, "etc-etc-etc-etc-etc-etc-etc-etc-etc-etc-etc-etc-etc-etc-etc-0f3b11"),
    ],
)
def test_a_slug_is_letters_and_digits_with_the_end_of_the_id(title, slug):
    assert slug_of(title, INCIDENT.id) == slug


@pytest.mark.parametrize(
    ("state", "severity", "action", "level"),
    [
        (State.OPEN, Severity.URGENT, "trigger", "critical"),
        (State.MONITORING, Severity.IMPORTANT, "trigger", "error"),
        (State.RESOLVED, Severity.ROUTINE, "resolve", "warning"),
    ],
)
def test_programs_that_wake_people_hear_how_severe_it_is_and_that_it_is_over(state, severity, action, level):
    data = data_of(INCIDENT, msgspec.structs.replace(update(words()), state=state, severity=severity))
    assert (data["event_action"], data["event_severity"], data["severity"]) == (action, level, severity)
