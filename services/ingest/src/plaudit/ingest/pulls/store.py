"""Every statement about pulls. Credentials and tokens are stored encrypted."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.common.vault import UNOPENED, Place, Resealed, Vault
from plaudit.ingest.platforms.interface import Token
from plaudit.ingest.pulls.domain import KnownReview, Pull
from plaudit.ingest.pulls.tables import pulls

_SEALED: Final = ("credentials", "token")
_JSON: Final = ("walk", "last_run", "held_removals")
_PULL = Columns(pulls, without=(*_SEALED, "running_until"))
_GET = f"SELECT {_PULL.listed} FROM pulls WHERE tenant_id = $1 AND source_id = $2"
_SET_CREDENTIALS = """
INSERT INTO pulls (tenant_id, source_id, platform, credentials_at, next_at, credentials)
VALUES ($1, $2, $3, $4, $4, $5)
ON CONFLICT (source_id) DO UPDATE SET credentials = excluded.credentials, credentials_at = excluded.credentials_at,
    next_at = excluded.next_at, not_before = NULL, failures = 0, error = NULL, error_at = NULL, walk = NULL,
    watermark = NULL, complete_at = NULL, complete_listing = NULL, held_removals = NULL, token = NULL,
    running_until = NULL
"""
_ASK_NOW = """
UPDATE pulls SET next_at = greatest($3, not_before)
WHERE tenant_id = $1 AND source_id = $2 AND next_at > greatest($3, not_before)
"""
# A run that is under way would write over it; so it loses its claim, and the next one goes on.
_ALLOW_REMOVALS = """
UPDATE pulls
SET held_removals = held_removals || jsonb_build_object('allowed_at', $3::timestamptz, 'allowed_by', $4::text),
    next_at = least(next_at, greatest($3, not_before)), running_until = NULL
WHERE tenant_id = $1 AND source_id = $2 AND held_removals IS NOT NULL AND NOT held_removals ? 'allowed_at'
"""
_IS_DUE = """
NOT EXISTS (SELECT FROM sources AS s WHERE s.id = p.source_id AND s.paused_at IS NOT NULL)
AND (running_until IS NULL OR running_until <= {now}) AND (not_before IS NULL OR not_before <= {now})
AND (
    next_at <= {now} OR failures = 0 AND EXISTS (SELECT FROM pull_notices AS n WHERE n.source_id = p.source_id)
)
"""
_CLAIM = f"""
UPDATE pulls SET running_until = $2
FROM unnest($3::text[], $4::bool[], $5::int[]) AS free (platform, has_failed, slots)
CROSS JOIN LATERAL (
    SELECT source_id FROM pulls AS p
    WHERE p.platform = free.platform AND (failures > 0) = free.has_failed AND {_IS_DUE.format(now="$1")}
    ORDER BY next_at LIMIT free.slots FOR UPDATE SKIP LOCKED
) AS due
WHERE pulls.source_id = due.source_id
RETURNING pulls.*
"""
_SAVE = f"""
UPDATE pulls SET {", ".join(f"{name} = ${number}" for number, name in enumerate(_PULL.names, start=3))}
WHERE source_id = $1 AND running_until = $2
"""
_RELEASE = "UPDATE pulls SET running_until = NULL WHERE source_id = $1 AND running_until = $2"
_AUTHORIZE = "UPDATE pulls SET token = $3 WHERE source_id = $1 AND running_until = $2"
_KNOWN = """
SELECT named.external_id, coalesce(r.revision > 0, false) AS is_stored,
    coalesce(r.removed AND r.erased_at IS NULL, false) AS removed, coalesce(r.changed_at, p.told_at) AS changed_at,
    p.told_at, p.fingerprint, r.erased_at IS NOT NULL AS erased
FROM unnest($2::text[]) AS named (external_id)
LEFT JOIN reviews AS r ON r.source_id = $1 AND r.external_id = named.external_id
LEFT JOIN pulled_reviews AS p ON p.source_id = $1 AND p.external_id = named.external_id
WHERE r.source_id IS NOT NULL OR p.source_id IS NOT NULL
"""
_LISTED = """
INSERT INTO pulled_reviews AS known (tenant_id, source_id, external_id, listing, fingerprint, told_at)
SELECT $1, $2, named.external_id, $3, named.fingerprint,
    coalesce((SELECT received_at FROM deliveries WHERE id = $6::uuid), $7)
FROM unnest($4::text[], $5::bytea[]) AS named (external_id, fingerprint)
ON CONFLICT (source_id, external_id) DO UPDATE SET listing = greatest(known.listing, excluded.listing),
    fingerprint = CASE WHEN $6::uuid IS NULL THEN known.fingerprint ELSE excluded.fingerprint END,
    told_at = CASE WHEN $6::uuid IS NULL THEN known.told_at ELSE excluded.told_at END
