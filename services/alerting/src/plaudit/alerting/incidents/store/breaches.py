"""What is known of data breaches."""

from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.incidents.domain.breach import Breach
from plaudit.alerting.incidents.tables import incident_breaches
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_BREACH: Final = Columns(incident_breaches)
_SAVE = f"""
INSERT INTO incident_breaches ({_BREACH.listed}) VALUES ({_BREACH.values()})
ON CONFLICT (tenant_id, incident_id) DO UPDATE SET {_BREACH.excluded()}
"""
_READ = f"SELECT {_BREACH.listed} FROM incident_breaches WHERE tenant_id = $1 AND incident_id = $2"


async def save(tx: Tx, breach: Breach) -> None:
    """Write what is known of a data breach."""
    await tx.raw.execute(_SAVE, *_BREACH.row(breach))


async def read(tx: Tx, tenant_id: str, incident_id: UUID) -> Breach | None:
    """Return what is known of the data breach of an incident, if it is one."""
    row = await tx.raw.fetchrow(_READ, tenant_id, incident_id)
    return None if row is None else msgspec.convert(dict(row), Breach)
