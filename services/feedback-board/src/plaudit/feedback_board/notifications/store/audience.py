"""Who has to do with a request, or with one that is merged into it: each person once."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.feedback_board.notifications.domain.audience import Involved
from plaudit.feedback_board.notifications.store.followers import CHOICE
from plaudit.feedback_board.requests.store import sets

# Whether the last mail to a person was refused for good, unless they have signed in with an address since.
_REFUSED: Final = """
SELECT last.kind = 'gone' AND last.ended_at > coalesce(contact.at, '-infinity') AS is_refused FROM (
    SELECT a.kind, a.ended_at FROM message_deliveries AS d
    JOIN message_attempts AS a ON a.tenant_id = d.tenant_id AND a.delivery_id = d.id AND a.number = d.attempts
    WHERE d.tenant_id = $1 AND d.person_key = people.person_key AND d.person_key <> '' AND d.channel = 'email'
      AND d.state IN ('sent', 'failed') AND a.kind IN ('sent', 'gone')
    ORDER BY a.ended_at DESC LIMIT 1
) AS last
"""
_INVOLVED: Final = f"""
WITH people AS (
    SELECT person_key, array_agg(DISTINCT why ORDER BY why) AS why FROM (
        SELECT person_key, CASE WHEN is_review THEN 'reviewed' ELSE 'voted' END AS why
        FROM mentions WHERE tenant_id = $1 AND root_id = $2 AND person_key > $3
        UNION ALL
        SELECT person_key, source FROM followers
        WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS}) AND state = 'following' AND person_key > $3
    ) AS found GROUP BY person_key ORDER BY person_key LIMIT $4
)
SELECT people.person_key, people.why, coalesce(choice.state = 'stopped', false) AS has_stopped, contact.language,
       coalesce(refused.is_refused, false) AS is_refused
FROM people
LEFT JOIN board_contacts AS contact ON contact.tenant_id = $1 AND contact.person_key = people.person_key
LEFT JOIN LATERAL ({CHOICE.format(tenant="$1", person="people.person_key", root="$2")}) AS choice ON true
LEFT JOIN LATERAL ({_REFUSED}) AS refused ON true
ORDER BY people.person_key
"""


async def involved(tx: Tx, tenant_id: str, root_id: UUID, limit: int, after: str = "") -> Sequence[Involved]:
    """Return up to `limit` people by their keys, after one of them. Whether they have opted out is not looked up."""
    rows = await tx.raw.fetch(_INVOLVED, tenant_id, root_id, after, limit)
    return [Involved(**{**row, "why": tuple(row["why"])}) for row in rows]
