"""Erasure: what was erased is known again, by review and by person; deliveries whose bytes are gone say so."""

from alembic import op
from sqlalchemy import Connection, text

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows
from plaudit.ingest.reviews.domain.state_formats import decode_state

revision = "0011"
down_revision = "0010"

BATCH_ROWS = 2_000


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("erased_people", "erasures"):
        protect_tenant_rows(op.execute, "ingest", table)
        grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", table, (Role.API, Role.WORKER))
    grant(op.execute, "ingest", "SELECT", "erased_people", (Role.HOOK,))
    grant(op.execute, "ingest", "UPDATE", "reviews", (Role.WORKER,))
    grant(op.execute, "ingest", "INSERT, UPDATE", "revisions", (Role.WORKER,))
    grant(op.execute, "ingest", "UPDATE, DELETE", "deliveries", (Role.WORKER,))
    grant(op.execute, "ingest", "UPDATE", "outbox", (Role.WORKER,))
    name_people(op.get_bind())
    op.execute("CREATE INDEX reviews_of_person ON ingest.reviews (tenant_id, person) WHERE person IS NOT NULL")


def name_people(connection: Connection) -> None:
    """Fill `reviews.person` from the states, which hold it in bytes."""
    for table in ("reviews", "revisions"):
        connection.execute(text(f"ALTER TABLE ingest.{table} NO FORCE ROW LEVEL SECURITY"))
    after = "00000000-0000-0000-0000-000000000000"
    while True:
        rows = connection.execute(text(NEXT_STATES), {"after": after, "rows": BATCH_ROWS}).all()
        if not rows:
            break
        named = [(row.id, state.person) for row in rows if (state := decode_state(row.state, row.state_format))]
        for review_id, person in named:
            if person is not None:
                connection.execute(text(SET_PERSON), {"id": review_id, "person": person})
        after = str(rows[-1].id)
    for table in ("reviews", "revisions"):
        connection.execute(text(f"ALTER TABLE ingest.{table} FORCE ROW LEVEL SECURITY"))


NEXT_STATES = """
SELECT r.id, v.state, v.state_format
FROM ingest.reviews AS r JOIN ingest.revisions AS v ON v.review_id = r.id AND v.revision = r.revision
WHERE r.id > cast(:after AS uuid) ORDER BY r.id LIMIT :rows
"""
SET_PERSON = "UPDATE ingest.reviews SET person = :person WHERE id = :id"
STATEMENTS = (
    'ALTER TABLE ingest.reviews ADD COLUMN person text COLLATE "C"',
    "ALTER TABLE ingest.reviews ADD COLUMN erased_at timestamptz",
    "COMMENT ON COLUMN ingest.reviews.person IS 'the person key of its author'",
    "COMMENT ON COLUMN ingest.reviews.erased_at IS 'nothing of it is stored since, and nothing of it comes back'",
    "ALTER TABLE ingest.deliveries ADD COLUMN scrubbed_at timestamptz",
    "COMMENT ON COLUMN ingest.deliveries.scrubbed_at IS 'its bytes are gone since, for something in them was erased'",
    """
CREATE TABLE ingest.erased_people (
    tenant_id text NOT NULL COLLATE "C",
    person text NOT NULL COLLATE "C",
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, person)
)
""",
    "COMMENT ON TABLE ingest.erased_people IS 'what a person did up to the erasure does not come back'",
    """
CREATE TABLE ingest.erasures (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    review_id uuid,
    person text COLLATE "C",
    address text,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    stage text NOT NULL CHECK (stage IN ('reviews', 'deliveries', 'outbox', 'customers', 'done')),
    place text NOT NULL,
    counts jsonb NOT NULL,
    finished_at timestamptz,
    CHECK ((review_id IS NULL) <> (person IS NULL))
)
""",
    "CREATE INDEX erasures_list ON ingest.erasures (tenant_id, requested_at DESC, id DESC)",
    "CREATE INDEX erasures_open ON ingest.erasures (requested_at) WHERE stage <> 'done'",
    "COMMENT ON COLUMN ingest.erasures.address IS 'encrypted, to find it in deliveries; null once that is done'",
    "COMMENT ON COLUMN ingest.erasures.place IS 'how far the stage has come'",
)
