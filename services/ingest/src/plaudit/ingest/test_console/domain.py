"""What would become of a delivery: its proof step by step, what is signed, and what its events would make. Pure."""

import hmac
import json
import re
from base64 import b64decode, b64encode
from binascii import Error as InvalidBase64Error
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from itertools import product
from typing import Final

import msgspec

from plaudit.common.standard_webhooks import WRITTEN_PREFIX
from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.platforms.adapter import UnusableBodyError
from plaudit.ingest.platforms.proofs import (
    AsymmetricStandardWebhooks,
    HmacSignature,
    NoDeliveries,
    NotProvenError,
    OidcBearer,
    PathToken,
    Proof,
    SharedSecretHeader,
    StandardWebhooks,
    UnknownKeyError,
)

MAX_BODY_CHARS: Final = 262_144
MAX_HINTED_BYTES: Final = 65_536
"""Of a body whose signature is compared with those of common mistakes."""
OF_HEADERS: Final = frozenset({"missing_header", "repeated_header", "malformed_id", "too_many_signatures"})
OF_TIME: Final = frozenset({"malformed_timestamp", "milliseconds", "too_old", "too_new"})
UNKNOWN_KEY: Final = "unknown_key"
"""Not a fault: the issuer's keys are not read here."""
_MILLISECONDS_FROM: Final = 10**11

Headers = Sequence[tuple[bytes, bytes]]


class State(StrEnum):
    """How a step ends."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It cannot be told here, or an earlier step has to be mended first."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step that a delivery takes."""

    name: str
    state: State
    words: str


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature is made of."""

    signed: bytes | None = None
    """The bytes that are signed; None where none are, or a header that they need is missing."""
    expected: tuple[str, ...] = ()
    """What would fit: one for each secret of the source."""
    given: str | None = None
    skew_seconds: float | None = None
    """How far ahead of ours the sender's clock is; negative for one that is behind."""
    hint: str | None = None
    """The mistake that the given signature comes from, where it is a common one."""

    @property
    def fits(self) -> bool:
        """Whether one of the signatures that are given is one of those that are expected."""
        given = (self.given or "").split()
        return any(each in self.expected for each in (*given, self.given))


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """How far a delivery is proven."""

    sent_id: str | None
    error: NotProvenError | None
    steps: tuple[Step, ...]
    signature: Signature


def prove(proof: Proof, headers: Headers, body: bytes, secrets: Sequence[str], now: float, token: str | None) -> Proved:
    """Return step by step how far a delivery is proven, and what its signature is made of.

    Args:
        proof: of the source's platform.
        headers: with names in lower case.
        body: as it would be sent.
        secrets: of the source, as they are written; the tokens of its address where the platform signs nothing.
        now: Unix seconds.
        token: the end of the address that it would be sent to, where the secret is in it.
    """
    keys = [proof.key(secret) for secret in secrets]
    sent_id, error = None, None
    try:
        sent_id = proof.verify(headers, body, keys, now, token).sent_id
    except NotProvenError as failure:
        error = failure
    except UnknownKeyError:
        error = NotProvenError(UNKNOWN_KEY, "the token is meant for the source; its signature is not checked here")
    fields = dict(headers)
    signature = _signature(proof, fields, body, keys, now)
    if error is not None and signature.given is not None and not signature.fits:
        signature = msgspec.structs.replace(signature, hint=_hint(proof, fields, body, secrets, signature.given))
    return Proved(sent_id=sent_id, error=error, steps=tuple(_steps(proof, error, signature)), signature=signature)


def _steps(proof: Proof, error: NotProvenError | None, signature: Signature) -> Iterator[Step]:
    reason = None if error is None else error.reason
    words = "" if error is None else f"{str(error)[:1].upper()}{str(error)[1:]}."
    if proof.in_address:
        is_wrong = reason is not None
        fine = "The address ends in the secret token of the source."
        yield Step(name="address", state=State.WRONG if is_wrong else State.OK, words=words if is_wrong else fine)
        return
    names = ", ".join(name.decode() for name in proof.headers)
    headers_wrong = reason in OF_HEADERS
    yield Step(
        name="headers",
        state=State.WRONG if headers_wrong else State.OK,
        words=words if headers_wrong else f"All that prove it are there: {names}.",
    )
    if signature.skew_seconds is not None or reason in OF_TIME:
        yield _step_of_time(reason, words, signature)
    if headers_wrong or (reason in OF_TIME and not signature.expected):
        yield Step(name="signature", state=State.UNKNOWN, words="It is checked when what is told above is right.")
        return
    if reason == UNKNOWN_KEY:
        yield Step(name="signature", state=State.UNKNOWN, words=words)
        return
    matches = error is None or signature.fits
    fine = "It fits a secret of the source." if reason is None else "It fits; only what is told above is wrong."
    wrong = "It does not fit either." if reason in OF_TIME else words
    yield Step(name="signature", state=State.OK if matches else State.WRONG, words=fine if matches else wrong)


