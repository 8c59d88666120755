"""A policy as people write it: YAML or JSON, with lengths of time in words such as `4 h` and shares such as `80 %`.

What a document says is checked here by itself. Whether its classes fit together is checked in `order.py`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from plaudit.alerting.calendars.domain import ALWAYS_NAME
from plaudit.alerting.calendars.domain.calendar import NAME_PATTERN as CALENDAR_PATTERN
from plaudit.alerting.policies.domain.conditions import MAX_STARS, MIN_STARS
from plaudit.alerting.policies.domain.metrics import METRICS, About, Metric, Rules
from plaudit.alerting.policies.domain.yaml_text import MAX_CHARS, InvalidYamlError, load, step
from plaudit.common.contracts import Origin
from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES
from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.names import checked_name, nearest
from plaudit.common.refusals import WrongInputError
from plaudit.common.strict_json import InvalidJsonError, loads
from plaudit.common.text import NOT_TEXT

MAX_CLASSES: Final = 100
MAX_VALUES: Final = 100
"""In one list of a condition."""
MAX_WARNINGS: Final = 10
MAX_ERRORS: Final = 50
"""Shown of one document."""
MIN_TARGET_SECONDS: Final = 60
MAX_TARGET_SECONDS: Final = 366 * 86_400
MAX_GRACE_SECONDS: Final = 7 * 86_400
MAX_NOTIFY_SECONDS: Final = 7 * 86_400
NAME_PATTERN: Final = r"^[a-z][a-z0-9-]{0,39}$"
LENGTH_RULE: Final = "a length of time is a whole number and `s`, `min`, `h` or `days`, such as `4 h`"

_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "day": 86_400, "days": 86_400}
_LENGTH: Final = re.compile(rf"([0-9]{{1,9}}) ?({'|'.join(_UNITS)})")
_PERCENT: Final = re.compile(r"([0-9]{1,3}) ?%")
_LANGUAGE: Final = r"^[a-z]{2,3}$"
_UNPRINTABLE: Final = re.compile(f"[{NOT_TEXT}]")
_FORMS: Final = {
    NAME_PATTERN: "a name has up to 40 small letters, digits and hyphens, and begins with a letter, such as `bad-1`",
    CALENDAR_PATTERN: "this is the name of a calendar, such as `office`, or `always`",
    _LANGUAGE: "a language is a code of two or three small letters, such as `de`",
}
"""What a text has to match, in words."""
_A_NUMBER: Final = "this is a number, without quotes"
_A_WHOLE_NUMBER: Final = "this is a whole number, without quotes, such as `2`"
_A_GROUP: Final = "members belong here, each with its name, such as `name: value`"
_A_LIST: Final = "this is a list, such as `[one, two]`"
_RULES: Final = {
    "string_type": "this is a text; one that looks like a number, or like `true`, stands in quotes",
    "string_too_short": "this has at least {min_length} characters",
    "string_too_long": "this has at most {max_length} characters",
    **dict.fromkeys(("int_type", "int_from_float", "int_parsing", "int_parsing_size"), _A_WHOLE_NUMBER),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _A_NUMBER),
    "bool_type": "this is `true` or `false`, without quotes",
    **dict.fromkeys(("list_type", "tuple_type"), _A_LIST),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _A_GROUP),
    "too_short": "the list has at least {min_length} values, and this one has {actual_length}",
    "too_long": "the list has at most {max_length} values",
    "less_than": "this is less than {lt}",
    "less_than_equal": "this is at most {le}",
    "greater_than": "this is more than {gt}",
    "greater_than_equal": "this is at least {ge}",
    **dict.fromkeys(("enum", "literal_error"), "there is no such value; known are {expected}"),
}
"""The model's name of a rule → the rule in words."""
OTHER_RULE: Final = "this is not what belongs here; compare it with the shipped document"


class Format(StrEnum):
    """How a document is written."""

    YAML = "yaml"
    JSON = "json"


