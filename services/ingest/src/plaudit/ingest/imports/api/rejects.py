"""The rows that were not taken, as a file."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from plaudit.common.db import Database
from plaudit.common.http import read_apart
from plaudit.common.http.files import csv_lines
from plaudit.ingest.imports import store
from plaudit.ingest.imports.domain import Import
from plaudit.ingest.transfer.store.files import reject_cells, reject_head

REJECTS_AT_ONCE: Final = 200


async def reject_lines(database: Database, of: Import) -> AsyncIterator[str]:
    """Yield the lines of the file, which can be mended and imported."""
    understood = of.understood
    columns = () if understood is None else understood.columns
    delimiter = "," if understood is None else understood.delimiter
    yield "\ufeff" + csv_lines([reject_head(columns)], delimiter)
    line = -1
    while True:
        read = partial(store.rejects, tenant_id=of.tenant_id, import_id=of.id, after=line, limit=REJECTS_AT_ONCE)
        found = await read_apart(database, of.tenant_id, read)
        if not found:
            return
        line = found[-1].line
        yield csv_lines((reject_cells(columns, each) for each in found), delimiter)