def _step_of_time(reason: str | None, words: str, signature: Signature) -> Step:
    if reason in OF_TIME:
        return Step(name="time", state=State.WRONG, words=words)
    skew = signature.skew_seconds or 0.0
    side = "ahead of ours" if skew > 0 else "behind ours"
    return Step(
        name="time", state=State.OK, words=f"The sender's clock is {abs(skew):.0f} s {side}, which is near enough."
    )


def _signature(
    proof: Proof, fields: Mapping[bytes, bytes], body: bytes, keys: Sequence[bytes], now: float
) -> Signature:
    match proof:
        case StandardWebhooks() | AsymmetricStandardWebhooks():
            id_, time_, given = (fields.get(name) for name in proof.headers)
            signed = None if not id_ or not time_ else b"%b.%b.%b" % (id_, time_, body)
            expected: tuple[str, ...] = ()
            if signed is not None and isinstance(proof, StandardWebhooks):
                expected = tuple(f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)
            return Signature(signed=signed, expected=expected, given=_text(given), skew_seconds=_skew(time_, now))
        case HmacSignature():
            time_ = None if proof.timestamp_header is None else fields.get(proof.timestamp_header)
            signed = body
            if proof.timestamp_header is not None:
                signed = None if not time_ else b"%b%b%b" % (time_, proof.separator, body)
            expected = () if signed is None else tuple(_written(proof, key, signed) for key in keys)
            offered = _text(fields.get(proof.header))
            return Signature(signed=signed, expected=expected, given=offered, skew_seconds=_skew(time_, now))
        case _:
            return Signature()


def _written(proof: HmacSignature, key: bytes, signed: bytes) -> str:
    mac = hmac.digest(key, signed, proof.digest)
    return proof.prefix.decode() + (mac.hex() if proof.encoding == "hex" else b64encode(mac).decode())


def _skew(stated: bytes | None, now: float) -> float | None:
    if stated is None:
        return None
    try:
        seconds = float(int(stated)) if stated.isdigit() else datetime.fromisoformat(stated.decode()).timestamp()
    except (ValueError, OverflowError):
        return None
    return (seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds) - now


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def explains(proof: Proof) -> str:
    """Return what is to be known of how a platform proves its deliveries."""
    match proof:
        case HmacSignature():
            over = "the body" if proof.timestamp_header is None else "the time and the body"
            name = f"HMAC-{proof.digest.upper()}"
            return f"{name} over {over}, in {proof.encoding}, in the header {proof.header.decode()}."
        case SharedSecretHeader():
            return f"The secret itself in the header {proof.header.decode()}; nothing is signed."
        case _:
            return _EXPLAINED.get(type(proof), "How the platform proves its deliveries is not explained here.")


_EXPLAINED: Final[Mapping[type, str]] = {
    StandardWebhooks: (
        "HMAC-SHA256 over id, time and body with full stops between them (Standard Webhooks v1), in base64."
    ),
    AsymmetricStandardWebhooks: (
        "Ed25519 over id, time and body with full stops between them (Standard Webhooks v1a). Only the sender's "
        "private key makes a signature, so none that would fit can be shown."
    ),
    OidcBearer: (
        "An OpenID token of the platform's issuer in the header authorization, for the address of the hook and the "
        "service account of the source. Only the issuer can make one; its signature is not checked here."
    ),
    NoDeliveries: "The platform posts nothing: its reviews are asked for. The content of a page can be tried here.",
    PathToken: "The end of the address is the secret; nothing is signed.",
}


# Common mistakes.


def _hint(proof: Proof, fields: Mapping[bytes, bytes], body: bytes, secrets: Sequence[str], given: str) -> str | None:
    """Return the common mistake that a signature comes from, of the fewest at once."""
    offered = _digests(given)
    if not offered or len(body) > MAX_HINTED_BYTES or not isinstance(proof, (StandardWebhooks, HmacSignature)):
        return None
    digest = "sha256" if isinstance(proof, StandardWebhooks) else proof.digest
    keys = [each for secret in secrets for each in _keys(proof, secret)]
    tried = product(keys, _bodies(body), _frames(proof, fields))
    for (key_words, key), (body_words, as_sent), (frame_words, before) in sorted(
        tried, key=lambda each: sum(bool(words) for words, _ in each)
    ):
        if hmac.digest(key, before + as_sent, digest) in offered:
            mistakes = [words for words in (key_words, body_words, frame_words) if words]
            return f"It was made {', and '.join(mistakes)}." if mistakes else "Only its spelling is wrong."
    return None


