"""Every statement about surveys and their invitations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns, under
from plaudit.common.db.results import rows_changed
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.surveys.domain.invitations import KEPT, Invitation
from plaudit.ingest.surveys.domain.survey import Language, Survey, Wording
from plaudit.ingest.surveys.tables import survey_invitations, surveys

_WORDS: Final = ("title", "question", "text_question", "thanks")
_SURVEYS = Columns(surveys, under("wording", *_WORDS))
_INVITATIONS = Columns(survey_invitations)
_ADD = f"INSERT INTO surveys ({_SURVEYS.listed}) VALUES ({_SURVEYS.values()})"
_SELECT = f"""
SELECT {_SURVEYS.of("s")}, o.name, o.subject, (
    SELECT count(*) FROM survey_invitations AS i WHERE i.survey_id = s.id AND i.responded_at IS NOT NULL
) AS responses
FROM surveys AS s JOIN sources AS o ON o.id = s.id
WHERE s.tenant_id = $1
"""
_GET = f"{_SELECT} AND s.id = $2"
_PAGE = f"""
{_SELECT} AND ($2::timestamptz IS NULL OR (s.created_at, s.id) > ($2, $3::uuid)) ORDER BY s.created_at, s.id LIMIT $4
"""
_SAVE = """
UPDATE surveys SET brand = $3, title = $4, question = $5, text_question = $6, thanks = $7, closed_at = $8,
    changed_at = $9
WHERE tenant_id = $1 AND id = $2
"""
_COUNT_INVITED = "UPDATE surveys SET invited = invited + $3 WHERE tenant_id = $1 AND id = $2"
_RATINGS = """
SELECT rating, count(*) AS responses FROM reviews
WHERE tenant_id = $1 AND source_id = $2 AND NOT removed GROUP BY rating
"""
_INVITE = f"INSERT INTO survey_invitations ({_INVITATIONS.listed}) SELECT {_INVITATIONS.unnested()}"
_VALID = f"""
SELECT {_INVITATIONS.listed} FROM survey_invitations
WHERE tenant_id = $1 AND person = ANY($3::text[]) AND survey_id = $2 AND expires_at > $4
"""
_THESE = f"SELECT {_INVITATIONS.listed} FROM survey_invitations WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
_FIND = "SELECT * FROM find_survey_invitation($1, $2)"
_SET_HASH = "UPDATE survey_invitations SET token_hash = $3 WHERE tenant_id = $1 AND id = $2"
_IS_RESPONDED = "SELECT responded_at IS NOT NULL FROM survey_invitations WHERE tenant_id = $1 AND id = $2"
_SET_RESPONDED = "UPDATE survey_invitations SET responded_at = $3 WHERE tenant_id = $1 AND id = $2"
_DELETE_EXPIRED = """
DELETE FROM survey_invitations WHERE id IN (
    SELECT id FROM survey_invitations WHERE responded_at IS NULL AND expires_at < $1 ORDER BY expires_at LIMIT $2
)
"""


@dataclass(frozen=True)
class Counted:
    """A survey, and how many have responded."""

    survey: Survey
    responses: int


@dataclass(frozen=True)
class Found:
    """What a link leads to."""

    survey: Survey
    invitation: Invitation
    tenant_name: str


async def add(tx: Tx, survey: Survey) -> None:
    """Store a new survey, whose source is stored."""
    await tx.raw.execute(_ADD, *_SURVEYS.row(survey))


async def get(tx: Tx, tenant_id: str, survey_id: UUID) -> Counted | None:
    """Return one of the tenant's surveys."""
    row = await tx.raw.fetchrow(_GET, tenant_id, survey_id)
    return None if row is None else _counted(row)


async def page(tx: Tx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int) -> list[Counted]:
    """Return up to `limit` of the tenant's surveys, oldest first."""
    return [_counted(row) for row in await tx.raw.fetch(_PAGE, tenant_id, *(after or (None, None)), limit)]


