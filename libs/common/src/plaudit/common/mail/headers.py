"""Headers of a mail that hold foreign text: what was given is what a reader sees, and never a second header.

The library's own headers decode what looks encoded in a text that is set, so that a stranger's `=?utf-8?q?=0A?=` became
a line break, and lose or double blanks where they fold. These take texts as they are and encode them as a whole.

Headers that programs read, such as `List-Unsubscribe` and `References`, are never encoded: the library encodes a word
that is longer than its line, and RFC 2047, section 5, allows that in texts for people alone. No mail program finds an
address or the id of a mail in it.
"""

from email.header import Header
from email.headerregistry import Address, AddressHeader, BaseHeader, Group, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from typing import Any, Final

_BEGIN_OF_ENCODED: Final = "=?"
MAX_LINE_CHARS: Final = 76
MAX_WORD_CHARS: Final = 990
"""A line has 998 characters at most (RFC 5322, section 2.1.1), and a word is never broken."""
_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"'})


class TextHeader(BaseHeader):
    """One line of text."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Take the text as it is."""
        _check(value)
        kwds["parse_tree"], kwds["decoded"] = None, value

    def fold(self, *, policy: Policy) -> str:
        """Return the header as it is sent."""
        return f"{self.name}: {encoded(str(self), self.name, policy.linesep)}{policy.linesep}"


class OneAddressHeader(AddressHeader, BaseHeader):  # type: ignore[misc]  # the stubs have two signatures of init
    """One address, with a name or without."""

    max_count = 1

    @classmethod
    def parse(cls, value: Address, kwds: dict[str, Any]) -> None:  # type: ignore[override]  # set with an address alone
        """Take the address as it is."""
        _check(str(value))
        kwds["parse_tree"], kwds["groups"], kwds["decoded"] = None, [Group(None, [value])], str(value)

    def fold(self, *, policy: Policy) -> str:
        """Return the header as it is sent; an address beyond ASCII as it is, for servers that take it."""
        [address] = self.addresses
        name = address.display_name
        if not name:
            return f"{self.name}: {address.addr_spec}{policy.linesep}"
        words = encoded(name, self.name, policy.linesep)
        phrase = f'"{words.translate(_QUOTED)}"' if words == name else words
        return f"{self.name}: {phrase}{policy.linesep} <{address.addr_spec}>{policy.linesep}"


class WordsHeader(UnstructuredHeader, BaseHeader):
    """Words of ASCII for programs, with blanks between: addresses, ids of mails, names of languages."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Take the words as they are."""
        _check(value)
        if not value.isascii():
            raise ValueError("a header for programs has only ASCII characters")
        if any(len(word) > MAX_WORD_CHARS for word in value.split()):
            raise ValueError(f"a word of a header has at most {MAX_WORD_CHARS} characters")
        kwds["parse_tree"], kwds["decoded"] = None, value

    def fold(self, *, policy: Policy) -> str:
        """Return the header as it is sent: lines break at blanks alone, before a word that is too long for its line."""
        lines = [f"{self.name}:"]
        for word in str(self).split():
            is_first = lines == [f"{self.name}:"]
            if is_first or len(lines[-1]) + 1 + len(word) <= MAX_LINE_CHARS:
                lines[-1] += f" {word}"
            else:
                lines.append(f" {word}")
        return policy.linesep.join(lines) + policy.linesep


def encoded(text: str, name: str, linesep: str = "\r\n") -> str:
    """Return a text of one line as it stands in a header: plain ASCII as it is, anything else encoded as a whole."""
    if text.isascii() and _BEGIN_OF_ENCODED not in text:
        return text
    return Header(text, "utf-8", maxlinelen=MAX_LINE_CHARS, header_name=name).encode(linesep=linesep)


def _check(value: str) -> None:
    if any(char in value for char in "\r\n\0"):
        raise ValueError("a header has no line breaks")


_REGISTRY: Final = HeaderRegistry(default_class=WordsHeader)
_REGISTRY.map_to_type("subject", TextHeader)
_REGISTRY.map_to_type("from", OneAddressHeader)
_REGISTRY.map_to_type("to", OneAddressHeader)
_REGISTRY.map_to_type("message-id", WordsHeader)
MAIL_POLICY: Final = SMTP.clone(header_factory=_REGISTRY)
"""Of each mail of ours. `From` and `To` take one `Address`, `Subject` takes a text; what has no type takes words."""


def ask_for_no_reply(mail: EmailMessage) -> None:
    """Say that a program wrote a mail, so that no absence note answers it: by RFC 3834, and as Exchange reads it.

    That a mailbox does not exist is still answered.
    """
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
