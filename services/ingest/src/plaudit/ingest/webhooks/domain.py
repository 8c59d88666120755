"""One delivery: signed as its platform signs, checked as ingest checks it, and what an answer to it means."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from plaudit.common.strict_json import InvalidJsonError, loads
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.adapter import Adapter
from plaudit.ingest.platforms.proofs import NotProvenError, SharedSecretHeader

VARIABLE: Final = "PLAUDIT_WEBHOOK_SECRET"
"""That a secret is read from."""
JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
LINES_SUFFIXES: Final = (".ndjson", ".jsonl")
RETRIED: Final = frozenset({408, 425, 429})
MASK: Final = "(not shown)"
SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization"}
    | {adapter.proof.header.decode() for adapter in ADAPTERS.values() if isinstance(adapter.proof, SharedSecretHeader)}
)
"""Those whose value is a secret itself, and is never shown."""

_HOOK_PATH_PARTS: Final = 4
"""Of `/v1/hooks/{id}`, with the empty one in front; a token is one more."""


class Outcome(IntEnum):
    """What an answer means, as an exit code."""

    TAKEN = 0
    REFUSED = 1
    """Refused as it is, or not taken in each part: sent again, it would be so again."""
    UNCERTAIN = 3
    """Not answered, or to be sent again later."""


class NotSignableError(ValueError):
    """A delivery that cannot be signed as was asked; the text says why."""


@dataclass(frozen=True)
class Attempt:
    """What is stated for one attempt."""

    sent_id: str
    unix_seconds: float
    is_id_stated: bool = False
    """Whether somebody wants this id, so that a platform without ids must refuse it."""
    is_time_stated: bool = False


def signed_headers(adapter: Adapter, secret: str | None, body: bytes, attempt: Attempt) -> dict[str, str]:
    """Return the headers that prove a delivery, as its platform sends them.

    Args:
        adapter: of the platform.
        secret: of the sender; of a key pair the private one. None where the address is the proof.
        body: as it will be sent.
        attempt: its id and its time.

    Raises:
        NotSignableError: nobody but the platform can sign; it needs a secret; it sends no id or no time where one is
            stated; or it is no id.
        InvalidSecretError: the secret is none that the platform signs with.
    """
    proof = adapter.proof
    if not proof.is_for_any_sender:
        raise NotSignableError(f"nobody but {adapter.title} itself can send deliveries that are proven")
    if attempt.is_id_stated and proof.id_header is None:
        raise NotSignableError(f"{adapter.platform} sends no id of a delivery, so that none can be stated")
    if attempt.is_time_stated and proof.timestamp_header is None:
        raise NotSignableError(f"{adapter.platform} signs no time, so that none can be stated")
    if secret is None and not proof.in_address:
        raise NotSignableError(
            f"{adapter.platform} needs a secret: put it into {VARIABLE}, or name a file with --secret-file"
        )
    key = b"" if secret is None or proof.in_address else proof.signing_key(secret)
    try:
        return proof.sign(key, body, attempt.sent_id, attempt.unix_seconds)
    except (ValueError, OverflowError, OSError) as error:
        raise NotSignableError(str(error)) from error


def not_proven_reason(
    adapter: Adapter, secrets: Sequence[str], headers: Sequence[tuple[bytes, bytes]], path: str, body: bytes, now: float
) -> str | None:
    """Return why a delivery is not proven, as ingest says it; None for one that is.

    Args:
        adapter: of the platform.
        secrets: of which one must fit.
        headers: as they were received, with names in lower case.
        path: of the address as it was received; it ends in the token where the platform signs nothing.
        body: as it was received.
        now: Unix seconds.

    Raises:
        InvalidSecretError: a secret is none that the platform signs with.
    """
    keys = [adapter.proof.key(secret) for secret in secrets]
    try:
        adapter.proof.verify(headers, body, keys, now, unquote(path.rpartition("/")[2]))
    except NotProvenError as error:
        return f"{error.reason}: {error}"
    return None


def content_type_of(name: str) -> str:
    """Return the content type of a file by its name."""
    return LINES if name.endswith(LINES_SUFFIXES) else JSON


def with_token(url: str, adapter: Adapter, secret: str | None) -> str:
    """Return the address to post to: with the secret at its end where it belongs there and is not there yet."""
    parts = urlsplit(url)
    segments = parts.path.rstrip("/").split("/")
    if not adapter.proof.in_address or not secret or len(segments) > _HOOK_PATH_PARTS:
        return url
    return urlunsplit(parts._replace(path="/".join([*segments, quote(secret, safe="")])))


def origin_of(url: str) -> str:
    """Return an address without its path, in which a token may be."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def outcome(status: int, answer: bytes) -> Outcome:
    """Return what an answer means to its sender."""
    if status in RETRIED or status >= 500:
        return Outcome.UNCERTAIN
    if not 200 <= status < 300:
        return Outcome.REFUSED
    try:
        told = loads(answer)
    except InvalidJsonError:
        return Outcome.TAKEN
    lost = isinstance(told, dict) and (told.get("quarantined") or told.get("quarantine_reason"))
    return Outcome.REFUSED if lost else Outcome.TAKEN


def curl(headers: Mapping[str, str], url: str | None, data: str) -> str:
    """Return the curl command that sends a delivery, without any secret in it.

    A header that holds the secret itself is written from the variable, by a builtin of the shell, so that no list of
    processes shows it.

    Args:
        headers: to send.
        url: to post to; the variable HOOK without.
        data: what `--data-binary` gets.
    """
    secret = [name for name in headers if name in SECRET_HEADERS]
    shown = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items() if name not in SECRET_HEADERS]
    first = "".join(f"printf '%s: %s\\n' {name} \"${VARIABLE}\" | " for name in secret)
    arguments = [*(["-H @-"] if secret else []), *shown, '"$HOOK"' if url is None else shlex.quote(url)]
    return " \\\n  ".join([f"{first}curl -sS --data-binary {shlex.quote(data)}", *arguments])


def shown_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers for people to read: several of one name together, secrets masked."""
    shown: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        value = MASK if name in SECRET_HEADERS else value
        shown[name] = f"{shown[name]}, {value}" if name in shown else value
    return shown


def shown_path(path: str, adapter: Adapter) -> str:
    """Return a path for people to read: without the token of a platform that signs nothing."""
    return f"{path.rpartition('/')[0]}/{MASK}" if adapter.proof.in_address else path
