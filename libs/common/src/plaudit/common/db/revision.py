"""Which migrations a schema has had, and which ones the code needs."""

import ast
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from plaudit.common.db.roles import schema_name
from plaudit.common.db.tx import Tx

_ASSIGNED: Final = re.compile(r"^(revision|down_revision)(?:\s*:[^=]+)?\s*=\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class History:
    """A series of migrations: where its files are, and which table of a schema says how far it has come there."""

    package: str
    folder: str
    table: str


RUNTIME: Final = History("plaudit.common.db", "runtime_migrations", "runtime_version")
"""Of the tables that the runtime keeps in each service's schema."""


def history_of(service: str) -> History:
    """Return the migrations of a service's own tables."""
    return History(f"plaudit.{schema_name(service)}", "migrations", "alembic_version")


def head_revision(history: History) -> str | None:
    """Return the newest of these migrations, None when there is none.

    Read from the files, so that a process which only compares does not load Alembic: half a second of its start.

    Raises:
        ValueError: there are several newest ones.
    """
    revisions, followed = set(), set()
    for file in files(history.package).joinpath(history.folder, "versions").iterdir():
        if file.name.endswith(".py"):
            assigned = dict(_ASSIGNED.findall(file.read_text(encoding="utf-8")))
            revisions.add(ast.literal_eval(assigned["revision"]))
            followed.add(ast.literal_eval(assigned["down_revision"]))
    heads = revisions - followed
    if len(heads) > 1:
        raise ValueError(f"the migrations in {history.package} have several heads: {', '.join(sorted(heads))}")
    return heads.pop() if heads else None


async def current_revision(tx: Tx, history: History, schema: str) -> str | None:
    """Return the migration that a schema is at, None when it has had none."""
    table = f"{schema}.{history.table}"
    if await tx.raw.fetchval("SELECT to_regclass($1)", table) is None:
        return None
    revision: str | None = await tx.raw.fetchval(f"SELECT version_num FROM {table}")
    return revision
