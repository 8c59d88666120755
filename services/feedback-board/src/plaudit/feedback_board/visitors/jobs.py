"""What time starts: the secrets of tokens are encrypted again after a rotation of the vault's keys."""

from typing import Final

import structlog

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.common.vault import UNOPENED, Vault
from plaudit.feedback_board.visitors import store
from plaudit.feedback_board.visitors.commands import place_of_secret

log = structlog.get_logger()

ROWS: Final = 100
PAUSE_SECONDS: Final = 600.0
MAX_AGE_SECONDS: Final = 1_800.0


class SecretResealJob(PeriodicJob):
    """Encrypts the secrets of tokens under the vault's current key. One that cannot be opened costs no other."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Take a worker's connections, and the vault."""
        super().__init__("secret_reseal", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database
        self._vault = vault

    async def turn(self) -> int:
        """Encrypt a batch again; return how much was done."""
        done = unopened = 0
        async with self._database.transaction() as tx:
            for tenant_id, sealed in await store.stale_secrets(
                tx, self._vault.current_prefix, self._vault.prefixes, ROWS
            ):
                place = place_of_secret(tenant_id)
                try:
                    again = [each and self._vault.reseal(each, place) for each in sealed]
                except UNOPENED:
                    unopened += 1
                    continue
                await store.reseal_secret(tx, tenant_id, *again)
                done += 1
        if unopened:
            log.error("values_not_opened", failures=unopened)
        return done
