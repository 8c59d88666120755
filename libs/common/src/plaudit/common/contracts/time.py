"""Instants on the bus: RFC 3339 with a zone; Plaudit writes UTC with microseconds."""

from datetime import datetime
from typing import Annotated

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
