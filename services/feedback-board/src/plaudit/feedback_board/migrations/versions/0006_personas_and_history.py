"""Personas, how people are weighed by them, and the history of estimates and priorities."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0006"
down_revision = "0005"

GRANTS = {
    "personas": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT, UPDATE"},
    "persona_people": {Role.API: "SELECT, INSERT, UPDATE, DELETE", Role.WORKER: "SELECT, DELETE"},
    "reach_views": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT"},
    "sizings": {Role.API: "SELECT, INSERT", Role.WORKER: "SELECT"},
    "priority_history": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT, INSERT, UPDATE"},
    "day_rolls": {Role.API: "SELECT", Role.WORKER: "SELECT, INSERT, UPDATE"},
}

STATEMENTS = (
    """
CREATE TABLE feedback_board.personas (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    name text NOT NULL,
    population_share numeric(5, 4) CHECK (population_share > 0 AND population_share <= 1),
    created_at timestamptz NOT NULL,
    muted_at timestamptz,
    muted_until timestamptz,
    mute_reason text,
    muted_by text,
    PRIMARY KEY (tenant_id, id),
    CHECK ((muted_at IS NULL) = (muted_until IS NULL) AND (muted_at IS NULL) = (mute_reason IS NULL)
        AND (muted_at IS NULL) = (muted_by IS NULL))
)
""",
    "CREATE UNIQUE INDEX personas_by_name ON feedback_board.personas (tenant_id, lower(name))",
    """
CREATE TABLE feedback_board.persona_people (
    tenant_id text NOT NULL COLLATE "C",
    person_key text NOT NULL COLLATE "C",
    persona_id uuid NOT NULL,
    source text NOT NULL CHECK (source IN ('fact', 'plan', 'tag')),
    actor text NOT NULL,
    assigned_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, person_key),
    FOREIGN KEY (tenant_id, persona_id) REFERENCES feedback_board.personas (tenant_id, id)
)
""",
    "CREATE INDEX persona_people_by_persona ON feedback_board.persona_people (tenant_id, persona_id)",
    """
COMMENT ON TABLE feedback_board.persona_people IS
    'which persona a person has, by person key and never by address; one at most'
""",
    """
CREATE TABLE feedback_board.reach_views (
    tenant_id text NOT NULL COLLATE "C" PRIMARY KEY,
    view text NOT NULL CHECK (view IN ('raw', 'capped', 'sqrt')),
    cap int NOT NULL CHECK (cap >= 5),
    actor text NOT NULL,
    set_at timestamptz NOT NULL
)
""",
    """
CREATE VIEW feedback_board.strata WITH (security_invoker = true) AS
SELECT tenant_id, person_key, persona_id::text AS stratum FROM feedback_board.persona_people
""",
    """
CREATE VIEW feedback_board.muted_strata WITH (security_invoker = true) AS
SELECT tenant_id, id::text AS stratum, muted_until AS until FROM feedback_board.personas WHERE muted_until IS NOT NULL
""",
    "CREATE INDEX recounts_of_request ON feedback_board.recounts (tenant_id, request_id)",
    # What stands there was made by the first formula, which weighed nobody.
    "ALTER TABLE feedback_board.requests NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE feedback_board.recounts NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE feedback_board.activity NO FORCE ROW LEVEL SECURITY",
    """
ALTER TABLE feedback_board.requests
    ADD COLUMN sized_at timestamptz,
    ADD COLUMN concern text CHECK (concern IN ('safety', 'accessibility')),
    ADD COLUMN strata jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN muted_people int NOT NULL DEFAULT 0,
    ADD COLUMN weighted_reach numeric(14, 2),
    ADD COLUMN reach_view text NOT NULL DEFAULT 'raw' CHECK (reach_view IN ('raw', 'capped', 'sqrt')),
    ADD COLUMN reach_cap int CHECK ((reach_cap IS NULL) = (reach_view <> 'capped')),
    ADD COLUMN formula_version int NOT NULL DEFAULT 1
""",
    "UPDATE feedback_board.requests SET weighted_reach = reach",
    """
UPDATE feedback_board.requests SET sized_at = (
    SELECT max(at) FROM feedback_board.activity
    WHERE activity.tenant_id = requests.tenant_id AND activity.request_id = requests.id AND activity.type = 'sized'
) WHERE impact IS NOT NULL
""",
    """
ALTER TABLE feedback_board.requests
    ALTER COLUMN weighted_reach SET NOT NULL,
    ALTER COLUMN strata DROP DEFAULT,
    ALTER COLUMN muted_people DROP DEFAULT,
    ALTER COLUMN reach_view DROP DEFAULT,
    ALTER COLUMN formula_version DROP DEFAULT
""",
    """
COMMENT ON COLUMN feedback_board.requests.strata IS
    'the distinct people of reach by persona id, the empty text for those without one; reach is their sum'
""",
    """
COMMENT ON COLUMN feedback_board.requests.recount_at IS
    'the midnight (UTC) when the oldest vote or review that reach counts leaves the window of 90 days'
""",
    """
INSERT INTO feedback_board.recounts (tenant_id, request_id) SELECT tenant_id, id FROM feedback_board.requests
""",
    "ALTER TABLE feedback_board.requests FORCE ROW LEVEL SECURITY",
    "ALTER TABLE feedback_board.recounts FORCE ROW LEVEL SECURITY",
    "ALTER TABLE feedback_board.activity FORCE ROW LEVEL SECURITY",
    """
CREATE TABLE feedback_board.sizings (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    impact numeric,
    effort_weeks numeric(6, 2),
    note text,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id, id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    """
CREATE TABLE feedback_board.priority_history (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    at timestamptz NOT NULL,
    impact numeric,
    effort_weeks numeric(6, 2),
    reach int NOT NULL,
    muted_people int NOT NULL,
    weighted_reach numeric(14, 2) NOT NULL,
    reach_view text NOT NULL,
    reach_cap int,
    priority numeric(14, 2),
    formula_version int NOT NULL,
    PRIMARY KEY (tenant_id, request_id, at),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    """
COMMENT ON TABLE feedback_board.priority_history IS
    'one row when somebody changes an estimate or a weight, and one a day where a figure moved'
""",
    """
CREATE TABLE feedback_board.day_rolls (
    tenant_id text NOT NULL COLLATE "C" PRIMARY KEY,
    day date NOT NULL,
    rolled_at timestamptz NOT NULL,
    sample jsonb NOT NULL
)
""",
    """
COMMENT ON TABLE feedback_board.day_rolls IS
    'the last day (UTC) whose figures were kept, and how many people of each persona all requests then reached'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, "feedback-board", table)
        for role, privileges in privileges_by_role.items():
            grant(op.execute, "feedback-board", privileges, table, (role,))
    for view in ("strata", "muted_strata"):
        grant(op.execute, "feedback-board", "SELECT", view, (Role.API, Role.WORKER))
    grant(op.execute, "feedback-board", "SELECT, INSERT", "recounts", (Role.API,))