"""
_COUNT_LISTED = "SELECT count(*) FROM pulled_reviews WHERE source_id = $1 AND listing >= $2"
_VISIBLE = """
FROM pulled_reviews AS p JOIN reviews AS r ON r.source_id = p.source_id AND r.external_id = p.external_id
WHERE p.source_id = $1 AND r.revision > 0 AND NOT r.removed
"""
_IS_MISSING = "p.listing < $2 AND r.changed_at < $3"
_MISSING = f"SELECT p.external_id {_VISIBLE} AND {_IS_MISSING} ORDER BY p.external_id LIMIT $4"
_COUNT_MISSING = f"SELECT count(*) FILTER (WHERE {_IS_MISSING}) AS missing, count(*) AS visible {_VISIBLE}"
_NOTICES = "SELECT name, noticed_at FROM pull_notices WHERE source_id = $1 ORDER BY noticed_at, name LIMIT $2"
_DROP_NOTICE = "DELETE FROM pull_notices WHERE source_id = $1 AND name = $2 AND noticed_at = $3"
_SEALED_BEFORE = """
SELECT tenant_id, source_id, credentials, token FROM pulls
WHERE NOT starts_with(credentials, $1) OR NOT starts_with(token, $1)
ORDER BY EXISTS (SELECT FROM unnest($3::text[]) AS known WHERE starts_with(credentials, known)) DESC, source_id LIMIT $2
"""
_RESEAL = "UPDATE pulls SET credentials = $2, token = $3 WHERE source_id = $1 AND credentials = $4"
HAS_DUE = f"SELECT EXISTS (SELECT FROM pulls AS p WHERE {_IS_DUE})"
"""The condition that a source is due, for `Database.holds`."""


@dataclass(frozen=True)
class Claimed:
    """A source that this process asks. What is encrypted is so still."""

    pull: Pull
    credentials: str
    token: str | None
    until: datetime
    """The end of the claim, and its mark: a claim that another process has taken over saves nothing."""


@dataclass(frozen=True)
class Slots:
    """How many sources of a platform may be claimed: of those whose last run failed, or of the others."""

    platform: str
    has_failed: bool
    free: int


async def get(tx: Tx, tenant_id: str, source_id: UUID) -> Pull | None:
    """Return how far the pulls of a source are; None while it has no credentials."""
    row = await tx.raw.fetchrow(_GET, tenant_id, source_id)
    return None if row is None else _pull(dict(row))


async def set_credentials(
    tx: Tx, tenant_id: str, source_id: str, platform: str, credentials: str, vault: Vault
) -> None:
    """Store a source's credentials; it is due at once, and lists everything anew."""
    sealed = vault.seal(credentials, _place(tenant_id, source_id, "credentials"))
    await tx.raw.execute(_SET_CREDENTIALS, tenant_id, source_id, platform, tx.now, sealed)


async def ask_now(tx: Tx, tenant_id: str, source_id: UUID) -> None:
    """Make a source due, but not before the time that its platform has asked for."""
    await tx.raw.execute(_ASK_NOW, tenant_id, source_id, tx.now)


async def allow_removals(tx: Tx, tenant_id: str, source_id: UUID, allowed_by: str) -> None:
    """Note that a person wants what is held to be removed, and make the source due for it."""
    await tx.raw.execute(_ALLOW_REMOVALS, tenant_id, source_id, tx.now, allowed_by)


async def claim(tx: Tx, slots: Sequence[Slots], claim_lasts: timedelta) -> list[Claimed]:
    """Claim sources that are due, under a worker."""
    until = tx.now + claim_lasts
    of = [(each.platform, each.has_failed, each.free) for each in slots]
    rows = await tx.raw.fetch(_CLAIM, tx.now, until, *map(list, zip(*of, strict=True)))
    return [_claimed(dict(row)) for row in rows]


def opened(claimed: Claimed, vault: Vault) -> tuple[str, Token | None]:
    """Return the credentials of a claimed source as JSON, and the token that it has; none that cannot be decrypted.

    Raises:
        MissingKeyError: the key is missing that the credentials were encrypted with.
        SealedValueError: they are damaged.
    """
    place = partial(_place, claimed.pull.tenant_id, claimed.pull.source_id)
    credentials = vault.open(claimed.credentials, place("credentials"))
    if claimed.token is None:
        return credentials, None
    try:
        token = vault.open(claimed.token, place("token"))
    except UNOPENED:
        return credentials, None
    return credentials, msgspec.json.decode(token, type=Token)


