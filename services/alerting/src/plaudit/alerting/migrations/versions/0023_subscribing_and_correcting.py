"""The public signs up for the mails of an incident; an update can be corrected; opt-outs are in one place."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant

revision = "0023"
down_revision = "0022"

SERVICE = "alerting"
SEEN = ("cadence_persons", "consents")
# The log of consent is what is asked. Who is not in it opted out before there was one: when, nobody knows any more.
# What else the log knows of a person, of another channel or of opting in, is no such opt-out.
KEEP_OPT_OUTS = """
INSERT INTO alerting.consents (tenant_id, person_key, topic, channel, choice, source, at)
SELECT p.tenant_id, p.person, '*', CASE WHEN '*' = ANY(p.opted_out) THEN '*' ELSE 'email' END, 'out', 'service',
    p.subject_at
FROM alerting.cadence_persons p
WHERE p.opted_out && ARRAY['*', 'email', 'mail', 'e-mail'] AND NOT EXISTS (
    SELECT FROM alerting.consents c WHERE c.tenant_id = p.tenant_id AND c.person_key = p.person AND c.topic = '*'
    AND c.choice = 'out' AND c.channel IN ('*', CASE WHEN '*' = ANY(p.opted_out) THEN '*' ELSE 'email' END)
)
"""


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    # Row level security is forced on the owner too, who would see no row to keep.
    for table in SEEN:
        op.execute(f"ALTER TABLE alerting.{table} NO FORCE ROW LEVEL SECURITY")
    op.execute(KEEP_OPT_OUTS)
    for table in SEEN:
        op.execute(f"ALTER TABLE alerting.{table} FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE alerting.cadence_persons DROP COLUMN opted_out")
    # Who signs up again gets another link; who confirms is told from then on.
    grant(op.execute, SERVICE, "UPDATE (confirmed_at, added_at, language, sealed)", "incident_subscribers", (Role.API,))


STATEMENTS = (
    # Those who are there were added by staff, as persons who had consented. A default reaches them under row security.
    "ALTER TABLE alerting.incident_subscribers ADD COLUMN confirmed_at timestamptz DEFAULT now()",
    "ALTER TABLE alerting.incident_subscribers ALTER COLUMN confirmed_at DROP DEFAULT",
    """
COMMENT ON COLUMN alerting.incident_subscribers.confirmed_at
    IS 'when the person agreed by the link in a mail; null: they are told nothing, and deleted after two days'
""",
    "ALTER TABLE alerting.incident_updates ADD COLUMN revision int NOT NULL DEFAULT 1 CHECK (revision >= 1)",
    "ALTER TABLE alerting.incident_updates ALTER COLUMN revision DROP DEFAULT",
    """
ALTER TABLE alerting.incident_updates ADD COLUMN corrected_at timestamptz, ADD COLUMN corrected_by text,
    ADD COLUMN reason text NOT NULL DEFAULT ''
""",
    "ALTER TABLE alerting.incident_updates ALTER COLUMN reason DROP DEFAULT",
    "ALTER TABLE alerting.incident_updates DROP CONSTRAINT incident_updates_pkey",
    "ALTER TABLE alerting.incident_updates ADD PRIMARY KEY (tenant_id, incident_id, number, revision)",
    "COMMENT ON TABLE alerting.incident_updates IS 'what was told, by language; a correction is a row of its own'",
)