async def save(tx: Tx, survey: Survey) -> None:
    """Store the words of a survey, and whether it is closed."""
    words = [getattr(survey.wording, name) for name in _WORDS]
    kept = (survey.brand, *words, survey.closed_at, survey.changed_at)
    await tx.raw.execute(_SAVE, survey.tenant_id, survey.id, *kept)


async def count_ratings(tx: Tx, tenant_id: str, survey_id: UUID) -> dict[float, int]:
    """Return how many responses there are of each rating, on the scale of stars."""
    rows = await tx.raw.fetch(_RATINGS, tenant_id, survey_id)
    return {row["rating"]: row["responses"] for row in rows}


async def invite(tx: Tx, tenant_id: str, survey_id: UUID, invitations: Sequence[Invitation]) -> None:
    """Store new invitations to a survey, and count them."""
    if invitations:
        await tx.raw.execute(_INVITE, *_INVITATIONS.arrays(invitations))
        await tx.raw.execute(_COUNT_INVITED, tenant_id, survey_id, len(invitations))


async def valid(tx: Tx, tenant_id: str, survey_id: UUID, persons: Collection[str]) -> list[Invitation]:
    """Return the invitations of these persons to a survey that have not expired."""
    rows = await tx.raw.fetch(_VALID, tenant_id, survey_id, list(persons), tx.now)
    return [Invitation(**row) for row in rows]


async def these(tx: Tx, tenant_id: str, ids: Iterable[UUID]) -> dict[UUID, Invitation]:
    """Return invitations by their ids."""
    rows = await tx.raw.fetch(_THESE, tenant_id, list(ids))
    return {row["id"]: Invitation(**row) for row in rows}


async def find(tx: Tx, survey_id: UUID, invitation_id: UUID) -> Found | None:
    """Return what a link leads to before its tenant is known: a single-row look-up, under the hook role."""
    row = await tx.raw.fetchrow(_FIND, survey_id, invitation_id)
    if row is None:
        return None
    invitation = Invitation(
        tenant_id=row["tenant_id"],
        id=row["invitation_id"],
        survey_id=row["id"],
        person=row["person"],
        subject=row["about"],
        reference=row["reference"],
        token_hash=row["token_hash"],
        created_at=row["invited_at"],
        expires_at=row["expires_at"],
        responded_at=row["responded_at"],
    )
    return Found(_survey(row), invitation, row["tenant_name"] or row["tenant_id"])


async def set_token(tx: Tx, tenant_id: str, invitation_id: UUID, token_hash: bytes) -> None:
    """Store the hash of another token of an invitation; the one before leads nowhere from then on."""
    await tx.raw.execute(_SET_HASH, tenant_id, invitation_id, token_hash)


async def is_responded(tx: Tx, tenant_id: str, invitation_id: UUID) -> bool | None:
    """Return whether an invitation has its response; None where there is none any more."""
    responded: bool | None = await tx.raw.fetchval(_IS_RESPONDED, tenant_id, invitation_id)
    return responded


async def set_responded(tx: Tx, tenant_id: str, invitation_id: UUID) -> None:
    """Store that an invitation got its response now."""
    await tx.raw.execute(_SET_RESPONDED, tenant_id, invitation_id, tx.now)


async def delete_expired(tx: Tx, max_rows: int) -> int:
    """Delete up to `max_rows` invitations without a response that expired long ago; return how many."""
    return rows_changed(await tx.raw.execute(_DELETE_EXPIRED, tx.now - KEPT, max_rows))


def _counted(row: Mapping[str, Any] | Any) -> Counted:
    return Counted(_survey(row), row["responses"])


def _survey(row: Mapping[str, Any] | Any) -> Survey:
    names = [field for field in Survey.__struct_fields__ if field not in {"wording", "kind", "language"}]
    return Survey(
        **{name: row[name] for name in names},
        wording=Wording(**{name: row[name] for name in _WORDS}),
        kind=Kind(row["kind"]),
        language=Language(row["language"]),
    )