async def save(tx: Tx, claimed: Claimed, pull: Pull) -> bool:
    """Store how far a source is; False where another process has claimed it since, or its credentials are new."""
    values = _PULL.row(pull)
    written = [_json(value) if name in _JSON else value for name, value in zip(_PULL.names, values, strict=True)]
    return rows_changed(await tx.raw.execute(_SAVE, pull.source_id, claimed.until, *written)) == 1


async def release(tx: Tx, claimed: Claimed) -> None:
    """End a claim."""
    await tx.raw.execute(_RELEASE, claimed.pull.source_id, claimed.until)


async def keep_token(tx: Tx, claimed: Claimed, token: Token | None, vault: Vault) -> None:
    """Store what authorizes a source's requests, or that there is nothing."""
    place = _place(claimed.pull.tenant_id, claimed.pull.source_id, "token")
    sealed = None if token is None else vault.seal(msgspec.json.encode(token).decode(), place)
    await tx.raw.execute(_AUTHORIZE, claimed.pull.source_id, claimed.until, sealed)


async def known(tx: Tx, source_id: str, external_ids: Sequence[str]) -> dict[str, KnownReview]:
    """Return those of the reviews that are stored, or that a page has told of before."""
    rows = await tx.raw.fetch(_KNOWN, source_id, list(external_ids))
    return {row["external_id"]: KnownReview(**dict(list(row.items())[1:])) for row in rows}


async def note_listed(
    tx: Tx, pull: Pull, fingerprints: Mapping[str, bytes], delivery_id: str | None, told_at: datetime
) -> None:
    """Store that reviews were listed.

    Args:
        tx: the open transaction, under a worker.
        pull: the state.
        fingerprints: by the reviews' ids.
        delivery_id: what was written of the page; None where it said nothing new.
        told_at: the time of it, where nothing was written.
    """
    names = sorted(fingerprints)
    marks = [fingerprints[name] for name in names]
    await tx.raw.execute(_LISTED, pull.tenant_id, pull.source_id, pull.listing, names, marks, delivery_id, told_at)


async def count_listed(tx: Tx, pull: Pull) -> int:
    """Return how many reviews were listed since the last complete walk began."""
    found: int = await tx.raw.fetchval(_COUNT_LISTED, pull.source_id, pull.listing)
    return found


async def missing(tx: Tx, source_id: str, listing: int, before: datetime, limit: int) -> list[str]:
    """Return up to `limit` reviews that are stored and were not listed since a complete walk.

    Args:
        tx: the open transaction.
        source_id: the source.
        listing: the number of that walk.
        before: nothing has changed of them since.
        limit: at most so many.
    """
    return [row["external_id"] for row in await tx.raw.fetch(_MISSING, source_id, listing, before, limit)]


async def count_missing(tx: Tx, source_id: str, listing: int, before: datetime) -> tuple[int, int]:
    """Return how many reviews are `missing`, and of how many that the interface has told and that are visible."""
    [row] = await tx.raw.fetch(_COUNT_MISSING, source_id, listing, before)
    return row["missing"], row["visible"]


async def notices(tx: Tx, source_id: str, limit: int) -> list[tuple[str, datetime]]:
    """Return up to `limit` reviews that were noticed, the first one first, each with when."""
    return [(row["name"], row["noticed_at"]) for row in await tx.raw.fetch(_NOTICES, source_id, limit)]


async def drop_notice(tx: Tx, source_id: str, name: str, noticed_at: datetime) -> None:
    """Delete a notice, unless the review was noticed again."""
    await tx.raw.execute(_DROP_NOTICE, source_id, name, noticed_at)


async def reseal(tx: Tx, max_rows: int, vault: Vault) -> Resealed:
    """Encrypt up to `max_rows` credentials again that are not under the current key."""
    rows = await tx.raw.fetch(_SEALED_BEFORE, vault.current_prefix, max_rows, vault.prefixes)
    resealed = 0
    for row in rows:
        place = partial(_place, row["tenant_id"], str(row["source_id"]))
        with suppress(*UNOPENED):
            again = [None if row[name] is None else vault.reseal(row[name], place(name)) for name in _SEALED]
            await tx.raw.execute(_RESEAL, row["source_id"], *again, row["credentials"])
            resealed += 1
    return Resealed(resealed, len(rows) - resealed)


def _claimed(row: dict[str, Any]) -> Claimed:
    credentials, token, until = (row.pop(name) for name in (*_SEALED, "running_until"))
    return Claimed(_pull(row), credentials, token, until)


def _pull(row: Mapping[str, Any]) -> Pull:
    return msgspec.convert({**row, "source_id": str(row["source_id"])}, Pull)


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _place(tenant_id: str, source_id: str, column: str) -> Place:
    return Place(tenant_id, "pulls", source_id, column)
