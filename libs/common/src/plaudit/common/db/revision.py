"""Which migration a schema is at, and which one the code needs."""

from importlib.resources import as_file, files

from alembic.config import Config
from alembic.script import ScriptDirectory

from plaudit.common.db.database import Tx
from plaudit.common.db.schema import schema_name


def head_revision(service: str) -> str | None:
    """Return the newest revision in a service's `migrations` folder, None when it has none."""
    with as_file(files(f"plaudit.{schema_name(service)}").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        return ScriptDirectory.from_config(config).get_current_head()


async def current_revision(tx: Tx, service: str) -> str | None:
    """Return the revision that a service's schema is at, None when it was never migrated."""
    table = f"{schema_name(service)}.alembic_version"
    if await tx.raw.fetchval("SELECT to_regclass($1)", table) is None:
        return None
    revision: str | None = await tx.raw.fetchval(f"SELECT version_num FROM {table}")
    return revision
