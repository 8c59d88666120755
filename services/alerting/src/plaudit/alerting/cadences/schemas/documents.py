"""The document of the rules as a text, in JSON or in the YAML in which policies are written too."""

from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.schemas.rules import CadencesIn
from plaudit.alerting.policies.domain.yaml_text import MAX_CHARS, InvalidYamlError, load, step
from plaudit.alerting.policies.schemas import JSON_TYPE, YAML_TYPES
from plaudit.common.refusals import rule_in_words
from plaudit.common.strict_json import InvalidJsonError, loads

MAX_DOCUMENT_BYTES: Final = 4 * MAX_CHARS
MAX_FAULTS: Final = 20
NOT_JSON: Final = "not_json"
EXAMPLE_YAML: Final = f"""\
zone: Europe/Berlin
quiet_hours: {{start: 20:00, end: 08:00}}
cap: {{most: {DEFAULT.cap.most}, days: {DEFAULT.cap.days}}}
invitation_every_days: {DEFAULT.invitation_every_days}
review_at: https://www.trustpilot.com/evaluate/acme.example
rules:
  - id: invite-purchased
    title: Invite after a purchase
    purpose: invitation
    schedule: {{kind: after_event, event: purchased, days: [7]}}
    at: 10:00
    reminder_after_days: 7
"""


class Fault(NamedTuple):
    """What is wrong with a document, and where."""

    pointer: str
    rule: str
    code: str = "unreadable"
    line: int | None = None

    @property
    def words(self) -> str:
        """The rule, with the line where it is known."""
        return self.rule if self.line is None else f"line {self.line}: {self.rule}"


class UnreadableCadencesError(ValueError):
    """A text is no document of rules; `faults` says where and why."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{each.pointer}: {each.words}" for each in faults))
        self.faults = faults


def read_document(text: str, *, is_yaml: bool) -> CadencesIn:
    """Return the rules that a text holds.

    Raises:
        UnreadableCadencesError: it is not JSON or not YAML, or no document of rules.
    """
    value, lines = _yaml(text) if is_yaml else (_json(text), {})
    try:
        return CadencesIn.model_validate(value)
    except ValidationError as error:
        raise UnreadableCadencesError(
            [
                Fault(pointer, rule_in_words(each["msg"]), each["type"], _line(lines, pointer))
                for each in error.errors(include_input=False, include_url=False)[:MAX_FAULTS]
                for pointer in [_pointer(each["loc"])]
            ]
        ) from error


def document_body() -> dict[str, Any]:
    """Return the description of a body that is the rules, in JSON or YAML."""
    fields = CadencesIn.model_fields.items()
    example = {name: field.examples[0] for name, field in fields if field.examples}
    content: dict[str, Any] = {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/CadencesIn"}, "example": example}}
    content |= {kind: {"schema": {"type": "string"}, "example": EXAMPLE_YAML} for kind in YAML_TYPES}
    return {"requestBody": {"required": True, "content": content}}


def _json(text: str) -> object:
    try:
        return loads(text.encode())
    except InvalidJsonError as error:
        raise UnreadableCadencesError([Fault("", f"The text is not JSON: {error}", NOT_JSON)]) from error


def _yaml(text: str) -> tuple[object, dict[str, int]]:
    try:
        return load(text)
    except InvalidYamlError as error:
        fault = Fault(error.pointer, f"The text is not YAML as it is read here: {error}", line=error.line)
        raise UnreadableCadencesError([fault]) from error


def _pointer(place: tuple[int | str, ...]) -> str:
    """Return where something stands, without the kind of a schedule, which is no member of the document."""
    pointer = ""
    for number, name in enumerate(place):
        if not (number and place[number - 1] == "schedule"):
            pointer = step(pointer, name)
    return pointer


def _line(lines: dict[str, int], pointer: str) -> int | None:
    """Return the line of what a pointer shows; where that is missing, of what is above it."""
    while pointer and pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer)
