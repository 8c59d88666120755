"""`python -m plaudit_local.demo ADDRESS`: play the demo story at the one address of an installation in containers.

It runs beside the database at PLAUDIT_DATABASE_URL, where it makes itself a key, which is valid for an hour, and
switches the public board on.
"""

import asyncio
import sys
from datetime import timedelta

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.api_keys.domain import ALL_SCOPES
from plaudit.common.db import Database, Role
from plaudit.common.settings import Settings, read_settings
from plaudit.common.tenants import commands as tenants
from plaudit_local.demo.player import DemoError, play

TENANT = "default"
VALIDITY = timedelta(hours=1)


async def _prepare(settings: Settings) -> str:
    """Let the tenant's board be public; return a new key."""
    owner = Database(settings, "common", Role.OWNER, pool_size=1)
    try:
        async with owner.transaction() as tx:
            await tenants.set_board_public(tx, TENANT, on=True)
            return await api_keys.create(tx, TENANT, "demo", [ALL_SCOPES], VALIDITY)
    finally:
        await owner.close()


def main(address: str) -> None:
    """Play the story; say in one sentence what has been played, or why not."""
    settings = read_settings(Settings)
    try:
        played = play(
            {
                "ingest": address,
                "scoring": address,
                "feedback_board": address,
                "api_key": asyncio.run(_prepare(settings)),
            }
        )
    except DemoError as error:
        sys.exit(str(error))
    print(played)


if __name__ == "__main__":
    main(sys.argv[1])
