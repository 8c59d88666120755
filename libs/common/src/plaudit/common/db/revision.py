"""Which migration a schema is at, and which one the code needs."""

import ast
import re
from importlib.resources import files
from typing import Final

from plaudit.common.db.database import Tx
from plaudit.common.db.roles import schema_name

_ASSIGNED: Final = re.compile(r"^(revision|down_revision)(?:\s*:[^=]+)?\s*=\s*(.+)$", re.MULTILINE)


def head_revision(service: str) -> str | None:
    """Return the newest revision among a service's migrations, None when there is none.

    Read from the files, so that a process which only compares does not load Alembic: half a second of its start.

    Raises:
        ValueError: there are several newest ones.
    """
    revisions, followed = set(), set()
    folder = files(f"plaudit.{schema_name(service)}").joinpath("migrations", "versions")
    for file in folder.iterdir():
        if file.name.endswith(".py"):
            assigned = dict(_ASSIGNED.findall(file.read_text(encoding="utf-8")))
            revisions.add(ast.literal_eval(assigned["revision"]))
            followed.add(ast.literal_eval(assigned["down_revision"]))
    heads = revisions - followed
    if len(heads) > 1:
        raise ValueError(f"the migrations of {service} have several heads: {', '.join(sorted(heads))}")
    return heads.pop() if heads else None


async def current_revision(tx: Tx, service: str) -> str | None:
    """Return the revision that a service's schema is at, None when it was never migrated."""
    table = f"{schema_name(service)}.alembic_version"
    if await tx.raw.fetchval("SELECT to_regclass($1)", table) is None:
        return None
    revision: str | None = await tx.raw.fetchval(f"SELECT version_num FROM {table}")
    return revision
