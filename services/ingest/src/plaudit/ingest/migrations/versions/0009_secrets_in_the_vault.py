"""Secrets of sources are stored encrypted; contacts, whose addresses are, and the events of customers."""

from alembic import op
from sqlalchemy import Connection, text

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows
from plaudit.common.settings import read_settings
from plaudit.common.vault import Place, VaultSettings, vault_of

revision = "0009"
down_revision = "0007"

SEALED = ("secret", "path_token")


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("contacts", "customer_events"):
        protect_tenant_rows(op.execute, "ingest", table)
        grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", table, (Role.API,))
        grant(op.execute, "ingest", "SELECT, UPDATE, DELETE", table, (Role.WORKER,))
    grant(op.execute, "ingest", "SELECT, UPDATE", "sources", (Role.WORKER,))
    seal_sources(op.get_bind())


def seal_sources(connection: Connection) -> None:
    """Encrypt what is stored in the clear, with the keys of the environment; where nothing is, no key is needed."""
    # The owner has no policy of its own, so it sees rows only while none binds it.
    connection.execute(text("ALTER TABLE ingest.sources NO FORCE ROW LEVEL SECURITY"))
    names = ", ".join((*SEALED, "more_secrets"))
    rows = connection.execute(text(f"SELECT tenant_id, id, {names} FROM ingest.sources")).mappings().all()
    if rows:
        vault = vault_of(read_settings(VaultSettings))
        for row in rows:
            for column in SEALED:
                if row[column] is not None:
                    sealed = vault.seal(row[column], Place(row["tenant_id"], "sources", str(row["id"]), column))
                    connection.execute(
                        text(f"UPDATE ingest.sources SET {column} = :sealed WHERE id = :id"),
                        {"sealed": sealed, "id": row["id"]},
                    )
            place = Place(row["tenant_id"], "sources", str(row["id"]), "more_secrets")
            connection.execute(
                text("UPDATE ingest.sources SET more_secrets = :sealed WHERE id = :id"),
                {"sealed": [vault.seal(secret, place) for secret in row["more_secrets"]], "id": row["id"]},
            )
    connection.execute(text("ALTER TABLE ingest.sources FORCE ROW LEVEL SECURITY"))


STATEMENTS = (
    "COMMENT ON COLUMN ingest.sources.secret IS 'encrypted: v1:<id of the key>:<base64>'",
    """
COMMENT ON COLUMN ingest.sources.path_token IS
    'the secret in the address, for a platform that signs nothing; encrypted as the other one'
""",
    """
CREATE TABLE ingest.contacts (
    tenant_id text NOT NULL COLLATE "C",
    person text NOT NULL COLLATE "C",
    address text NOT NULL,
    consent text NOT NULL CHECK (consent IN ('unknown', 'granted', 'denied')),
    consent_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, person)
)
""",
    "COMMENT ON COLUMN ingest.contacts.address IS 'encrypted; it is in no other table'",
    "COMMENT ON COLUMN ingest.contacts.consent_at IS 'when the person said so; null while nothing is known'",
    """
CREATE TABLE ingest.customer_events (
    tenant_id text NOT NULL COLLATE "C",
    event_id text NOT NULL COLLATE "C",
    fingerprint bytea NOT NULL,
    person text NOT NULL COLLATE "C",
    type text NOT NULL,
    happened_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
)
""",
    "CREATE INDEX customer_events_of_person ON ingest.customer_events (tenant_id, person)",
    "COMMENT ON COLUMN ingest.customer_events.fingerprint IS 'of the content; another under this id is refused'",
)
