"""The mapping of a custom source: what stands where in its payloads, as data, and what proves its deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec

from plaudit.ingest.platforms.adapter import Tells, Way
from plaudit.ingest.platforms.expressions import Expression, ExpressionError
from plaudit.ingest.platforms.proofs import (
    AsymmetricStandardWebhooks,
    Digest,
    HmacSignature,
    PathToken,
    Proof,
    SharedSecretHeader,
    StandardWebhooks,
)
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.sources.domain import InvalidMappingError, InvalidMember

REQUIRED: Final = ("id", "rating", "published_at")
FIELDS: Final = (
    *REQUIRED,
    *("event", "edited_at", "version", "removed"),
    *("title", "text", "language", "url", "verified"),
    *("kind", "scale_min", "scale_max"),
    *("author_id", "author_email"),
    *("answer", "answered_at"),
    *("product", "location", "reference", "tags"),
)
CREATED, EDITED, REMOVED, RESTORED, ANSWERED = "created", "edited", "removed", "restored", "answered"
EVENTS: Final = (CREATED, EDITED, REMOVED, RESTORED, ANSWERED)
MAX_WORDS: Final = 50
"""Of one field."""
CACHED_MAPPINGS: Final = 1_000

_WORD_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "event": (str,),
    "kind": (str,),
    "rating": (int, float),
    "removed": (bool,),
    "verified": (bool,),
}
_CHOICES: Final = {"event": EVENTS, "kind": tuple(Kind)}


class ProofSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What proves the deliveries of a source; what each member means is said by `proofs`."""

    kind: Literal["standard-webhooks", "standard-webhooks-v1a", "hmac", "secret-header", "path-token"]
    header: str = ""
    digest: Digest = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str | None = None
    timestamp_form: Literal["seconds", "either", "iso"] = "seconds"
    separator: str = "."
    id_header: str | None = None

    def proof(self) -> Proof:
        """Return the proof."""
        if self.kind == "standard-webhooks":
            return StandardWebhooks()
        if self.kind == "standard-webhooks-v1a":
            return AsymmetricStandardWebhooks()
        id_header = _header(self.id_header)
        if self.kind == "path-token":
            return PathToken(id_header=id_header)
        if self.kind == "secret-header":
            return SharedSecretHeader(header=self.header.lower().encode(), id_header=id_header)
        return HmacSignature(
            header=self.header.lower().encode(),
            digest=self.digest,
            encoding=self.encoding,
            prefix=self.prefix.encode(),
            timestamp_header=_header(self.timestamp_header),
            timestamp_form=self.timestamp_form,
            separator=self.separator.encode(),
            id_header=id_header,
        )


class MappingSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping as it is written."""

    fields: dict[str, str]
    """The name of a field → the expression that finds its value in an event."""
    proof: ProofSpec
    events: str | None = None
    """The expression that finds the events of a body: an array, or one object. Without, the body itself is that."""
    words: dict[str, dict[str, str | bool | int | float]] = {}
    """The name of a field → what its words stand for."""


@dataclass(frozen=True)
class CompiledMapping:
    """A mapping that is checked and ready."""

    fields: Mapping[str, Expression]
    events: Expression | None
    words: Mapping[str, Mapping[str, str | bool | float]]
    """Of the words in lower case."""
    proof: Proof
    tells: Tells


@lru_cache(maxsize=CACHED_MAPPINGS)
def compiled(mapping: str) -> CompiledMapping:
    """Return a mapping that is written as JSON, checked and ready.

    Raises:
        InvalidMappingError: it is none; it names each member that is wrong.
    """
    try:
        spec = msgspec.json.decode(mapping, type=MappingSpec)
    except msgspec.DecodeError as error:
        raise InvalidMappingError([InvalidMember("", str(error))]) from error
    wrong: list[InvalidMember] = []
    fields = {
        name: expression
        for name, text in spec.fields.items()
        if (expression := _expression(f"/fields/{name}", text, wrong)) is not None
    }
    events = None if spec.events is None else _expression("/events", spec.events, wrong)
    wrong += [InvalidMember(f"/fields/{name}", "is missing") for name in REQUIRED if name not in spec.fields]
    wrong += [InvalidMember(f"/fields/{name}", "is no field") for name in spec.fields if name not in FIELDS]
    wrong += _wrong_pairs(spec.fields)
    wrong += _wrong_words(spec.words)
    if spec.proof.kind in {"hmac", "secret-header"} and not spec.proof.header:
        wrong.append(InvalidMember("/proof/header", "is missing"))
    if wrong:
        raise InvalidMappingError(wrong)
    words = {name: {_folded(word): value for word, value in table.items()} for name, table in spec.words.items()}
    return CompiledMapping(fields, events, words, spec.proof.proof(), _tells(spec))


def wrong_expressions(texts: Mapping[str, str | None]) -> dict[str, str]:
    """Return which of these expressions are none: the name of each → why. None stands for one that is not there."""
    wrong: list[InvalidMember] = []
    for name, text in texts.items():
        if text is not None:
            _expression(name, text, wrong)
    return {each.pointer: each.reason for each in wrong}


def _expression(pointer: str, text: str, wrong: list[InvalidMember]) -> Expression | None:
    try:
        return Expression(text)
    except ExpressionError as error:
        wrong.append(InvalidMember(pointer, str(error)))
        return None


def _wrong_pairs(fields: Mapping[str, str]) -> list[InvalidMember]:
    """Return what is wrong with fields that mean something only together."""
    wrong = []
    for name, other in (("scale_min", "scale_max"), ("scale_max", "scale_min"), ("answered_at", "answer")):
        if name in fields and other not in fields:
            wrong.append(InvalidMember(f"/fields/{other}", f"is missing: {name} is of no use without it"))
    return wrong


def _wrong_words(words: Mapping[str, Mapping[str, Any]]) -> list[InvalidMember]:
    wrong = []
    for name, table in words.items():
        if name not in _WORD_TYPES:
            wrong.append(InvalidMember(f"/words/{name}", f"has no words; {', '.join(_WORD_TYPES)} have"))
            continue
        if not 1 <= len(table) <= MAX_WORDS:
            wrong.append(InvalidMember(f"/words/{name}", f"has 1 to {MAX_WORDS} words"))
        if len({_folded(word) for word in table}) < len(table):
            wrong.append(InvalidMember(f"/words/{name}", "has a word twice: case and space around it do not count"))
        if not all(_fits(name, value) for value in table.values()):
            wrong.append(InvalidMember(f"/words/{name}", f"must be {_wanted(name)}"))
    return wrong


def _fits(name: str, value: object) -> bool:
    if name in _CHOICES:
        return value in _CHOICES[name]
    return type(value) in _WORD_TYPES[name]


def _wanted(name: str) -> str:
    if name in _CHOICES:
        return "one of " + ", ".join(_CHOICES[name])
    return "numbers" if name == "rating" else "true or false"


def _tells(spec: MappingSpec) -> Tells:
    """Return what a source with this mapping tells."""
    events = _events(spec)

    def if_any(*signs: bool) -> Way:
        return "push" if any(signs) else "never"

    return Tells(
        edits=if_any(EDITED in events, "edited_at" in spec.fields, "version" in spec.fields),
        removals=if_any(REMOVED in events, "removed" in spec.fields),
        restorations=if_any(RESTORED in events, "removed" in spec.fields),
        answers=if_any(ANSWERED in events, "answer" in spec.fields),
        versions=if_any("version" in spec.fields),
        verified=if_any("verified" in spec.fields),
        location=if_any("location" in spec.fields),
    )


def _events(spec: MappingSpec) -> set[object]:
    """Return what can happen to a review."""
    if "event" not in spec.fields:
        return {CREATED}
    return set(spec.words["event"].values()) if "event" in spec.words else set(EVENTS)


def _folded(word: str) -> str:
    return word.strip().casefold()


def _header(name: str | None) -> bytes | None:
    return None if name is None else name.lower().encode()
