"""The fields of a custom source's events, found by the expressions of its mapping and read by the shared readers."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.common.strict_json import Unusable
from plaudit.ingest.platforms.expressions import BoundedInterpreter, ExpressionError
from plaudit.ingest.platforms.fields import MAX_VERSION
from plaudit.ingest.platforms.mapping import CREATED, EVENTS, CompiledMapping
from plaudit.ingest.platforms.payload import Fields, tags
from plaudit.ingest.reviews.domain.instructions import AnswerContent, Content
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES, Scale
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.sources.domain import KeyedSource

MAX_SHOWN_CHARS: Final = 100
"""Of an expression, where a reason names it."""

MAX_VERSION_DIGITS: Final = 19
NAMED_TAGS: Final = ("product", "location", "reference")
TAG_FIELDS: Final = (*NAMED_TAGS, "tags")

_KINDS: Final = {kind.value: kind for kind in Kind}


class MappedFields(Fields):
    """The fields of one event, by the expressions of a mapping."""

    __slots__ = ("_event", "_found", "_interpreter", "mapping")

    def __init__(
        self, event: dict[str, object], source: KeyedSource, mapping: CompiledMapping, interpreter: BoundedInterpreter
    ) -> None:
        """Read an event; the interpreter is that of its delivery."""
        super().__init__({}, source)
        self._event = event
        self._found: dict[str, object] = {}
        self._interpreter = interpreter
        self.mapping = mapping

    def get(self, path: str) -> object | UnsetType:
        """Return the value of a field, UNSET where its expression finds nothing or null."""
        if path not in self._found:
            self._found[path] = self._search(path)
        return self._found[path]

    def _search(self, path: str) -> object | UnsetType:
        expression = self.mapping.fields.get(path)
        if expression is None:
            return UNSET
        try:
            value = expression.search(self._event, self._interpreter)
        except ExpressionError as error:
            raise self.unreadable(path, str(error)) from error
        if isinstance(value, Unusable):
            raise self.unreadable(path, str(value))
        words = self.mapping.words.get(path)
        if words is not None and isinstance(value, str) and path != "event":
            return words.get(value.strip().casefold(), value)
        return UNSET if value is None else value

    def _place(self, path: str) -> str:
        expression = self.mapping.fields.get(path)
        return path if expression is None else f"{path} ({expression.text[:MAX_SHOWN_CHARS]})"


Reader = Callable[[MappedFields], object]


def read_event_name(event: MappedFields) -> str | None:
    """Return what happened; None if it is not about a review, by a word that is none of the mapping's."""
    if "event" not in event.mapping.fields:
        return CREATED
    word = event.name("event")
    if word is None:
        raise event.unreadable("event", "is missing")
    words = event.mapping.words.get("event")
    if words is None:
        return word if word in EVENTS else None
    return str(words[word.casefold()]) if word.casefold() in words else None


def read_version(event: MappedFields) -> int | None:
    """Return the number of a version; None for none."""
    written = event.name("version")
    if written is None:
        return None
    if not written.isdecimal() or len(written) > MAX_VERSION_DIGITS or int(written) > MAX_VERSION:
        raise event.unreadable("version", f"must be a whole number of at most {MAX_VERSION}")
    return int(written)


def read_content(event: MappedFields) -> Content:
    """Return what an event says of a review."""
    return Content(
        rating=_rating(event),
        scale=_scale(event),
        kind=_kind(event),
        published_at=event.time("published_at"),
        edited_at=event.time("edited_at"),
        title=event.text("title"),
        text=event.text("text"),
        language=event.language("language"),
        url=event.link("url"),
        person=event.person(email="author_email", person_id="author_id"),
        verified=event.flag("verified"),
        tags=_tags(event),
        answer=read_answer(event),
    )


def read_answer(event: MappedFields) -> AnswerContent | UnsetType:
    """Return the company's answer; UNSET where nothing is said of one."""
    return event.answer("answer", "answered_at")


def _kind(event: MappedFields) -> Kind | UnsetType:
    return event.word("kind", _KINDS)


def _scale(event: MappedFields) -> Scale | UnsetType:
    worst, best = event.number("scale_min"), event.number("scale_max")
    return UNSET if worst is UNSET or best is UNSET else Scale(worst, best)


def _rating(event: MappedFields) -> float | UnsetType:
    """Return the rating. Where the mapping says its kind or scale, an event without them has none to be read on."""
    if event.get("rating") is UNSET:
        return UNSET
    for name in ("kind", "scale_min", "scale_max"):
        if name in event.mapping.fields and event.get(name) is UNSET:
            raise event.unreadable(name, "is missing")
    kind, scale = _kind(event), _scale(event)
    known_kind = Kind.STARS if kind is UNSET else kind
    return event.rating("rating", DEFAULT_SCALES[known_kind] if scale is UNSET else scale, known_kind)


def _tags(event: MappedFields) -> tuple[str, ...] | UnsetType:
    if all(event.get(name) is UNSET for name in TAG_FIELDS):
        return UNSET
    named = {name: event.name(name) for name in NAMED_TAGS}
    return tags(*event.texts("tags"), **named)


def _time(name: str) -> Reader:
    return lambda event: event.time(name)


def _text(name: str) -> Reader:
    return lambda event: event.text(name)


def _name(name: str) -> Reader:
    return lambda event: event.name(name)


READERS: Final[Mapping[str, Reader]] = {
    "event": read_event_name,
    "id": lambda event: event.id("id"),
    "version": read_version,
    "removed": lambda event: event.flag("removed"),
    "rating": _rating,
    "kind": _kind,
    "scale_min": _scale,
    "scale_max": _scale,
    **{name: _time(name) for name in ("published_at", "edited_at", "answered_at")},
    **{name: _text(name) for name in ("title", "text", "answer", "author_email")},
    **{name: _name(name) for name in ("author_id", *NAMED_TAGS)},
    "language": lambda event: event.language("language"),
    "url": lambda event: event.link("url"),
    "verified": lambda event: event.flag("verified"),
    "tags": lambda event: event.texts("tags"),
}
"""Each field → what reads it by itself, to say all that is wrong with an event at once."""
