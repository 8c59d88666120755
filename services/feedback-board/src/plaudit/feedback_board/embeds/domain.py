"""Which sites may show parts of a board in a frame: origins, as the policy of a page names them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError

MAX_ORIGINS: Final = 20
ORIGIN_MAX_CHARACTERS: Final = 200

_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PORT: Final = r"(?::[1-9][0-9]{0,4})?"
# A name needs a dot: without one it is on the reader's own network. Sites in development are on the reader's machine.
_ORIGIN: Final = re.compile(rf"https://{_LABEL}(?:\.{_LABEL})+{_PORT}|https?://(?:localhost|127\.0\.0\.1){_PORT}")


class SettingsRevisionError(BoardRefusedError):
    """The settings changed since they were read."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("The settings of the board have changed. Read them again, and change them then.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeds:
    """Which sites may show parts of a board in a frame."""

    tenant_id: str
    origins: tuple[str, ...] = ()
    revision: int = 0
    """0 until they are first saved."""
    updated_at: datetime | None = None
    updated_by: str = ""

    @property
    def frame_ancestors(self) -> str:
        """The sources of the directive `frame-ancestors`; a site that is not among them shows an empty frame."""
        return " ".join(self.origins) or "'none'"


def clean_origins(typed: Sequence[str]) -> tuple[str, ...]:
    """Return origins in lower case without a slash at their ends, each once; blank ones are passed over.

    Raises:
        InvalidInputError: one is no origin, or there are too many.
    """
    found = tuple(dict.fromkeys(origin for each in typed if (origin := each.strip().lower().removesuffix("/"))))
    if len(found) > MAX_ORIGINS:
        raise InvalidInputError("embed_origins", f"at most {MAX_ORIGINS} sites may show the board in a frame")
    for each in found:
        if len(each) > ORIGIN_MAX_CHARACTERS or not _ORIGIN.fullmatch(each):
            raise InvalidInputError(
                "embed_origins",
                f"{each[:ORIGIN_MAX_CHARACTERS]!r} is no origin of a site. Write https:// and its host, with a port if"
                " it has one, and no path: https://www.example.com. A host of other letters is written in punycode",
            )
    return found