class DocumentError(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in a document."""

    pointer: str
    """JSON pointer (RFC 6901) into the document; empty for the whole of it."""
    code: str
    """The rule that is broken, in one word."""
    detail: str
    """The rule in words, and what to do."""
    line: int | None = None
    """Of the text, from 1; none where it is not known."""


class WrongPolicyError(WrongInputError):
    """A document that is no policy; `errors` names each mistake."""

    def __init__(self, errors: Sequence[DocumentError]) -> None:
        """Take the mistakes, of which there is at least one."""
        self.errors = tuple(errors[:MAX_ERRORS])
        super().__init__("; ".join(in_words(each) for each in self.errors))


class Length(msgspec.Struct, frozen=True):
    """A length of time as it was written."""

    seconds: int
    in_days: bool = False
    """Whether it was said in days, which are no days in the open hours of a calendar."""


def _length(value: Any) -> Length:
    if isinstance(value, Length):
        return value
    match = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(LENGTH_RULE)
    return Length(int(match[1]) * _UNITS[match[2]], in_days=match[2].startswith("d"))


def _warning(value: Any) -> int | Length:
    """Return the percent of a share, or a length of time."""
    if isinstance(value, Length):
        return value
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        percent = int(match[1])
        if not 1 <= percent <= 99:
            raise ValueError("a share is from `1 %` to `99 %`")
        return percent
    try:
        return _length(value)
    except ValueError:
        raise ValueError(f"a warning comes after a share such as `80 %` or a length of time; {LENGTH_RULE}") from None


class Part(BaseModel):
    """A part of a document: it takes no member that it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


LengthIn = Annotated[Length, BeforeValidator(_length)]
WarningIn = Annotated[int | Length, BeforeValidator(_warning)]
Words = Annotated[list[str], Field(min_length=1, max_length=MAX_VALUES)]
Label = Annotated[str, AfterValidator(checked_name)]


class RatingIn(Part):
    """A range of whole stars: half a star counts up."""

    first: int = Field(default=MIN_STARS, alias="from", ge=MIN_STARS, le=MAX_STARS)
    last: int = Field(default=MAX_STARS, alias="to", ge=MIN_STARS, le=MAX_STARS)


class WhenIn(Part):
    """A condition. What is left out admits everything."""

    severity: Words | None = None
    rating: RatingIn | None = None
    kind: Words | None = None
    source: Annotated[list[Label], Field(min_length=1, max_length=MAX_VALUES)] | None = None
    platform: Annotated[list[Label], Field(min_length=1, max_length=MAX_VALUES)] | None = None
    subject: Words | None = None
    persona: Words | None = None
    topic: Words | None = None
    language: (
        Annotated[list[Annotated[str, Field(pattern=_LANGUAGE)]], Field(min_length=1, max_length=MAX_VALUES)] | None
    ) = None
    verified: bool | None = None
    origin: Words | None = None


class ClassIn(Part):
    """A class as it is written."""

    name: str = Field(pattern=NAME_PATTERN)
    metric: Annotated[Metric, Field(strict=False)]
    when: WhenIn = WhenIn()
    due_within: LengthIn
    calendar: str = Field(pattern=CALENDAR_PATTERN)
    warn_at: list[WarningIn] = Field(default=[], max_length=MAX_WARNINGS)
    grace: LengthIn | None = None
    notify_within: LengthIn | None = None


class PolicyIn(Part):
    """A policy as it is written."""

    title: Label
    classes: list[ClassIn] = Field(min_length=1, max_length=MAX_CLASSES)


_MODELS: Final[Mapping[int, type[BaseModel]]] = {1: PolicyIn, 3: ClassIn, 4: WhenIn, 5: RatingIn}


def read(text: str, written: Format) -> tuple[PolicyIn, Mapping[str, int]]:
    """Return what a document says, and pointer → line; no lines of JSON.

    Raises:
        WrongPolicyError: it is no policy; its errors say all that is wrong.
    """
    value, lines = loaded(text, written)
    try:
        policy = PolicyIn.model_validate(value)
    except ValidationError as error:
        raise WrongPolicyError(located((model_mistake(each, _MODELS) for each in error.errors()), lines)) from None
    errors = located(_mistakes(policy), lines)
    if errors:
        raise WrongPolicyError(errors)
    return policy, lines


def located(errors: Iterable[DocumentError], lines: Mapping[str, int]) -> list[DocumentError]:
    """Return mistakes with the lines of what they point to, or of the nearest value around it that has one."""
    return [msgspec.structs.replace(each, line=_line_of(each.pointer, lines)) for each in errors]


def in_words(error: DocumentError) -> str:
    """Return a mistake as one text: where, and what."""
    where = error.pointer or "the document"
    return f"{where}: {error.detail}" if error.line is None else f"line {error.line}, {where}: {error.detail}"


def loaded(text: str, written: Format) -> tuple[object, Mapping[str, int]]:
    """Return the value that a document holds, and pointer → line; no lines of JSON.

    Raises:
        WrongPolicyError: it is neither YAML nor JSON as they are read here.
    """
    if _UNPRINTABLE.search(text):
        raise WrongPolicyError([mistake("", "unreadable_text", "the text holds a character that cannot be printed")])
    if written is Format.YAML:
        try:
            return load(text)
        except InvalidYamlError as error:
            found = DocumentError(pointer=error.pointer, code="malformed", detail=str(error), line=error.line)
            raise WrongPolicyError([found]) from None
    if len(text) > MAX_CHARS:
        raise WrongPolicyError([mistake("", "too_long", f"a document may have {MAX_CHARS:,} characters")])
    try:
        return loads(text.encode(errors="replace")), {}
    except InvalidJsonError as error:
        raise WrongPolicyError([mistake("", "malformed", str(error))]) from None


def _line_of(pointer: str, lines: Mapping[str, int]) -> int | None:
    while pointer and pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer)


