"""What migrations of all services share: roles, row level security, and the tables that the runtime keeps."""

from collections.abc import Callable, Iterable

from plaudit.common.db.database import Role, role_name

Execute = Callable[[str], object]

_OWN_TENANTS = "tenant_id = ANY((SELECT nullif(current_setting('plaudit.tenants', true), '')::text[])::text[])"
"""The subselect is evaluated once a statement; `nullif`, since a local setting leaves an empty string behind."""


def schema_name(service: str) -> str:
    """Return the schema of a service."""
    return service.replace("-", "_")


def bootstrap_statements(service: str) -> list[str]:
    """Return the statements, each repeatable, that make a service's roles and schema. Run by the login itself."""
    schema = schema_name(service)
    roles = [role_name(service, role) for role in Role]
    statements = []
    for role in roles:
        statements.append(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOBYPASSRLS; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        statements.append(f"GRANT {role} TO CURRENT_USER")
    owner = role_name(service, Role.OWNER)
    statements.append(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}")
    statements.append(f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(roles)}")
    if service != "common":
        statements.append(f"GRANT USAGE ON SCHEMA common TO {', '.join(roles)}")
    return statements


def protect_tenant_rows(execute: Execute, service: str, table: str, *, lookup: bool = False) -> None:
    """Force row level security on a table with `tenant_id`.

    Under the api and hook roles only rows of the transaction's tenants exist; a worker sees all.

    Args:
        execute: runs one statement, for example `op.execute`.
        service: whose table it is.
        table: its name.
        lookup: whether a SECURITY DEFINER function of the owner must find rows before a tenant is known.
    """
    name = f"{schema_name(service)}.{table}"
    api, hook, worker, owner = (role_name(service, role) for role in (Role.API, Role.HOOK, Role.WORKER, Role.OWNER))
    execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    execute(f"CREATE POLICY own_tenants ON {name} TO {api}, {hook} USING ({_OWN_TENANTS}) WITH CHECK ({_OWN_TENANTS})")
    execute(f"CREATE POLICY all_tenants ON {name} TO {worker} USING (true) WITH CHECK (true)")
    if lookup:
        execute(f"CREATE POLICY lookup ON {name} FOR SELECT TO {owner} USING (true)")


def grant(execute: Execute, service: str, privileges: str, table: str, roles: Iterable[Role]) -> None:
    """Grant privileges, for example `SELECT, INSERT`, on a table of the service to its roles."""
    names = ", ".join(role_name(service, role) for role in roles)
    execute(f"GRANT {privileges} ON {schema_name(service)}.{table} TO {names}")


def create_runtime_tables(execute: Execute, service: str) -> None:
    """Make what the runtime keeps in each service's schema: outbox, relay cursor and lease, positions, dead letters."""
    schema = schema_name(service)
    for statement in _RUNTIME.split(";;"):
        execute(statement.replace("SCHEMA", schema))
    for day in (0, 1):
        execute(f"SELECT {schema}.outbox_make_day((now() AT TIME ZONE 'UTC')::date + {day})")
    everyone = (Role.API, Role.HOOK, Role.WORKER)
    grant(execute, service, "INSERT", "outbox", everyone)
    grant(execute, service, "SELECT", "outbox", (Role.WORKER,))
    for table in ("relay_cursor", "relay_lease", "positions", "dead_letters"):
        grant(execute, service, "SELECT, INSERT, UPDATE, DELETE", table, (Role.WORKER,))
    worker = role_name(service, Role.WORKER)
    execute(f"REVOKE EXECUTE ON FUNCTION {schema}.outbox_make_day(date), {schema}.outbox_drop_day(date) FROM PUBLIC")
    execute(f"GRANT EXECUTE ON FUNCTION {schema}.outbox_make_day(date), {schema}.outbox_drop_day(date) TO {worker}")


_RUNTIME = """
CREATE TABLE SCHEMA.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    written_at timestamptz NOT NULL DEFAULT now(),
    topic text NOT NULL COLLATE "C",
    partition int NOT NULL,
    key bytea NOT NULL,
    envelope bytea NOT NULL
) PARTITION BY RANGE (written_at)
;;
CREATE INDEX outbox_commit_order ON SCHEMA.outbox (xid, id)
;;
CREATE TABLE SCHEMA.outbox_rest PARTITION OF SCHEMA.outbox DEFAULT
;;
CREATE FUNCTION SCHEMA.outbox_make_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = SCHEMA, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS SCHEMA.%I PARTITION OF SCHEMA.outbox FOR VALUES FROM (%L) TO (%L)',
        'outbox_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
END $$
;;
CREATE FUNCTION SCHEMA.outbox_drop_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = SCHEMA, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS SCHEMA.%I', 'outbox_' || to_char(day, 'YYYYMMDD'));
END $$
;;
CREATE TABLE SCHEMA.relay_cursor (
    name text PRIMARY KEY,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    epoch bigint NOT NULL,
    numbers jsonb NOT NULL,
    topic_ids jsonb NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now()
)
;;
COMMENT ON COLUMN SCHEMA.relay_cursor.numbers IS
    'last sequence per "topic/partition"; moves with the cursor in one statement, so that reading again repeats it'
;;
INSERT INTO SCHEMA.relay_cursor (name, xid, id, epoch, numbers, topic_ids) VALUES ('outbox', '0', 0, 1, '{}', '{}')
;;
CREATE TABLE SCHEMA.relay_lease (
    name text PRIMARY KEY,
    holder uuid,
    until timestamptz NOT NULL DEFAULT '-infinity'
)
;;
INSERT INTO SCHEMA.relay_lease (name) VALUES ('outbox')
;;
CREATE TABLE SCHEMA.positions (
    consumer_group text NOT NULL COLLATE "C",
    topic text NOT NULL COLLATE "C",
    partition int NOT NULL,
    topic_id uuid NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    parked int NOT NULL DEFAULT 0 CHECK (parked >= 0),
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic, partition)
)
;;
COMMENT ON COLUMN SCHEMA.positions.parked IS
    'open dead letters that hold back later records of their key; no look-up is paid while it is 0'
;;
CREATE TABLE SCHEMA.dead_letters (
    id uuid PRIMARY KEY,
    consumer_group text NOT NULL COLLATE "C",
    topic text NOT NULL COLLATE "C",
    partition int NOT NULL,
    record_offset bigint NOT NULL,
    epoch bigint,
    sequence bigint,
    record_key bytea,
    headers jsonb NOT NULL,
    value bytea,
    order_keys text[] NOT NULL,
    reason text NOT NULL CHECK (reason IN ('invalid', 'failed', 'held')),
    error text NOT NULL,
    tries int NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redriven', 'discarded')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (consumer_group, topic, partition, record_offset)
)
;;
CREATE INDEX dead_letters_holding ON SCHEMA.dead_letters USING gin (order_keys) WHERE state = 'open'
"""
