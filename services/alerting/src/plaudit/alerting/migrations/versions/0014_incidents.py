"""Incidents: their updates, log, links, subscribers and data breaches; a clock's anchor may be corrected."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0014"
down_revision = "0013"

SERVICE = "alerting"
TABLES = (
    *("incidents", "incident_updates", "incident_log", "incident_links", "incident_subscribers", "incident_breaches"),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in TABLES:
        protect_tenant_rows(op.execute, SERVICE, table)
        grant(op.execute, SERVICE, "SELECT", table, (Role.API, Role.WORKER))
    # What was told and what was done is never changed: nobody may.
    for table in ("incident_updates", "incident_log"):
        grant(op.execute, SERVICE, "INSERT", table, (Role.API,))
    for table in ("incidents", "incident_breaches"):
        grant(op.execute, SERVICE, "INSERT, UPDATE", table, (Role.API,))
    for table in ("incident_links", "incident_subscribers"):
        grant(op.execute, SERVICE, "INSERT, DELETE", table, (Role.API,))
    # An erasure deletes a subscriber, and a rotation of the vault's keys encrypts the address again.
    grant(op.execute, SERVICE, "DELETE, UPDATE (sealed)", "incident_subscribers", (Role.WORKER,))


STATEMENTS = (
    "ALTER TABLE alerting.clock_events DROP CONSTRAINT clock_events_kind_check",
    """
ALTER TABLE alerting.clock_events ADD CONSTRAINT clock_events_kind_check
    CHECK (kind IN ('started', 'paused', 'resumed', 'policy_applied', 'anchor_corrected', 'warned', 'breached',
        'unknown', 'fulfilled', 'cancelled', 'retracted'))
""",
    """
CREATE TABLE alerting.incidents (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    slug text NOT NULL COLLATE "C",
    title text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('incident', 'data_breach')),
    severity text NOT NULL CHECK (severity IN ('routine', 'important', 'urgent')),
    audience text NOT NULL CHECK (audience IN ('public', 'subscribers', 'internal')),
    subjects text[] NOT NULL CHECK (cardinality(subjects) >= 1),
    state text NOT NULL CHECK (state IN ('open', 'monitoring', 'resolved', 'closed')),
    opened_from text NOT NULL CHECK (opened_from IN ('hand', 'alerts', 'reviews')),
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    resolved_at timestamptz,
    closed_at timestamptz,
    learnings text,
    revision int NOT NULL CHECK (revision >= 1),
    updates int NOT NULL CHECK (updates >= 0),
    updated_at timestamptz,
    instance int NOT NULL CHECK (instance >= 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
) WITH (fillfactor = 85)
""",
    "COMMENT ON COLUMN alerting.incidents.revision IS 'entries of its log'",
    "COMMENT ON COLUMN alerting.incidents.instance IS 'of the present clock of the next update; 0: there was none yet'",
    "CREATE INDEX incidents_by_time ON alerting.incidents (tenant_id, opened_at DESC, id DESC)",
    """
CREATE INDEX incidents_shown ON alerting.incidents (tenant_id, updated_at DESC)
    WHERE audience = 'public' AND updates > 0
""",
    """
CREATE TABLE alerting.incident_updates (
    tenant_id text NOT NULL COLLATE "C",
    incident_id uuid NOT NULL,
    number int NOT NULL CHECK (number >= 1),
    severity text NOT NULL,
    state text NOT NULL,
    texts jsonb NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, number)
)
""",
    "COMMENT ON TABLE alerting.incident_updates IS 'what was told, by language; never changed'",
    """
CREATE TABLE alerting.incident_log (
    tenant_id text NOT NULL COLLATE "C",
    incident_id uuid NOT NULL,
    number int NOT NULL CHECK (number >= 1),
    kind text NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    note text NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, number)
)
""",
    "COMMENT ON TABLE alerting.incident_log IS 'who did what and why; never changed'",
    """
CREATE TABLE alerting.incident_links (
    tenant_id text NOT NULL COLLATE "C",
    incident_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('review', 'alert')),
    linked_id text NOT NULL COLLATE "C",
    linked_at timestamptz NOT NULL,
    linked_by text NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, kind, linked_id)
)
""",
    "CREATE INDEX incident_links_by_linked ON alerting.incident_links (tenant_id, kind, linked_id)",
    """
CREATE TABLE alerting.incident_subscribers (
    tenant_id text NOT NULL COLLATE "C",
    incident_id uuid NOT NULL,
    person_key text NOT NULL COLLATE "C",
    language text NOT NULL,
    sealed text NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, person_key)
)
""",
    "COMMENT ON COLUMN alerting.incident_subscribers.sealed IS 'the address, encrypted in the vault'",
    "CREATE INDEX incident_subscribers_by_person ON alerting.incident_subscribers (tenant_id, person_key)",
    """
CREATE TABLE alerting.incident_breaches (
    tenant_id text NOT NULL COLLATE "C",
    incident_id uuid NOT NULL,
    aware_at timestamptz NOT NULL,
    zone text NOT NULL,
    country text,
    subdivision text,
    facts text NOT NULL,
    scope text NOT NULL,
    fixes text NOT NULL,
    prevention text NOT NULL,
    hotline text NOT NULL,
    affected int CHECK (affected >= 0),
    affected_by text CHECK (affected_by IN ('list', 'count', 'estimate')),
    affected_method text NOT NULL,
    affected_hash text,
    notified_at timestamptz,
    notified_channel text,
    notified_reference text,
    notified_note text,
    notified_by text,
    people_told int CHECK (people_told >= 0),
    people_not_told int CHECK (people_not_told >= 0),
    people_channel text,
    people_told_at timestamptz,
    PRIMARY KEY (tenant_id, incident_id)
) WITH (fillfactor = 85)
""",
    "COMMENT ON COLUMN alerting.incident_breaches.affected_hash IS 'of the list that was counted, which is not kept'",
)
