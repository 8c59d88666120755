"""What a mail server's answers mean: of the mail, of its recipient, or of the server."""

from email.headerregistry import Address
from email.message import EmailMessage

import pytest

from plaudit.common.mail.headers import MAIL_POLICY
from plaudit.common.mail.smtp import MailFailedError, MailRefusedError, smtp_sender
from plaudit.common.settings import Settings
from plaudit_testing.scripted_smtp import CUT, open_scripted_smtp


@pytest.fixture
async def server():
    async with open_scripted_smtp() as opened:
        yield opened


def a_mail(to: str = "ann@acme.example") -> EmailMessage:
    local, _, domain = to.partition("@")
    mail = EmailMessage(policy=MAIL_POLICY)
    mail["From"] = Address("Plaudit", addr_spec="plaudit@acme.example")
    mail["To"] = Address(username=local, domain=domain)
    mail["Subject"] = "Late"
    mail.set_content("It is late.")
    return mail


async def sent(server, to: str = "ann@acme.example", **settings) -> None:
    given = {"database_url": "postgresql://nobody@127.0.0.1/none", "smtp_host": "127.0.0.1", "smtp_port": server.port}
    await smtp_sender(Settings.model_validate({**given, "smtp_timeout_seconds": 5.0, **settings}))(a_mail(to))


@pytest.mark.parametrize(
    "answer",
    [
        b"452 4.2.2 mailbox full",
        b"452 mailbox full",
        b"450 4.2.1 try later",
        b"451 4.7.1 greylisted",
        b"450 4.4.1 no route to the mailbox's host",
    ],
)
async def test_a_mailbox_that_takes_nothing_now_says_nothing_about_the_server(server, answer):
    server.answers["RCPT"] = answer
    with pytest.raises(MailFailedError) as raised:
        await sent(server)
    assert raised.value.is_of_the_recipient
    assert not raised.value.may_have_arrived


async def test_a_mailbox_that_is_full_after_the_mail_was_sent_says_nothing_about_the_server(server):
    server.answers["."] = b"452 4.2.2 mailbox full"
    with pytest.raises(MailFailedError) as raised:
        await sent(server)
    assert raised.value.is_of_the_recipient


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("RCPT", b"530 5.7.0 authentication required"),
        ("RCPT", b"550 5.7.9 authentication mechanism is too weak"),
        ("RCPT", b"452 4.3.1 system full"),
        ("RCPT", b"552 5.3.1 system full"),
        ("RCPT", b"550 5.4.5 Daily user sending limit exceeded"),
        ("RCPT", b"550 5.1.90 you have reached your daily limit for message recipients"),
        ("RCPT", b"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"),
        (".", b"550-5.4.5 Daily user sending limit exceeded.\r\n550 5.4.5 - gsmtp"),
        ("RCPT", b"503 sign in first"),
        ("RCPT", b"421 closing"),
        ("MAIL", b"530 5.7.0 authentication required"),
        ("MAIL", b"550 5.7.1 this sender is not allowed"),
        ("DATA", b"530 authentication required"),
        (".", b"451 try later"),
        (".", b"535 5.7.8 credentials"),
        ("GREETING", b"554 no service here"),
        ("EHLO", CUT),
    ],
)
async def test_what_is_wrong_with_the_server_or_its_settings_can_be_mended_and_is_tried_again(server, verb, answer):
    server.answers[verb] = answer
    with pytest.raises(MailFailedError) as raised:
        await sent(server)
    assert not raised.value.is_of_the_recipient
    assert not raised.value.may_have_arrived


async def test_a_wrong_password_is_tried_again(server):
    server.answers |= {"EHLO": b"250-scripted\r\n250 AUTH PLAIN", "AUTH": b"535 5.7.8 no"}
    with pytest.raises(MailFailedError) as raised:
        await sent(server, smtp_username="a", smtp_password="b")
    assert not raised.value.is_of_the_recipient


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("RCPT", b"550 5.1.1 no such user"),
        ("RCPT", b"550 no such user"),
        (".", b"554 5.6.0 no"),
        ("MAIL", b"552 5.3.4 too big"),
    ],
)
async def test_what_will_never_be_taken_is_refused(server, verb, answer):
    server.answers[verb] = answer
    with pytest.raises(MailRefusedError):
        await sent(server)


@pytest.mark.parametrize(
    ("verb", "answer", "is_gone"),
    [
        ("RCPT", b"550 5.1.1 no such user", True),
        ("RCPT", b"550 no such user", True),
        ("RCPT", b"550 5.2.1 mailbox disabled", True),
        ("RCPT", b"556 5.1.10 domain takes no mail", True),
        (".", b"550 5.1.1 no such user", True),
        ("RCPT", b"552 5.2.2 mailbox full", False),
        ("RCPT", b"554 5.7.1 Service unavailable; client host is blocked", False),
        ("RCPT", b"550 5.7.1 spam", False),
        ("RCPT", b"554 no", False),
        (".", b"550 5.7.1 spam", False),
        (".", b"550 no", False),
    ],
)
async def test_a_mailbox_is_gone_where_its_server_says_so_and_not_where_it_refuses_this_mail_or_us(
    server, verb, answer, is_gone
):
    server.answers[verb] = answer
    with pytest.raises(MailRefusedError) as raised:
        await sent(server)
    assert raised.value.is_mailbox_gone is is_gone


@pytest.mark.parametrize("end", [CUT, b"what is this", b"\xff\xfe"])
async def test_a_mail_that_was_handed_over_and_not_confirmed_may_have_arrived(server, end):
    server.answers["."] = end
    with pytest.raises(MailFailedError, match="may have got it") as raised:
        await sent(server)
    assert raised.value.may_have_arrived
    assert len(server.got) == 1


async def test_a_server_that_hangs_after_the_mail_may_have_taken_it(server):
    def hangs(_line: str) -> bytes:
        return b"250-goes on"  # a line that is never followed by the last one

    server.answers["."] = hangs
    with pytest.raises(MailFailedError) as raised:
        await sent(server, smtp_timeout_seconds=0.3)
    assert raised.value.may_have_arrived


@pytest.mark.parametrize("answer", [b"250 angenommen: f\xfcr Sie", b"250-\xff\r\n250 \xfe", b"252 taken"])
async def test_an_acceptance_is_one_whatever_its_bytes(server, answer):
    server.answers["."] = answer
    await sent(server)
    assert len(server.got) == 1


async def test_bytes_of_an_answer_that_are_no_utf_8_are_read_as_latin_1(server):
    server.answers["RCPT"] = b"550 unbekannter Empf\xe4nger"
    with pytest.raises(MailRefusedError) as raised:
        await sent(server)
    assert "Empfänger" in str(raised.value)
    str(raised.value).encode()


async def test_an_address_beyond_ascii_goes_to_a_server_that_takes_it_and_is_refused_in_words_by_others(server):
    with pytest.raises(MailRefusedError, match="SMTPUTF8"):
        await sent(server, "é@x.example")
    assert server.got == []
    server.answers["EHLO"] = b"250-scripted\r\n250-8BITMIME\r\n250 SMTPUTF8"
    await sent(server, "é@x.example")
    assert server.recipients == ["é@x.example"]
    assert "To: é@x.example".encode() in server.got[0]
