"""The names of the indexes and the sequence of sums, where sums that were made anew took the place with their own."""

from alembic import op

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        WITH swapped (name, other) AS (VALUES ('sums', 'sums_anew'), ('tenant_sums', 'tenant_sums_anew')),
        indexes AS (
            SELECT t.relname AS of_table, c.relname AS name,
                substring(pg_get_indexdef(c.oid) FROM ' USING .*') AS columns
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
            WHERE t.relnamespace = 'scoring'::regnamespace
        )
        SELECT 'INDEX' AS kind, held.name::text AS name, anew.name::text AS other
        FROM swapped JOIN indexes AS held ON held.of_table = swapped.name
        JOIN indexes AS anew ON anew.of_table = swapped.other AND anew.columns = held.columns
        WHERE starts_with(held.name, swapped.other)
        UNION ALL
        SELECT 'SEQUENCE', 'sums_anew_id_seq', 'sums_id_seq'
        WHERE pg_get_serial_sequence('scoring.sums', 'id') = 'scoring.sums_anew_id_seq'
    LOOP
        EXECUTE format('ALTER %s scoring.%I RENAME TO swapped_name', found.kind, found.name);
        EXECUTE format('ALTER %s scoring.%I RENAME TO %I', found.kind, found.other, found.name);
        EXECUTE format('ALTER %s scoring.swapped_name RENAME TO %I', found.kind, found.other);
    END LOOP;
END
$$
""",
)
