"""Mails as files: one .eml for each, up to a stated number."""

import email
import email.policy
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

KEPT_MAX = 2000
NAME_FORMAT = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True)
class Mail:
    """One mail, as far as a reader needs it."""

    id: str
    received_at: datetime
    sender: str
    recipients: str
    subject: str
    text: str


class _Text(HTMLParser):
    """The words of an HTML mail, for one that has no plain part."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._hidden = 0
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in {"script", "style", "head"}
        if tag in {"p", "br", "div", "tr", "li", "h1", "h2", "h3"}:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style", "head"}

    def handle_data(self, data: str) -> None:
        if self._hidden <= 0:
            self.parts.append(data)


class MailStore:
    """A folder of mails. File names begin with the time of receipt, so that they sort by it."""

    def __init__(self, folder: Path, kept_max: int = KEPT_MAX) -> None:
        self._folder = folder
        self._kept_max = kept_max
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, content: bytes, now: datetime) -> str:
        """Keep a mail, byte for byte; delete the oldest ones beyond the number kept. Return its id."""
        name = f"{now.astimezone(UTC).strftime(NAME_FORMAT)}-{secrets.token_hex(4)}"
        half = self._folder / f".{name}.part"
        half.write_bytes(content)
        half.rename(self._folder / f"{name}.eml")
        for path in self._newest_first()[self._kept_max :]:
            path.unlink(missing_ok=True)
        return name

    def newest(self, limit: int) -> Iterator[Mail]:
        """Yield the newest mails, the newest first."""
        for path in self._newest_first()[:limit]:
            yield _read(path)

    def get(self, mail_id: str) -> Mail | None:
        """Return one mail; None when there is none with this id."""
        known = {path.stem: path for path in self._newest_first()}
        return _read(known[mail_id]) if mail_id in known else None

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("*.eml"), reverse=True)


def _read(path: Path) -> Mail:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return Mail(
        id=path.stem,
        received_at=datetime.strptime(path.stem.partition("-")[0], NAME_FORMAT).replace(tzinfo=UTC),
        sender=_header(message, "from"),
        recipients=_header(message, "to"),
        subject=_header(message, "subject"),
        text=_text(message),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, "")).strip()
    except (ValueError, IndexError, AttributeError, TypeError):
        # The standard library's header parser raises on some malformed headers.
        return ""


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        content = str(body.get_content())
    except (LookupError, ValueError):
        content = body.as_bytes().decode(errors="replace")
    if body.get_content_subtype() == "html":
        parser = _Text()
        parser.feed(content)
        content = "".join(parser.parts)
    return content.strip()
