"""`python -m plaudit_local.demo ADDRESS`: play the demo story at the one address of an installation in containers.

It runs beside the database at PLAUDIT_DATABASE_URL, where it makes itself a key, which is valid for an hour.
"""

import asyncio
import sys
from datetime import timedelta

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.api_keys.domain import ALL_SCOPES
from plaudit.common.db import Database, Role
from plaudit.common.settings import Settings, read_settings
from plaudit_local.demo.player import TENANT, DemoError, play

VALIDITY = timedelta(hours=1)


async def _new_key(settings: Settings) -> str:
    owner = Database(settings, "common", Role.OWNER, pool_size=1)
    try:
        async with owner.transaction() as tx:
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
                "feedback_board": address,
                "api_key": asyncio.run(_new_key(settings)),
                "database_url": settings.database_url.get_secret_value(),
            }
        )
    except DemoError as error:
        sys.exit(str(error))
    print(played)


if __name__ == "__main__":
    main(sys.argv[1])