def _digests(given: str) -> set[bytes]:
    """Return the bytes that a signature may stand for, in hex or base64, without a prefix."""
    found: set[bytes] = set()
    for part in given.replace(",", " ").split():
        for text in (part, part.partition("=")[2]):
            with suppress(ValueError):
                found.add(bytes.fromhex(text))
            altchars = b"-_" if "-" in text or "_" in text else None
            with suppress(InvalidBase64Error, ValueError):
                found.add(b64decode(text + "=" * (-len(text) % 4), altchars=altchars))
    return {each for each in found if len(each) in {32, 64}}


def _keys(proof: Proof, secret: str) -> list[tuple[str, bytes]]:
    keys = [("", proof.key(secret))]
    if isinstance(proof, StandardWebhooks):
        keys.append(("with the secret as text, not with the bytes that its base64 stands for", secret.encode()))
        bare = secret.removeprefix(WRITTEN_PREFIX).encode()
        keys.append(("with the text after whsec_, not with the bytes that its base64 stands for", bare))
    elif re.fullmatch(r"[0-9a-fA-F]+", secret) and len(secret) % 2 == 0:
        keys.append(("with the bytes that the secret is in hex, not with its text", bytes.fromhex(secret)))
    return keys


def _bodies(body: bytes) -> list[tuple[str, bytes]]:
    bodies = [
        ("", body),
        ("over the body with a line end after it", body + b"\n"),
        ("over the body without the line end after it", body.rstrip(b"\r\n")),
        ("over the body with other line ends (CR LF)", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")),
        ("over the body with other line ends (LF)", body.replace(b"\r\n", b"\n")),
        ("over an empty body", b""),
    ]
    try:
        value = json.loads(body)
    except ValueError:
        return bodies
    for words, options in (
        ("over the body written again without spaces", {"separators": (",", ":"), "ensure_ascii": False}),
        ("over the body written again with spaces", {"ensure_ascii": False}),
        ("over the body written again without spaces, with \\u escapes", {"separators": (",", ":")}),
        ("over the body written again with spaces and \\u escapes", {}),
    ):
        bodies.append((words, json.dumps(value, **options).encode(errors="replace")))
    return bodies


def _frames(proof: Proof, fields: Mapping[bytes, bytes]) -> list[tuple[str, bytes]]:
    """Return what may stand before the body in what is signed, the right one first."""
    if isinstance(proof, StandardWebhooks):
        id_, time_ = (fields.get(name, b"") for name in proof.headers[:2])
        return [
            ("", b"%b.%b." % (id_, time_)),
            ("over the body alone, without id and time before it", b""),
            ("over time and body, without the id before them", b"%b." % time_),
            ("over id and body, without the time between them", b"%b." % id_),
            ("with the time before the id", b"%b.%b." % (time_, id_)),
        ]
    assert isinstance(proof, HmacSignature)
    if proof.timestamp_header is None:
        return [("", b"")]
    time_ = fields.get(proof.timestamp_header, b"")
    return [("", time_ + proof.separator), ("over the body alone, without the time before it", b"")]


# Bodies and events.


def unreadable_step(error: InvalidJsonError | UnusableBodyError) -> Step:
    """Return the step at which a body is refused as a whole."""
    name = "json" if isinstance(error, InvalidJsonError) else "shape"
    return Step(name=name, state=State.WRONG, words=f"{str(error)[:1].upper()}{str(error)[1:]}.")


def parse_headers(text: str) -> list[tuple[bytes, bytes]]:
    """Return headers that are typed or pasted one a line, `name: value`, with names in lower case.

    Raises:
        ValueError: a line is no header; the text says which.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
            raise ValueError(f"Line {number} is no header: write the name, a colon and the value.")
        found.append((name.strip().lower().encode(), value.strip().encode("latin-1", "replace")))
    return found


def written_headers(headers: Mapping[str, str]) -> str:
    """Return headers one a line, as `parse_headers` reads them."""
    return "".join(f"{name}: {value}\n" for name, value in headers.items())
