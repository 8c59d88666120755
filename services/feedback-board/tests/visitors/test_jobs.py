"""After a rotation of the vault's keys, the secrets of tokens are under the current one."""

import pytest

from plaudit.common.vault import KeyRing, Vault
from plaudit.common.vault.key_ring import new_key
from plaudit.feedback_board.visitors.commands import place_of_secret
from plaudit.feedback_board.visitors.jobs import SecretResealJob
from plaudit_testing.vault import VAULT_KEYS

pytestmark = pytest.mark.postgres


async def test_secrets_are_sealed_again_under_the_current_key(api, worker) -> None:
    for secret in ("a" * 40, "b" * 40):
        await api.put("/v1/board/sign-in-secret", json={"secret": secret})
    fresh = new_key("fresh")
    rotated = Vault(KeyRing.parse(f"{fresh} {VAULT_KEYS}"))
    job = SecretResealJob(worker, rotated)
    assert [await job.turn(), await job.turn()] == [1, 0]
    async with worker.transaction() as tx:
        row = await tx.raw.fetchrow("SELECT secret, previous_secret FROM sign_in_secrets")
    alone = Vault(KeyRing.parse(fresh))
    assert [alone.open(row[name], place_of_secret("default")) for name in ("secret", "previous_secret")] == [
        "b" * 40,
        "a" * 40,
    ]
