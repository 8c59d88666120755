"""What a reader finds in a header is what was given, and it is never a second header."""

from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

import pytest

from plaudit.common.mail.headers import MAIL_POLICY


def read(name: str, value: object):
    mail = EmailMessage(policy=MAIL_POLICY)
    mail[name] = value
    mail.set_content("text")
    sent = mail.as_bytes()
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    found = message_from_bytes(sent, policy=default)
    assert set(found.keys()) == {name, "Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    return found[name]


@pytest.mark.parametrize(
    "text",
    [
        "=?utf-8?q?a=0Ab?= and more",
        "=?utf-8?q?a=0D=0ABcc:_x=40y.example?=",
        "hello =?utf-8?q?world?=",
        "two  blanks, three   blanks",
        "Zu spät: eine Rezension mit einem sehr langen Titel über alles und noch mehr, äh, und nochmals mehr Wörter ja",
        "日本語" * 50,
        "an ASCII subject of many words that is longer than a line should be, " * 2 + "and ends",
        "😀" * 60,
        "",
    ],
)
def test_a_subject_arrives_as_it_was_given(text):
    assert read("Subject", text) == text


@pytest.mark.parametrize(
    "name", ["Plaudit", "=?utf-8?q?=0A?=", 'Müller, "x" \\ =?utf-8?q?w?=', 'Bob "B", <b@b.example>']
)
def test_a_senders_name_arrives_as_it_was_given(name):
    [address] = read("From", Address(name, addr_spec="a@b.example")).addresses
    assert (address.display_name, address.addr_spec) == (name, "a@b.example")


ID = f"<{'0' * 36}@notifications.customer-feedback.subsidiary.a-company-with-a-long-name.example>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("List-Unsubscribe", f"<https://reviews.example.com/preferences/{'x' * 600}/stop/invitation.sent>"),
        ("Message-ID", ID),
        ("In-Reply-To", ID),
        ("References", " ".join([ID] * 11)),
        ("List-Id", f"Plaudit, invitation <invitation.plaudit.{'a-company-with-a-long-name.' * 5}example>"),
    ],
)
def test_what_programs_read_is_never_encoded_however_long_its_words_are(name, value):
    mail = EmailMessage(policy=MAIL_POLICY)
    mail[name] = value
    mail.set_content("text")
    lines = mail.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ").split("\r\n")
    assert f"{name}: {value}" in lines
    assert read(name, value) == value


@pytest.mark.parametrize("value", ["<https://bücher.example/>", f"<https://x.example/{'x' * 980}>", "<a>\r\nBcc: x"])
def test_what_no_program_could_read_is_refused(value):
    with pytest.raises(ValueError, match=r"ASCII|at most|line breaks|linefeed"):
        read("List-Unsubscribe", value)


@pytest.mark.parametrize("text", ["a\nb", "a\r\nBcc: x@y.example", "a\0b"])
def test_a_line_break_is_refused(text):
    with pytest.raises(ValueError, match=r"line breaks|linefeed"):
        read("Subject", text)
    with pytest.raises(ValueError, match=r"line breaks|CR or LF"):
        read("From", Address(text, addr_spec="a@b.example"))
