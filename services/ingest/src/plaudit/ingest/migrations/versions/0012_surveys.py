"""Surveys, and the invitations to them: each takes one response, by a link of which only the hash is stored."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("surveys", "survey_invitations"):
        protect_tenant_rows(op.execute, "ingest", table, lookup=True)
        grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", table, (Role.API,))
    grant(op.execute, "ingest", "SELECT, UPDATE", "survey_invitations", (Role.HOOK,))
    grant(op.execute, "ingest", "SELECT, DELETE", "survey_invitations", (Role.WORKER,))
    op.execute("REVOKE EXECUTE ON FUNCTION ingest.find_survey_invitation(uuid, uuid) FROM PUBLIC")
    hook = role_name("ingest", Role.HOOK)
    op.execute(f"GRANT EXECUTE ON FUNCTION ingest.find_survey_invitation(uuid, uuid) TO {hook}")


STATEMENTS = (
    """
CREATE TABLE ingest.surveys (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    template text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('stars', 'nps', 'csat', 'ces')),
    language text NOT NULL CHECK (language IN ('en', 'de')),
    brand text,
    title text NOT NULL,
    question text NOT NULL,
    text_question text NOT NULL,
    thanks text NOT NULL,
    closed_at timestamptz,
    invited bigint NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
)
""",
    "CREATE INDEX surveys_list ON ingest.surveys (tenant_id, created_at, id)",
    "COMMENT ON COLUMN ingest.surveys.id IS 'of its source too, which has its name and subject'",
    "COMMENT ON COLUMN ingest.surveys.invited IS 'how many invitations were made, also those that are deleted'",
    """
CREATE TABLE ingest.survey_invitations (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    survey_id uuid NOT NULL,
    person text NOT NULL COLLATE "C",
    subject text NOT NULL COLLATE "C",
    reference text COLLATE "C",
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    responded_at timestamptz
)
""",
    "CREATE INDEX survey_invitations_of_person ON ingest.survey_invitations (tenant_id, person, survey_id)",
    "CREATE INDEX survey_invitations_responded ON ingest.survey_invitations (survey_id) WHERE responded_at IS NOT NULL",
    "CREATE INDEX survey_invitations_open ON ingest.survey_invitations (expires_at) WHERE responded_at IS NULL",
    "COMMENT ON COLUMN ingest.survey_invitations.person IS 'a person key; no address is stored'",
    "COMMENT ON COLUMN ingest.survey_invitations.token_hash IS 'SHA-256 of the token in the link'",
    # By the two ids in a token, before the tenant is known: a single-row look-up that row level security does not bind.
    """
CREATE FUNCTION ingest.find_survey_invitation(wanted_survey uuid, wanted uuid)
RETURNS TABLE (tenant_id text, id uuid, template text, kind text, language text, brand text, title text, question text,
               text_question text, thanks text, closed_at timestamptz, invited bigint, created_at timestamptz,
               changed_at timestamptz, name text, subject text, tenant_name text, invitation_id uuid, person text,
               about text, reference text, token_hash bytea, invited_at timestamptz, expires_at timestamptz,
               responded_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ingest, common, pg_temp AS $$
    SELECT s.tenant_id, s.id, s.template, s.kind, s.language, s.brand, s.title, s.question,
           s.text_question, s.thanks, s.closed_at, s.invited, s.created_at,
           s.changed_at, o.name, o.subject, common.tenant_name(s.tenant_id), i.id, i.person,
           i.subject, i.reference, i.token_hash, i.created_at, i.expires_at,
           i.responded_at
    FROM ingest.surveys AS s
    JOIN ingest.sources AS o ON o.id = s.id
    JOIN ingest.survey_invitations AS i ON i.survey_id = s.id
    WHERE s.id = wanted_survey AND i.id = wanted
$$
""",
)
