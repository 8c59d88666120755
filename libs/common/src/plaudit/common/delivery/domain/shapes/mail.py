"""A message as a mail: a plain part and a styled one, in one thread with what was said before.

Programs go by `References` for what belongs together. Gmail and Outlook want the same subject too, and show it once:
what each mail of such a thread tells is therefore its first line, which lists of mails show behind the subject.

A mail loads nothing and runs nothing. No text gets into a header but through the library that folds and encodes it.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final
from uuid import UUID, uuid5

from markupsafe import Markup, escape

from plaudit.common import mailbox
from plaudit.common.delivery.domain.message import Content, Delivery
from plaudit.common.mail import look
from plaudit.common.mail.headers import MAIL_POLICY, ask_for_no_reply
from plaudit.common.text import clean, cut, one_line

SENDER_NAME: Final = "Plaudit"
MAX_SUBJECT_CHARS: Final = 150
REPEAT_HEADER: Final = "Plaudit-Possible-Repeat"
"""Of a mail that its reader may have got already, under the same Message-ID."""
MAX_SENDER_CHARS: Final = 80
MAX_REFERENCES: Final = 10
"""To mails that told of a thread together with others, the last ones."""
RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
_ISOLATES: Final = ("\u2068", "\u2069")
_ISOLATE: Final = re.compile(f"([{''.join(_ISOLATES)}])")
_NOTHING: Final = Markup("")
_THREADS: Final = UUID("5d4d4a40-7a2a-5b5c-8a4e-3f4e2cf0d0a1")


def mail_of(
    delivery: Delivery,
    content: Content,
    *,
    sender: str,
    sent_at: datetime,
    unsubscribe_url: str = "",
    references: Sequence[UUID] = (),
) -> EmailMessage:
    """Return the mail of a delivery.

    Args:
        delivery: its id makes the Message-ID, the same at each attempt, so that a repeated mail can be recognised.
        content: what it says.
        sender: the address that it comes from.
        sent_at: for the header `Date`.
        unsubscribe_url: where a program of the reader's posts to stop such mails (RFC 8058); empty for none.
        references: mails in which its thread was told together with others, the oldest first.

    Raises:
        ValueError: an address that cannot be used.
    """
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(policy=MAIL_POLICY)
    mail["From"] = Address(cut(one_line(content.sender_name), MAX_SENDER_CHARS) or SENDER_NAME, addr_spec=sender)
    mail["To"] = _address(delivery.recipient)
    mail["Subject"] = cut(one_line(content.thread_subject or content.subject), MAX_SUBJECT_CHARS)
    mail["Date"] = sent_at
    mail["Message-ID"] = f"<{delivery.id}@{domain}>"
    if delivery.possible_repeat:
        mail[REPEAT_HEADER] = "true"
    if delivery.thread:
        # Nobody has sent a mail of this id. Programs show together what refers to the same one.
        root = f"<{uuid5(_THREADS, f'{delivery.tenant_id} {delivery.thread}')}@{domain}>"
        told = [f"<{each}@{domain}>" for each in references if each != delivery.id][-MAX_REFERENCES:]
        mail["In-Reply-To"] = told[-1] if told else root
        mail["References"] = " ".join((root, *told))
    if unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # RFC 2919: by it people sort what we send.
    topic = delivery.topic.partition(".")[0]
    mail["List-Id"] = f"Plaudit, {topic} <{topic.replace('_', '-')}.plaudit.{domain}>"
    ask_for_no_reply(mail)
    mail.set_content(text_of(content))
    mail.add_alternative(content.html or html_of(content), subtype="html")
    mail["Content-Language"] = content.language
    return mail


def _address(text: str) -> Address:
    """Return an address as servers look it up. One that is beyond ASCII before the @ goes to those that take it."""
    to = mailbox.parse(text)
    if to.local.isascii():
        return Address(addr_spec=f"{to.local}@{to.server_domain}")
    return Address(username=to.local, domain=to.server_domain)


def text_of(content: Content) -> str:
    """Return the plain part: what it tells where the subject does not, the text, and the one link below it."""
    # What isolates a foreign line in a text of ours stays; it is no part of a clean text.
    text = "".join(each if each in _ISOLATES else clean(each) for each in _ISOLATE.split(content.text)).strip()
    if content.thread_subject and content.thread_subject != content.subject:
        text = f"{one_line(content.subject)}\n\n{text}"
    return f"{text}\n\n{content.link_label}: {content.link}\n" if content.link else f"{text}\n"


def html_of(content: Content, below: Markup = _NOTHING) -> str:
    """Return the plain part as HTML, for a message whose sender has no template.

    Args:
        content: what it says.
        below: what stands below all of it.
    """
    paragraphs = [part for part in clean(content.text).split("\n\n") if part.strip()]
    body = [
        look.heading(one_line(content.subject)),
        *(look.paragraph(Markup("<br>").join(map(escape, part.splitlines()))) for part in paragraphs),
    ]
    if content.link:
        body.append(look.button(content.link, content.link_label))
    body.append(below)
    direction = direction_of(content.language)
    return look.page(Markup("").join(body), language=content.language, direction=direction)


def direction_of(language: str) -> str:
    """Return the direction that a language is written in: `ltr` or `rtl`."""
    return "rtl" if language.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"