def mistake(pointer: str, code: str, detail: str) -> DocumentError:
    """Return a mistake of which the line is not known yet."""
    return DocumentError(pointer=pointer, code=code, detail=detail)


def model_mistake(error: Any, models: Mapping[int, type[BaseModel]]) -> DocumentError:
    """Return what a model found wrong, with the nearest known name where one was not known.

    Args:
        error: as pydantic tells it.
        models: the depth of a field in the document → the model that has the fields of that depth.
    """
    place, kind = error["loc"], error["type"]
    # The last step of a member that is not known, or is missing, is its name, whatever a writer has called it.
    named = place[-1:] if kind in {"extra_forbidden", "missing"} else ()
    steps = [*(each for each in place[: len(place) - len(named)] if not _is_of_library(each)), *named]
    pointer = ""
    for each in steps:
        pointer = step(pointer, each)
    if kind == "extra_forbidden":
        return mistake(pointer, "unknown_field", unknown("field", str(steps[-1]), _fields_beside(steps, models)))
    if kind == "enum":
        return mistake(pointer, "unknown_metric", unknown("metric", str(error["input"]), list(Metric)))
    if kind == "missing":
        return mistake(pointer, "missing", f"`{steps[-1]}` is missing")
    if kind == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        return mistake(pointer, "wrong_form", _FORMS.get(pattern, f"this has the form `{pattern}`"))
    if kind == "value_error":
        return mistake(pointer, kind, error["msg"].removeprefix("Value error, "))
    return mistake(pointer, kind, _RULES.get(kind, OTHER_RULE).format(**error.get("ctx", {})))


def _is_of_library(part: object) -> bool:
    """Say whether a step of a place is no member but one of the kinds that a value may be of."""
    return isinstance(part, str) and ("[" in part or part == "Length")


def _fields_beside(steps: Sequence[object], models: Mapping[int, type[BaseModel]]) -> list[str]:
    """Return the names that may stand where an unknown one does."""
    return [field.alias or name for name, field in models[len(steps)].model_fields.items()]


def unknown(noun: str, given: str, known: Sequence[str]) -> str:
    """Return that there is none of this name, and which may have been meant or which there are."""
    near = nearest(given, known, most=1)
    if near:
        return f"there is no such {noun}; did you mean `{near[0]}`?"
    return f"there is no such {noun}; known are {', '.join(f'`{each}`' for each in known)}"


def _mistakes(policy: PolicyIn) -> Iterator[DocumentError]:
    """Yield what is wrong with single classes, which the model does not know."""
    names: dict[str, int] = {}
    for place, each in enumerate(policy.classes):
        pointer = f"/classes/{place}"
        if each.name in names:
            detail = f"class {names[each.name] + 1} has this name too: each class has its own"
            yield mistake(f"{pointer}/name", "repeated_name", detail)
        names.setdefault(each.name, place)
        rules = METRICS[each.metric]
        yield from _mistakes_of_condition(each, rules, f"{pointer}/when")
        yield from _mistakes_of_times(each, rules, pointer)


