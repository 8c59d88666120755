"""Makes the tables of messages in a service's schema. What is here is never changed afterwards: a change is a new one.

A service calls `create_tables` in a migration of its own.
"""

from collections.abc import Callable
from typing import Final

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows, schema_name

TABLES: Final = (
    *("messages", "message_deliveries", "message_attempts", "outlets", "endpoints", "endpoint_changes", "consents"),
)


def create_tables(execute: Callable[[str], object], service: str) -> None:
    """Make the tables, as of the first version.

    Args:
        execute: runs one statement, such as `op.execute`.
        service: whose schema, for example `alerting`.
    """
    for statement in _STATEMENTS:
        execute(statement.format(schema=schema_name(service)))
    both = (Role.API, Role.WORKER)
    for table in TABLES:
        protect_tenant_rows(execute, service, table)
        grant(execute, service, "SELECT, INSERT", table, both)
    grant(execute, service, "UPDATE", "message_deliveries", both)
    grant(execute, service, "UPDATE", "outlets", both)
    grant(execute, service, "UPDATE", "endpoints", both)
    grant(execute, service, "DELETE", "endpoints", (Role.API,))
    grant(execute, service, "UPDATE", "messages", (Role.WORKER,))
    grant(execute, service, "UPDATE", "message_attempts", both)
    for table in ("messages", "message_deliveries", "message_attempts", "outlets", "consents"):
        grant(execute, service, "DELETE", table, (Role.WORKER,))


def add_gatherings(execute: Callable[[str], object], service: str) -> None:
    """Let messages to one recipient leave together.

    Args:
        execute: runs one statement, such as `op.execute`.
        service: whose schema, after `create_tables`.
    """
    for statement in _GATHERINGS:
        execute(statement.format(schema=schema_name(service)))
    for table in ("gatherings", "storms"):
        protect_tenant_rows(execute, service, table)
        grant(execute, service, "SELECT", table, (Role.API, Role.WORKER))
    grant(execute, service, "INSERT", "gatherings", (Role.API, Role.WORKER))
    grant(execute, service, "INSERT", "storms", (Role.WORKER,))
    for table in ("gatherings", "storms"):
        grant(execute, service, "UPDATE, DELETE", table, (Role.WORKER,))


_STATEMENTS: Final = (
    """
CREATE TABLE {schema}.messages (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    topic text NOT NULL COLLATE "C",
    thread text NOT NULL COLLATE "C",
    person_key text NOT NULL COLLATE "C",
    content text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
""",
    "COMMENT ON COLUMN {schema}.messages.content IS 'JSON; emptied by an erasure'",
    """
CREATE TABLE {schema}.message_deliveries (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    key text NOT NULL COLLATE "C",
    topic text NOT NULL COLLATE "C",
    thread text NOT NULL COLLATE "C",
    channel text NOT NULL COLLATE "C"
        CHECK (channel IN ('email', 'slack', 'teams', 'webhook', 'pagerduty', 'alertmanager', 'console')),
    outlet text NOT NULL COLLATE "C",
    recipient text NOT NULL COLLATE "C",
    person_key text NOT NULL COLLATE "C",
    needs_consent boolean NOT NULL,
    created_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    possible_repeat boolean NOT NULL DEFAULT false,
    state text NOT NULL COLLATE "C" DEFAULT 'pending'
        CHECK (state IN ('pending', 'sending', 'sent', 'withdrawn', 'failed')),
    reason text NOT NULL DEFAULT '',
    next_attempt_at timestamptz NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)
""",
    """
COMMENT ON COLUMN {schema}.message_deliveries.id IS
    'computed from key, channel and recipient: the same change cannot be told to the same recipient twice'
""",
    """
COMMENT ON COLUMN {schema}.message_deliveries.leased_until IS
    'by the wall clock: no other process takes the row before, and one that died gives it back'
""",
    """
CREATE INDEX message_deliveries_pending ON {schema}.message_deliveries (tenant_id, outlet, next_attempt_at, id)
    WHERE state = 'pending'
""",
    """
CREATE INDEX message_deliveries_sending ON {schema}.message_deliveries (tenant_id, outlet, leased_until)
    WHERE state = 'sending'
""",
    "CREATE INDEX message_deliveries_by_time ON {schema}.message_deliveries (tenant_id, created_at DESC, id DESC)",
    """
CREATE INDEX message_deliveries_by_state
    ON {schema}.message_deliveries (tenant_id, state, created_at DESC, id DESC)
""",
    """
CREATE INDEX message_deliveries_by_outlet
    ON {schema}.message_deliveries (tenant_id, outlet, created_at DESC, id DESC)
""",
    "CREATE INDEX message_deliveries_by_message ON {schema}.message_deliveries (tenant_id, message_id)",
    """
CREATE INDEX message_deliveries_by_thread ON {schema}.message_deliveries (tenant_id, thread) WHERE thread <> ''
""",
    """
CREATE INDEX message_deliveries_by_person ON {schema}.message_deliveries (tenant_id, person_key)
    WHERE person_key <> ''
""",
    """
CREATE INDEX message_deliveries_finished ON {schema}.message_deliveries (finished_at) WHERE finished_at IS NOT NULL
""",
    """
CREATE TABLE {schema}.message_attempts (
    tenant_id text NOT NULL COLLATE "C",
    delivery_id uuid NOT NULL,
    number int NOT NULL CHECK (number >= 1),
    ended_at timestamptz NOT NULL,
    duration_ms int NOT NULL,
    kind text NOT NULL COLLATE "C" CHECK (kind IN ('sent', 'failed', 'refused', 'gone', 'unrecorded')),
    status int,
    error text NOT NULL,
    sent bytea NOT NULL CHECK (octet_length(sent) <= 65536),
    answer bytea NOT NULL CHECK (octet_length(answer) <= 65536),
    PRIMARY KEY (tenant_id, delivery_id, number)
)
""",
    """
CREATE TABLE {schema}.outlets (
    tenant_id text NOT NULL COLLATE "C",
    outlet text NOT NULL COLLATE "C",
    channel text NOT NULL COLLATE "C",
    failures int NOT NULL DEFAULT 0,
    failing_since timestamptz,
    rests_until timestamptz,
    leased_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (tenant_id, outlet)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0.2)
""",
    "COMMENT ON TABLE {schema}.outlets IS 'what deliveries wait for together: an endpoint, or the mail server'",
    """
CREATE TABLE {schema}.endpoints (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    name text NOT NULL,
    channel text NOT NULL COLLATE "C"
        CHECK (channel IN ('slack', 'teams', 'webhook', 'pagerduty', 'alertmanager')),
    origin text NOT NULL,
    topics text[] NOT NULL,
    state text NOT NULL COLLATE "C" CHECK (state IN ('enabled', 'disabled')),
    reason text NOT NULL,
    sealed text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
""",
    "COMMENT ON COLUMN {schema}.endpoints.sealed IS 'the address and the secrets, encrypted by the vault'",
    """
CREATE TABLE {schema}.endpoint_changes (
    tenant_id text NOT NULL COLLATE "C",
    endpoint_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    changed_at timestamptz NOT NULL,
    actor text NOT NULL,
    change text NOT NULL,
    PRIMARY KEY (tenant_id, endpoint_id, id)
)
""",
    """
CREATE TABLE {schema}.consents (
    tenant_id text NOT NULL COLLATE "C",
    person_key text NOT NULL COLLATE "C",
    id bigint GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL COLLATE "C",
    channel text NOT NULL COLLATE "C",
    choice text NOT NULL COLLATE "C" CHECK (choice IN ('in', 'out')),
    source text NOT NULL COLLATE "C",
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, person_key, id)
)
""",
    "COMMENT ON TABLE {schema}.consents IS 'append-only: what people chose, the last entry counts'",
)

