"""SQL of the public lists that no single room below needs."""

from plaudit.common.db import Tx

# One look into the index for each persona, however many requests have it.
_PERSONAS = """
WITH RECURSIVE found (persona) AS (
    (
        SELECT persona FROM requests
        WHERE tenant_id = $1 AND persona IS NOT NULL AND merged_into IS NULL AND visibility = 'published'
        ORDER BY persona LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT requests.persona FROM requests
        WHERE tenant_id = $1 AND requests.persona > found.persona AND merged_into IS NULL AND visibility = 'published'
        ORDER BY requests.persona LIMIT 1
    )
    FROM found WHERE found.persona IS NOT NULL
)
SELECT persona FROM found WHERE persona IS NOT NULL LIMIT $2
"""


async def list_personas(tx: Tx, tenant_id: str, limit: int) -> list[str]:
    """Return up to `limit` personas that requests are of, by name."""
    return [row["persona"] for row in await tx.raw.fetch(_PERSONAS, tenant_id, limit)]
