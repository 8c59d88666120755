"""What bodies of several kinds are made of."""

from typing import Annotated, Final

from pydantic import StringConstraints

from plaudit.alerting.incidents.domain.incident import (
    MAX_LINKED_ID_CHARS,
    MAX_NOTE_CHARS,
    MAX_TITLE_CHARS,
)
from plaudit.alerting.incidents.domain.update import MAX_PART_CHARS
from plaudit.common.http.texts import STORABLE_PATTERN

A_TITLE: Final = "Payments fail at the till"
A_KEY: Final = "key:vw3sajk26br3jcpn"
A_SUBJECT: Final = "acme/berlin"
A_PERSON: Final = "abababababababababababababababababababababababababababababababab"
A_PAGE: Final = "/incidents/default/payments-fail-at-the-till-0f3b11"
Line = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE_CHARS, pattern=STORABLE_PATTERN)]
Part = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PART_CHARS, pattern=STORABLE_PATTERN)]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE_CHARS, pattern=STORABLE_PATTERN)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE_CHARS, pattern=STORABLE_PATTERN)]
LinkedId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LINKED_ID_CHARS, pattern=STORABLE_PATTERN)]
