"""YAML of unknown senders: values and the line of each, or the line of the mistake.

A subset of YAML 1.2 that reads the same everywhere: one document of mappings, lists and scalars. Anchors, aliases and
tags are refused, and so are keys that stand twice. A word is a text unless it is a number, `true`, `false` or `null`: a
language `no` stays one, which YAML 1.1 reads as false.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

MAX_CHARS: Final = 64 * 1024
MAX_NODES: Final = 5_000
MAX_DEPTH: Final = 12

_INT: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}(?:\.[0-9]{0,18})?)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class InvalidYamlError(ValueError):
    """A text that is not YAML as we read it; the words say why."""

    def __init__(self, line: int, reason: str, pointer: str = "") -> None:
        """Take the line, from 1, what is wrong there, and where it is in the document, if that is known."""
        super().__init__(reason)
        self.line = line
        self.pointer = pointer


def load(text: str) -> tuple[object, dict[str, int]]:
    """Return the value of a document, and JSON pointer → line, counted from 1, of each value in it.

    Raises:
        InvalidYamlError: it is not YAML, or beyond what is read here.
    """
    if len(text) > MAX_CHARS:
        raise InvalidYamlError(1, f"a document may have {MAX_CHARS:,} characters, and this one has {len(text):,}")
    try:
        return _Reading(text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise InvalidYamlError(line, _why(text, line, str(error.problem or error.context))) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise InvalidYamlError(line, "the text holds a character that YAML does not allow") from error


def step(pointer: str, name: str | int) -> str:
    """Return the pointer to a member of what a pointer shows (RFC 6901)."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


class _Reading:
    """Builds the value of one text from the parser's events, which come as they are asked for."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        self._nodes = 0
        self._lines: dict[str, int] = {}

    def document(self) -> tuple[object, dict[str, int]]:
        """Read the only document."""
        next(self._events)  # the start of the stream
        started = next(self._events)
        if isinstance(started, yaml.StreamEndEvent):
            raise InvalidYamlError(1, "the document is empty")
        value = self._value(next(self._events), "", 0)
        next(self._events)  # the end of the document
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise InvalidYamlError(_line(following), "a second document begins here: send one at a time")
        return value, self._lines

    def _value(self, event: Any, pointer: str, depth: int) -> object:
        self._count(event, depth)
        self._lines.setdefault(pointer, _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(pointer, depth)
        return self._mapping(pointer, depth)

    def _count(self, event: Any, depth: int) -> None:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise InvalidYamlError(_line(event), "anchors and aliases are not taken: write it out")
        if event.tag is not None:
            raise InvalidYamlError(_line(event), "tags are not taken: write plain values")
        if depth > MAX_DEPTH:
            raise InvalidYamlError(_line(event), f"values may be nested {MAX_DEPTH} deep")
        if self._nodes > MAX_NODES:
            raise InvalidYamlError(_line(event), f"a document may have {MAX_NODES:,} values")

    def _list(self, pointer: str, depth: int) -> list[object]:
        values: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, step(pointer, len(values)), depth + 1))
        return values

    def _mapping(self, pointer: str, depth: int) -> dict[str, object]:
        members: dict[str, object] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            self._count(key, depth + 1)
            if not isinstance(key, yaml.ScalarEvent):
                raise InvalidYamlError(_line(key), "the name of a member is a word", pointer)
            place = step(pointer, key.value)
            if key.value in members:
                raise InvalidYamlError(_line(key), f"`{key.value[:60]}` stands here twice", place)
            self._lines[place] = _line(key)
            members[key.value] = self._value(next(self._events), place, depth + 1)
        return members


def _why(text: str, line: int, reason: str) -> str:
    """Return what is wrong in a line: a tab, or an escape that only JSON has; else what the parser says."""
    if "Unicode character escape" in reason:
        return "no character has this escape: write the character itself, or send the document as JSON"
    lines = text.splitlines()[line - 1 : line]
    is_tab = "cannot start any token" in reason and any("\t" in each for each in lines)
    return "a tab stands here: indent with spaces" if is_tab else reason


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _scalar(event: Any) -> object:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    number = float(text) if _FLOAT.fullmatch(text) else math.inf
    return number if math.isfinite(number) else text
