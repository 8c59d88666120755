"""A link that is mailed: what it is for, and what its owner wanted to do before signing in."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.feedback_board.requests.domain.text import SLUG, clean_comment, clean_text, clean_title
from plaudit.feedback_board.visitors.domain.visitor import clean_display_name


class Purpose(StrEnum):
    """What a link does when its button is pressed, once."""

    SIGN_IN = "sign_in"
    EXPORT = "export"
    DELETION = "deletion"


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody wanted to do, and signed in for: it is done then."""

    vote: str = ""
    """The slug of a request to vote for."""
    title: str = ""
    """Of a request to make, with its text."""
    comment: str = ""
    """The slug of a request to comment on, with the text."""
    text: str = ""
    name: str = ""
    """That the person wants to be shown under."""
    form: str = ""
    """The id of the form that it was typed into."""


NO_INTENT: Final = Intent()
_FORM_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is stored."""

    tenant_id: str
    token_hash: bytes
    person_key: str
    purpose: Purpose
    address: str
    """The address that it was mailed to, sealed."""
    next_path: str
    intent: Intent
    expires_at: datetime


def read_intent(typed: Intent) -> Intent:
    """Return what somebody wants to do, by the fields of a form; what no form of ours can have sent is left out.

    Raises:
        InvalidInputError: words that cannot be a request or a comment.
    """
    vote, comment = _slug(typed.vote), _slug(typed.comment)
    form = typed.form if _FORM_ID.fullmatch(typed.form) else ""
    name = clean_display_name(typed.name) or ""
    if comment and typed.text:
        return Intent(comment=comment, text=clean_comment(typed.text), name=name, form=form)
    if not typed.title and not typed.text:
        return Intent(vote=vote)
    return Intent(vote=vote, title=clean_title(typed.title), text=clean_text(typed.text), name=name, form=form)


def _slug(text: str) -> str:
    return text if SLUG.fullmatch(text) else ""


def masked(address: str) -> str:
    """Return so much of an address that its owner knows it, and nobody learns it: `a…@example.com`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
