"""What migrations of all services share: roles, row level security and grants."""

from collections.abc import Callable, Iterable

from plaudit.common.db.database import Role, role_name

Execute = Callable[[str], object]

_OWN_TENANTS = "tenant_id = ANY((SELECT nullif(current_setting('plaudit.tenants', true), '')::text[])::text[])"
"""The subselect is evaluated once for each statement. `nullif`: a local setting leaves an empty string behind."""


def schema_name(service: str) -> str:
    """Return the schema of a service."""
    return service.replace("-", "_")


def bootstrap_statements(service: str) -> list[str]:
    """Return the statements that make a service's roles and schema; each may be repeated, and the login runs them."""
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
    # For functions that say how old the oldest transaction is. A login that is no superuser may not grant it; then they
    # say how many sessions they cannot see, and an administrator grants it.
    statements.append(
        f"DO $$ BEGIN IF NOT pg_has_role('{owner}', 'pg_read_all_stats', 'MEMBER') THEN "
        f"GRANT pg_read_all_stats TO {owner}; END IF; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
    )
    statements.append(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}")
    statements.append(f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(roles)}")
    if service != "common":
        statements.append(f"GRANT USAGE ON SCHEMA common TO {', '.join(roles)}")
    return statements


def protect_tenant_rows(execute: Execute, service: str, table: str, *, lookup: bool = False) -> None:
    """Force row level security on a table with `tenant_id`.

    The api and hook roles see the rows of the transaction's tenants only; a worker sees all.

    Args:
        execute: runs one statement, for example `op.execute`.
        service: the owner of the table.
        table: its name.
        lookup: whether a SECURITY DEFINER function of the owner finds rows before the tenant is known.
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