def _mistakes_of_condition(each: ClassIn, rules: Rules, pointer: str) -> Iterator[DocumentError]:
    when = each.when
    if not rules.severities and when.severity:
        detail = f"`{each.metric}` treats all severities alike: leave it out"
        yield mistake(f"{pointer}/severity", "not_taken", detail)
    else:
        yield from _unknown_values(f"{pointer}/severity", "severity", when.severity, rules.severities)
    yield from _unknown_values(f"{pointer}/kind", f"kind for `{each.metric}`", when.kind, rules.kinds)
    if rules.about is About.INCIDENT:
        allowed = {"severity", "kind", "subject"}
        for name in sorted(when.model_fields_set - allowed):
            detail = "an incident has none: its conditions are over `severity`, `kind` and `subject`"
            yield mistake(f"{pointer}/{name}", "not_taken", detail)
        return
    yield from _unknown_values(f"{pointer}/persona", "persona", when.persona, list(PERSONA_TITLES))
    yield from _unknown_values(f"{pointer}/topic", "topic", when.topic, list(TOPIC_TITLES))
    yield from _unknown_values(f"{pointer}/origin", "origin", when.origin, list(Origin))
    if when.rating is not None and when.rating.first > when.rating.last:
        yield mistake(f"{pointer}/rating", "empty_range", "`from` is more than `to`: no rating is in the range")
    for place, subject in enumerate(when.subject or ()):
        if not is_subject(subject):
            yield mistake(f"{pointer}/subject/{place}", "wrong_subject", SUBJECT_RULE)


def _unknown_values(
    pointer: str, noun: str, values: Sequence[str] | None, known: Sequence[str]
) -> Iterator[DocumentError]:
    for place, value in enumerate(values or ()):
        if value not in known:
            yield mistake(f"{pointer}/{place}", "unknown_value", unknown(noun, value, known))


def _mistakes_of_times(each: ClassIn, rules: Rules, pointer: str) -> Iterator[DocumentError]:
    if not rules.takes_calendar and each.calendar != ALWAYS_NAME:
        detail = f"`{each.metric}` counts calendar time: say `{ALWAYS_NAME}`"
        yield mistake(f"{pointer}/calendar", "not_taken", detail)
    yield from out_of_bounds(f"{pointer}/due_within", each.due_within, MIN_TARGET_SECONDS, MAX_TARGET_SECONDS)
    yield from out_of_bounds(f"{pointer}/grace", each.grace, 0, MAX_GRACE_SECONDS)
    yield from out_of_bounds(f"{pointer}/notify_within", each.notify_within, 0, MAX_NOTIFY_SECONDS)
    if rules.takes_grace and each.grace is None:
        detail = "`grace` is missing: the least time to the due time once we have learned of it, such as `1 h`"
        yield mistake(f"{pointer}/grace", "missing", detail)
    if not rules.takes_grace and each.grace is not None:
        yield mistake(f"{pointer}/grace", "not_taken", f"`{each.metric}` takes none: leave it out")
    lengths = {"due_within": each.due_within, "grace": each.grace}
    for name, length in lengths.items():
        if length is not None and length.in_days and each.calendar != ALWAYS_NAME:
            detail = f"a day has 24 h, and only the open hours of `{each.calendar}` count: say it in hours"
            yield mistake(f"{pointer}/{name}", "days_of_open_hours", detail)
    yield from _mistakes_of_warnings(each, rules, f"{pointer}/warn_at")


def _mistakes_of_warnings(each: ClassIn, rules: Rules, pointer: str) -> Iterator[DocumentError]:
    seen: set[int | Length] = set()
    for place, warning in enumerate(each.warn_at):
        where = f"{pointer}/{place}"
        if warning in seen:
            yield mistake(where, "repeated_value", "this warning stands here twice")
        seen.add(warning)
        if isinstance(warning, int):
            if not rules.warns_by_percent:
                detail = f"`{each.metric}` warns after lengths of time, such as `24 h`"
                yield mistake(where, "not_taken", detail)
        elif not 0 < warning.seconds < each.due_within.seconds:
            yield mistake(where, "out_of_bounds", "a warning comes after the start and before the due time")
        elif warning.in_days and each.calendar != ALWAYS_NAME:
            yield mistake(where, "days_of_open_hours", "only open hours count: say it in hours")


def out_of_bounds(pointer: str, length: Length | None, least: int, most: int) -> Iterator[DocumentError]:
    """Yield that a length of time is beyond its bounds, if it is."""
    if length is not None and not least <= length.seconds <= most:
        detail = f"this is from {length_in_words(least)} to {length_in_words(most)}"
        yield mistake(pointer, "out_of_bounds", detail)


def length_in_words(seconds: int) -> str:
    """Return a length of time as documents write it, in the largest unit in which it is a whole number."""
    if seconds and seconds % 86_400 == 0 and seconds > 86_400 * 3:
        return f"{seconds // 86_400} days"
    if seconds and seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds and seconds % 60 == 0 else f"{seconds} s"
