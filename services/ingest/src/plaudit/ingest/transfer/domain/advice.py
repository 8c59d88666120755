"""What an error says to do, in the words of where it is read: options, fields of the API, labels of a form."""

from enum import Enum
from typing import Final, NamedTuple


class Place(Enum):
    """Where somebody reads what is wrong with a file."""

    COMMAND_LINE = "command line"
    API = "API"
    PAGE = "page"
    IMPORT = "import"
    """What an import tells while it is carried out: it is read in the API and on the page."""


class Setting(NamedTuple):
    """How a file is read, as it is named in one place."""

    name: str
    place: Place
    label: str
    """Of its field on the page."""

    def __format__(self, value: str) -> str:
        """Return how to name it: `{zone}`; or how to set it: `{zone:UTC}`."""
        match self.place:
            case Place.COMMAND_LINE:
                return f"--{self.name} {value}".rstrip()
            case Place.PAGE:
                return f"{value} under “{self.label}”" if value else f"“{self.label}”"
            case Place.IMPORT if not value:
                return f"{self.name} (“{self.label}” on the page)"
        return f"{self.name}={value}" if value else self.name


LABELS: Final = {
    "map": "What its columns are",
    "set": "For every review",
    "under": "Put subjects below",
    "zone": "Time zone",
    "dates": "Order of day, month and year",
    "encoding": "Encoding",
    "delimiter": "Between columns",
}
"""Setting → label of its field on the page."""
_NAMED: Final = {place: {name: Setting(name, place, label) for name, label in LABELS.items()} for place in Place}


class Advice(NamedTuple):
    """A text that names settings: `{zone}`, `{zone:UTC}`."""

    text: str
    elsewhere: str | None = None
    """In place of it, where there is no command line."""
    on_page: str | None = None
    """In place of both, on the page."""

    def told(self, place: Place) -> str:
        """Return it in the words of a place."""
        text = None
        if place is Place.PAGE:
            text = self.on_page
        if text is None and place is not Place.COMMAND_LINE:
            text = self.elsewhere
        return (self.text if text is None else text).format(**_NAMED[place])


class AdvisedError(ValueError):
    """Something that cannot be read or used, and what to do; as text it is in the words of the command line."""

    def __init__(self, *parts: str | Advice) -> None:
        """Take what it says: texts as they are, and advice."""
        super().__init__(told(parts, Place.COMMAND_LINE))
        self.parts = parts


def told(said: "Exception | tuple[str | Advice, ...]", place: Place) -> str:
    """Return what an error says in the words of a place."""
    parts = parts_of(said) if isinstance(said, Exception) else said
    return "".join(part if isinstance(part, str) else part.told(place) for part in parts)


def parts_of(error: Exception) -> tuple[str | Advice, ...]:
    """Return what an error says."""
    return error.parts if isinstance(error, AdvisedError) else (str(error),)
