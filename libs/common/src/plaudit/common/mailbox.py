"""The one notion of a mailbox: an e-mail address in any of its spellings is one mailbox, or is refused.

`Ann <ann@example.com>`, `mailto:ANN@example.com`, `ann@example.com.` and one with characters that show nothing are the
same mailbox; so are the two forms of an international domain, `xn--caf-dma.example` and `café.example`.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

import idna
import msgspec

from plaudit.common.refusals import WrongInputError
from plaudit.common.text import NOT_TEXT, UNSEEN, seen

MAX_CHARS: Final = 254
"""RFC 5321: what fits in a path of 256 with its brackets."""
RULE: Final = "this is not one e-mail address such as ada@example.com"
NOT_ASCII: Final = "not every mail server takes letters beyond ASCII before the @: give an address without them"

_NOT_PLAIN: Final = rf"\s@()<>\[\]:;,\\\"{NOT_TEXT}{UNSEEN}"
_LABEL: Final = rf"[^.{_NOT_PLAIN}]+"
ADDRESS_PATTERN: Final = rf"^\s*[^{_NOT_PLAIN}]+@{_LABEL}(?:\.{_LABEL})+\.?\s*$"
"""A plain address, for documents. Its other spellings are taken too: with a name and angle brackets, as a link."""
_PLAIN: Final = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
"""What most are, in small letters."""
_A_LABEL: Final = "xn--"
_NAMED: Final = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^"<>])*)<([^<>]*)>')
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCHEME: Final = "mailto:"
_SPECIAL: Final = re.compile(r'[\s@()<>\[\]:;,\\"\x00-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]')
"""What stands in no local part without quotes, and in no domain: RFC 5322 calls it special, or nobody can type it."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")
"""What nobody types, or what makes an address look like another one."""
_LITERAL: Final = re.compile(r"\[(?:ipv6:)?[0-9a-f.:]+\]")
_JOINERS: Final = "\u200c\u200d"


class NotAMailboxError(WrongInputError):
    """A text that is not one e-mail address; the text says what one looks like."""

    def __init__(self, rule: str = RULE) -> None:
        """Say the rule: the text itself is somebody's, and is not repeated."""
        super().__init__(rule)


class Mailbox(msgspec.Struct, frozen=True):
    """One mailbox in the form that is compared: small letters, NFC, an international domain in its own script."""

    local: str
    domain: str

    @property
    def address(self) -> str:
        """The address in this form: two texts are the same mailbox when their addresses are equal."""
        return f"{self.local}@{self.domain}"

    @property
    def server_domain(self) -> str:
        """The domain as servers look it up, in A-labels.

        Raises:
            NotAMailboxError: no server can have this name.
        """
        return ".".join(label if label.isascii() else _a_label(label) for label in self.domain.split("."))

    @property
    def server_address(self) -> str:
        """The address as every mail server takes it, in ASCII.

        Raises:
            NotAMailboxError: no server can have this name, or what stands before the @ is beyond ASCII: only some
                servers take such an address, and none may be silent about it.
        """
        if not self.local.isascii():
            raise NotAMailboxError(NOT_ASCII)
        address = f"{self.local}@{self.server_domain}"
        if len(address) > MAX_CHARS:
            raise NotAMailboxError
        return address


def parse(text: str) -> Mailbox:
    """Return the mailbox of an e-mail address in any spelling.

    Raises:
        NotAMailboxError: it is not the address of one mailbox.
    """
    lowered = text.strip().lower()
    if _PLAIN.fullmatch(lowered) and len(lowered) <= MAX_CHARS and _A_LABEL not in lowered:
        local, _, domain = lowered.partition("@")
        return Mailbox(local, domain)
    if _CONTROL.search(text.strip()):
        raise NotAMailboxError
    local, at, domain = _unwrapped(text).rpartition("@")
    if not at:
        raise NotAMailboxError
    mailbox = Mailbox(_local(local), _domain(domain))
    if len(mailbox.address) > MAX_CHARS:
        raise NotAMailboxError
    return mailbox


def server_address(text: str) -> str:
    """Return the address of an e-mail address in any spelling, as every mail server takes it.

    Raises:
        NotAMailboxError: it is not the address of one mailbox, or not one that every server takes.
    """
    return parse(text).server_address


def _unwrapped(text: str) -> str:
    """Return the address within a name and angle brackets, and within a `mailto:` link, in either order."""
    inner = text.strip()
    while True:
        before = inner
        if seen(inner).strip().lower().startswith(_SCHEME):
            inner = _of_link(inner)
        if named := _NAMED.fullmatch(seen(inner).strip()):
            _check_name(named[1])
            inner = named[2].strip()
        if inner == before:
            return inner


def _of_link(link: str) -> str:
    written = link[link.index(":") + 1 :].partition("?")[0]
    try:
        address = unquote(written, errors="strict")
    except UnicodeDecodeError:
        raise NotAMailboxError from None
    if _CONTROL.search(address):
        raise NotAMailboxError
    return address.strip()


def _check_name(name: str) -> None:
    """Refuse a list of addresses, of which only the last has brackets."""
    bare = _QUOTED.sub("", name)
    if "@" in bare and re.search("[,;]", bare):
        raise NotAMailboxError


def _local(text: str) -> str:
    local = unicodedata.normalize("NFC", seen(text).strip().lower())
    if not local:
        raise NotAMailboxError
    if _QUOTED.fullmatch(local):
        bare = re.sub(r"\\(.)", r"\1", local[1:-1])
        return local if not bare or _SPECIAL.search(bare) else bare
    if _SPECIAL.search(local):
        raise NotAMailboxError
    return local


def _domain(text: str) -> str:
    domain = unicodedata.normalize("NFC", text.strip().lower())
    if _LITERAL.fullmatch(seen(domain)):
        return seen(domain)
    mapped = _mapped(domain).removesuffix(".")
    if not all(mapped.split(".")) or _SPECIAL.search(mapped):
        raise NotAMailboxError
    return ".".join(map(_u_label, mapped.split(".")))


def _mapped(domain: str) -> str:
    """Return a domain as UTS 46 maps it; one that no server can have, as it is written, but for what is not seen."""
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False)
    except idna.IDNAError:
        mapped = ""
    labels = mapped.removesuffix(".").split(".")
    if not all(labels) or _SPECIAL.search(mapped) or not all(map(_joins_letters, labels)):
        bare = seen(domain)
        return bare if bare == domain else _mapped(bare)
    return mapped


def _joins_letters(label: str) -> bool:
    """Say whether each joiner of a label joins letters that it can join; any other one would not be seen."""
    return all(char not in _JOINERS or _is_valid_joiner(label, position) for position, char in enumerate(label))


def _is_valid_joiner(label: str, position: int) -> bool:
    try:
        return idna.valid_contextj(label, position)
    except ValueError:
        return False


def _u_label(label: str) -> str:
    """Return a label of a domain in its own script."""
    if not label.startswith(_A_LABEL):
        return label
    try:
        own = label.removeprefix(_A_LABEL).encode("ascii").decode("punycode")
        is_canonical = not own.isascii() and _mapped(own) == own and _a_label(own) == label
    except UnicodeError:
        raise NotAMailboxError from None
    if not is_canonical:
        raise NotAMailboxError
    return own


def _a_label(label: str) -> str:
    try:
        return _A_LABEL + label.encode("punycode").decode("ascii")
    except UnicodeError:
        raise NotAMailboxError from None