_GATHERINGS: Final = (
    """
ALTER TABLE {schema}.message_deliveries
    ADD COLUMN gathering text NOT NULL COLLATE "C" DEFAULT '',
    ADD COLUMN is_urgent boolean NOT NULL DEFAULT false,
    ADD COLUMN is_bundle boolean NOT NULL DEFAULT false,
    ADD COLUMN bundle_id uuid,
    ADD COLUMN released_at timestamptz,
    DROP CONSTRAINT message_deliveries_state_check,
    ADD CONSTRAINT message_deliveries_state_check
        CHECK (state IN ('pending', 'sending', 'sent', 'withdrawn', 'failed', 'gathered'))
""",
    """
COMMENT ON COLUMN {schema}.message_deliveries.bundle_id IS
    'the delivery that it leaves with: chosen once, before the first attempt, so that each attempt has the same key'
""",
    """
CREATE INDEX message_deliveries_gathered
    ON {schema}.message_deliveries (tenant_id, gathering, channel, recipient, next_attempt_at, id)
    WHERE state = 'gathered' AND bundle_id IS NULL
""",
    """
CREATE INDEX message_deliveries_gathered_urgent
    ON {schema}.message_deliveries (tenant_id, gathering, channel, recipient, next_attempt_at, id)
    WHERE state = 'gathered' AND bundle_id IS NULL AND is_urgent
""",
    """
CREATE INDEX message_deliveries_by_bundle ON {schema}.message_deliveries (tenant_id, bundle_id, id)
    WHERE bundle_id IS NOT NULL
""",
    """
CREATE INDEX message_deliveries_released ON {schema}.message_deliveries (tenant_id, released_at)
    WHERE released_at IS NOT NULL
""",
    """
CREATE TABLE {schema}.gatherings (
    tenant_id text NOT NULL COLLATE "C",
    gathering text NOT NULL COLLATE "C",
    channel text NOT NULL COLLATE "C",
    recipient text NOT NULL COLLATE "C",
    step int NOT NULL DEFAULT 0 CHECK (step >= 0),
    free_at timestamptz,
    urgent_at timestamptz,
    opened_at timestamptz,
    PRIMARY KEY (tenant_id, gathering, channel, recipient)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0.2)
""",
    "COMMENT ON TABLE {schema}.gatherings IS 'how messages of one kind to one recipient leave together'",
    """
CREATE TABLE {schema}.storms (
    tenant_id text NOT NULL COLLATE "C",
    since timestamptz NOT NULL,
    until timestamptz,
    PRIMARY KEY (tenant_id, since)
)
""",
    "COMMENT ON TABLE {schema}.storms IS 'when a tenant had more messages to people than its budget'",
    "CREATE UNIQUE INDEX storms_open ON {schema}.storms (tenant_id) WHERE until IS NULL",
)
