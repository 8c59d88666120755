"""What the endpoints of ingest share."""

from typing import Annotated

from fastapi import Depends, Query

from plaudit.common.http.app import resources
from plaudit.common.process import Resources
from plaudit.ingest.settings import IngestSettings

MAX_PAGE = 500
DEFAULT_PAGE = 50

Context = Annotated[Resources[IngestSettings], Depends(resources)]
Cursor = Annotated[str | None, Query(description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
