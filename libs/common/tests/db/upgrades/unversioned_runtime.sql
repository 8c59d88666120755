-- A database from before the runtime's tables had migrations of their own, with rows in every table.
-- Made by the code of that time and by pg_dump --inserts; comments and empty lines are left out. It never changes.
DO $$ BEGIN CREATE ROLE plaudit_common_owner NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_common_api NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_common_hook NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_common_worker NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_ingest_owner NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_ingest_api NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_ingest_hook NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_ingest_worker NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_scoring_owner NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_scoring_api NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_scoring_hook NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_scoring_worker NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_alerting_owner NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_alerting_api NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_alerting_hook NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_alerting_worker NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_feedback_board_owner NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_feedback_board_api NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_feedback_board_hook NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE plaudit_feedback_board_worker NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA alerting;
ALTER SCHEMA alerting OWNER TO plaudit_alerting_owner;
CREATE SCHEMA common;
ALTER SCHEMA common OWNER TO plaudit_common_owner;
CREATE SCHEMA feedback_board;
ALTER SCHEMA feedback_board OWNER TO plaudit_feedback_board_owner;
CREATE SCHEMA ingest;
ALTER SCHEMA ingest OWNER TO plaudit_ingest_owner;
CREATE SCHEMA scoring;
ALTER SCHEMA scoring OWNER TO plaudit_scoring_owner;
CREATE FUNCTION alerting.outbox_drop_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'alerting', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS alerting.%I', 'outbox_' || to_char(day, 'YYYYMMDD'));
END $$;
ALTER FUNCTION alerting.outbox_drop_day(day date) OWNER TO plaudit_alerting_owner;
CREATE FUNCTION alerting.outbox_make_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'alerting', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS alerting.%I PARTITION OF alerting.outbox FOR VALUES FROM (%L) TO (%L)',
        'outbox_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
END $$;
ALTER FUNCTION alerting.outbox_make_day(day date) OWNER TO plaudit_alerting_owner;
CREATE FUNCTION common.find_api_key(wanted text) RETURNS TABLE(tenant_id text, secret_hash bytea, scopes text[], expires_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'common', 'pg_temp'
    AS $$
    SELECT tenant_id, secret_hash, scopes, expires_at FROM common.api_keys
    WHERE public_id = wanted AND revoked_at IS NULL
$$;
ALTER FUNCTION common.find_api_key(wanted text) OWNER TO plaudit_common_owner;
CREATE FUNCTION common.person_key(wanted text) RETURNS bytea
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'common', 'pg_temp'
    AS $$
    SELECT person_key FROM common.tenants WHERE id = wanted
$$;
ALTER FUNCTION common.person_key(wanted text) OWNER TO plaudit_common_owner;
CREATE FUNCTION common.tenant_exists(wanted text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'common', 'pg_temp'
    AS $$
    SELECT EXISTS (SELECT FROM common.tenants WHERE id = wanted)
$$;
ALTER FUNCTION common.tenant_exists(wanted text) OWNER TO plaudit_common_owner;
CREATE FUNCTION common.tenant_name(wanted text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'common', 'pg_temp'
    AS $$
    SELECT name FROM common.tenants WHERE id = wanted
$$;
ALTER FUNCTION common.tenant_name(wanted text) OWNER TO plaudit_common_owner;
CREATE FUNCTION feedback_board.outbox_drop_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'feedback_board', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS feedback_board.%I', 'outbox_' || to_char(day, 'YYYYMMDD'));
END $$;
ALTER FUNCTION feedback_board.outbox_drop_day(day date) OWNER TO plaudit_feedback_board_owner;
CREATE FUNCTION feedback_board.outbox_make_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'feedback_board', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS feedback_board.%I PARTITION OF feedback_board.outbox FOR VALUES FROM (%L) TO (%L)',
        'outbox_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
END $$;
ALTER FUNCTION feedback_board.outbox_make_day(day date) OWNER TO plaudit_feedback_board_owner;
CREATE FUNCTION ingest.find_source(wanted uuid) RETURNS TABLE(tenant_id text, id uuid, name text, platform text, subject text, secret text, path_token text, created_at timestamp with time zone, person_key bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'ingest', 'common', 'pg_temp'
    AS $$
    SELECT tenant_id, id, name, platform, subject, secret, path_token, created_at, common.person_key(tenant_id)
    FROM ingest.sources WHERE id = wanted
$$;
ALTER FUNCTION ingest.find_source(wanted uuid) OWNER TO plaudit_ingest_owner;
CREATE FUNCTION ingest.outbox_drop_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ingest', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS ingest.%I', 'outbox_' || to_char(day, 'YYYYMMDD'));
END $$;
ALTER FUNCTION ingest.outbox_drop_day(day date) OWNER TO plaudit_ingest_owner;
CREATE FUNCTION ingest.outbox_make_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ingest', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS ingest.%I PARTITION OF ingest.outbox FOR VALUES FROM (%L) TO (%L)',
        'outbox_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
END $$;
ALTER FUNCTION ingest.outbox_make_day(day date) OWNER TO plaudit_ingest_owner;
CREATE FUNCTION scoring.outbox_drop_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'scoring', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS scoring.%I', 'outbox_' || to_char(day, 'YYYYMMDD'));
END $$;
ALTER FUNCTION scoring.outbox_drop_day(day date) OWNER TO plaudit_scoring_owner;
CREATE FUNCTION scoring.outbox_make_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'scoring', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS scoring.%I PARTITION OF scoring.outbox FOR VALUES FROM (%L) TO (%L)',
        'outbox_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
END $$;
ALTER FUNCTION scoring.outbox_make_day(day date) OWNER TO plaudit_scoring_owner;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE alerting.alembic_version (
    version_num character varying(32) NOT NULL
);
ALTER TABLE alerting.alembic_version OWNER TO plaudit_alerting_owner;
CREATE TABLE alerting.alerts (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    clock_id uuid NOT NULL,
    review_id text NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    severity text NOT NULL,
    summary text NOT NULL,
    owner text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    acknowledged_at timestamp with time zone,
    acknowledged_by text,
    resolved_at timestamp with time zone,
    reason text,
    CONSTRAINT alerts_state_check CHECK ((state = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text])))
);
ALTER TABLE ONLY alerting.alerts FORCE ROW LEVEL SECURITY;
ALTER TABLE alerting.alerts OWNER TO plaudit_alerting_owner;
COMMENT ON COLUMN alerting.alerts.acknowledged_by IS 'public id of the API key';
CREATE TABLE alerting.clock_events (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    clock_id uuid NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    event jsonb NOT NULL,
    CONSTRAINT clock_events_kind_check CHECK ((kind = ANY (ARRAY['started'::text, 'warned'::text, 'breached'::text, 'fulfilled'::text, 'cancelled'::text, 'retracted'::text])))
);
ALTER TABLE ONLY alerting.clock_events FORCE ROW LEVEL SECURITY;
ALTER TABLE alerting.clock_events OWNER TO plaudit_alerting_owner;
ALTER TABLE alerting.clock_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME alerting.clock_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE alerting.clocks (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    metric text NOT NULL,
    partition integer NOT NULL,
    review_revision bigint NOT NULL,
    review_id text NOT NULL COLLATE pg_catalog."C",
    source_id text NOT NULL,
    source_name text NOT NULL,
    external_id text NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    stars integer NOT NULL,
    title text,
    excerpt text,
    url text,
    state text NOT NULL,
    waiting boolean NOT NULL,
    policy_id text NOT NULL,
    policy_revision integer NOT NULL,
    run integer NOT NULL,
    generation integer NOT NULL,
    anchor_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    breached_at timestamp with time zone,
    provisional boolean NOT NULL,
    fulfilled_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    reason text NOT NULL,
    CONSTRAINT clocks_state_check CHECK ((state = ANY (ARRAY['running'::text, 'fulfilled'::text, 'breached'::text, 'cancelled'::text])))
)
WITH (fillfactor='85');
ALTER TABLE ONLY alerting.clocks FORCE ROW LEVEL SECURITY;
ALTER TABLE alerting.clocks OWNER TO plaudit_alerting_owner;
COMMENT ON COLUMN alerting.clocks.partition IS 'of the topic of reviews, where all about this review is written: timers wait for the position there';
COMMENT ON COLUMN alerting.clocks.generation IS 'goes up when what was scheduled so far has lost its object: timers and mails of an older one do nothing';
CREATE TABLE alerting.dead_letters (
    id uuid NOT NULL,
    consumer_group text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    epoch bigint,
    sequence bigint,
    record_key bytea,
    headers jsonb NOT NULL,
    value bytea,
    order_keys text[] NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    tries integer NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dead_letters_reason_check CHECK ((reason = ANY (ARRAY['invalid'::text, 'failed'::text, 'held'::text]))),
    CONSTRAINT dead_letters_state_check CHECK ((state = ANY (ARRAY['open'::text, 'redriven'::text, 'discarded'::text])))
);
ALTER TABLE alerting.dead_letters OWNER TO plaudit_alerting_owner;
CREATE TABLE alerting.mails (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    clock_id uuid NOT NULL,
    generation integer NOT NULL,
    kind text NOT NULL,
    channel text DEFAULT 'email'::text NOT NULL,
    recipient text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    error text,
    CONSTRAINT mails_channel_check CHECK ((channel = 'email'::text)),
    CONSTRAINT mails_kind_check CHECK ((kind = ANY (ARRAY['notice'::text, 'breach'::text]))),
    CONSTRAINT mails_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sent'::text, 'superseded'::text, 'failed'::text])))
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0.05');
ALTER TABLE ONLY alerting.mails FORCE ROW LEVEL SECURITY;
ALTER TABLE alerting.mails OWNER TO plaudit_alerting_owner;
COMMENT ON COLUMN alerting.mails.id IS 'computed from clock, run, kind, recipient and channel: the same change cannot write to the same person twice';
COMMENT ON COLUMN alerting.mails.leased_until IS 'by the wall clock: no other sender takes the row before, and one that died gives it back';
CREATE TABLE alerting.outbox (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    key bytea NOT NULL,
    envelope bytea NOT NULL
)
PARTITION BY RANGE (written_at);
ALTER TABLE alerting.outbox OWNER TO plaudit_alerting_owner;
CREATE TABLE alerting.outbox_20261128 (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE alerting.outbox_20261128 OWNER TO plaudit_alerting_owner;
CREATE TABLE alerting.outbox_20261129 (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE alerting.outbox_20261129 OWNER TO plaudit_alerting_owner;
ALTER TABLE alerting.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME alerting.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE alerting.outbox_rest (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE alerting.outbox_rest OWNER TO plaudit_alerting_owner;
CREATE TABLE alerting.policies (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    revision integer NOT NULL,
    metric text NOT NULL,
    kinds text[] NOT NULL,
    max_stars integer NOT NULL,
    target_seconds integer NOT NULL,
    grace_seconds integer NOT NULL,
    warn_percent integer[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT policies_grace_seconds_check CHECK ((grace_seconds >= 0)),
    CONSTRAINT policies_max_stars_check CHECK (((max_stars >= 1) AND (max_stars <= 5))),
    CONSTRAINT policies_revision_check CHECK ((revision >= 1)),
    CONSTRAINT policies_target_seconds_check CHECK ((target_seconds > 0))
);
ALTER TABLE ONLY alerting.policies FORCE ROW LEVEL SECURITY;
ALTER TABLE alerting.policies OWNER TO plaudit_alerting_owner;
CREATE TABLE alerting.positions (
    consumer_group text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    topic_id uuid NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    parked integer DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT positions_parked_check CHECK ((parked >= 0))
);
ALTER TABLE alerting.positions OWNER TO plaudit_alerting_owner;
COMMENT ON COLUMN alerting.positions.parked IS 'open dead letters that hold back later records of their key; no look-up is paid while it is 0';
CREATE TABLE alerting.relay_cursor (
    name text NOT NULL,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    epoch bigint NOT NULL,
    numbers jsonb NOT NULL,
    topic_ids jsonb NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE alerting.relay_cursor OWNER TO plaudit_alerting_owner;
COMMENT ON COLUMN alerting.relay_cursor.numbers IS 'last sequence per "topic/partition"; moves with the cursor in one statement, so that reading again repeats it';
CREATE TABLE alerting.relay_lease (
    name text NOT NULL,
    holder uuid,
    until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);
ALTER TABLE alerting.relay_lease OWNER TO plaudit_alerting_owner;
CREATE TABLE alerting.timers (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    clock_id uuid NOT NULL,
    generation integer NOT NULL,
    percent integer NOT NULL,
    partition integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    failed_at timestamp with time zone,
    error text
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_insert_scale_factor='0.1');
ALTER TABLE ONLY alerting.timers FORCE ROW LEVEL SECURITY;
ALTER TABLE alerting.timers OWNER TO plaudit_alerting_owner;
COMMENT ON TABLE alerting.timers IS 'what is still to come; a row goes when it fires or loses its object. 100 percent is the breach';
COMMENT ON COLUMN alerting.timers.failed_at IS 'set aside, so that one bad row does not hold up the others';
CREATE TABLE common.alembic_version (
    version_num character varying(32) NOT NULL
);
ALTER TABLE common.alembic_version OWNER TO plaudit_common_owner;
CREATE TABLE common.api_keys (
    public_id text NOT NULL,
    tenant_id text NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone
);
ALTER TABLE ONLY common.api_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE common.api_keys OWNER TO plaudit_common_owner;
CREATE TABLE common.clock_offset (
    one boolean DEFAULT true NOT NULL,
    moved_by interval NOT NULL,
    CONSTRAINT clock_offset_one_check CHECK (one)
);
ALTER TABLE common.clock_offset OWNER TO plaudit_common_owner;
CREATE TABLE common.tenants (
    id text NOT NULL,
    name text NOT NULL,
    person_key bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tenants_id_check CHECK ((id ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE common.tenants OWNER TO plaudit_common_owner;
COMMENT ON COLUMN common.tenants.person_key IS 'key of the HMAC that turns an address into a person key';
CREATE TABLE feedback_board.activity (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    request_id uuid NOT NULL,
    id bigint NOT NULL,
    type text NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    person text COLLATE pg_catalog."C",
    detail jsonb NOT NULL
);
ALTER TABLE ONLY feedback_board.activity FORCE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.activity OWNER TO plaudit_feedback_board_owner;
COMMENT ON TABLE feedback_board.activity IS 'append-only: everything that happens on the board, enough to make requests, votes and links anew';
ALTER TABLE feedback_board.activity ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME feedback_board.activity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE feedback_board.alembic_version (
    version_num character varying(32) NOT NULL
);
ALTER TABLE feedback_board.alembic_version OWNER TO plaudit_feedback_board_owner;
CREATE TABLE feedback_board.budgets (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    network bytea NOT NULL,
    hour timestamp with time zone NOT NULL,
    used integer NOT NULL
);
ALTER TABLE ONLY feedback_board.budgets FORCE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.budgets OWNER TO plaudit_feedback_board_owner;
COMMENT ON COLUMN feedback_board.budgets.network IS 'keyed hash of the network''s address';
CREATE TABLE feedback_board.dead_letters (
    id uuid NOT NULL,
    consumer_group text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    epoch bigint,
    sequence bigint,
    record_key bytea,
    headers jsonb NOT NULL,
    value bytea,
    order_keys text[] NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    tries integer NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dead_letters_reason_check CHECK ((reason = ANY (ARRAY['invalid'::text, 'failed'::text, 'held'::text]))),
    CONSTRAINT dead_letters_state_check CHECK ((state = ANY (ARRAY['open'::text, 'redriven'::text, 'discarded'::text])))
);
ALTER TABLE feedback_board.dead_letters OWNER TO plaudit_feedback_board_owner;
CREATE TABLE feedback_board.idempotency_keys (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY feedback_board.idempotency_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.idempotency_keys OWNER TO plaudit_feedback_board_owner;
CREATE TABLE feedback_board.links (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    request_id uuid NOT NULL,
    review_id uuid NOT NULL,
    linked_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY feedback_board.links FORCE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.links OWNER TO plaudit_feedback_board_owner;
CREATE TABLE feedback_board.outbox (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    key bytea NOT NULL,
    envelope bytea NOT NULL
)
PARTITION BY RANGE (written_at);
ALTER TABLE feedback_board.outbox OWNER TO plaudit_feedback_board_owner;
CREATE TABLE feedback_board.outbox_20261128 (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE feedback_board.outbox_20261128 OWNER TO plaudit_feedback_board_owner;
CREATE TABLE feedback_board.outbox_20261129 (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE feedback_board.outbox_20261129 OWNER TO plaudit_feedback_board_owner;
ALTER TABLE feedback_board.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME feedback_board.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE feedback_board.outbox_rest (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE feedback_board.outbox_rest OWNER TO plaudit_feedback_board_owner;
CREATE TABLE feedback_board.positions (
    consumer_group text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    topic_id uuid NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    parked integer DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT positions_parked_check CHECK ((parked >= 0))
);
ALTER TABLE feedback_board.positions OWNER TO plaudit_feedback_board_owner;
COMMENT ON COLUMN feedback_board.positions.parked IS 'open dead letters that hold back later records of their key; no look-up is paid while it is 0';
CREATE TABLE feedback_board.recounts (
    id bigint NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    request_id uuid NOT NULL
);
ALTER TABLE ONLY feedback_board.recounts FORCE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.recounts OWNER TO plaudit_feedback_board_owner;
COMMENT ON TABLE feedback_board.recounts IS 'marks of wishes whose linked review changed; appended, never upserted, so that none is lost to a recount under way';
ALTER TABLE feedback_board.recounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME feedback_board.recounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE feedback_board.relay_cursor (
    name text NOT NULL,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    epoch bigint NOT NULL,
    numbers jsonb NOT NULL,
    topic_ids jsonb NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE feedback_board.relay_cursor OWNER TO plaudit_feedback_board_owner;
COMMENT ON COLUMN feedback_board.relay_cursor.numbers IS 'last sequence per "topic/partition"; moves with the cursor in one statement, so that reading again repeats it';
CREATE TABLE feedback_board.relay_lease (
    name text NOT NULL,
    holder uuid,
    until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);
ALTER TABLE feedback_board.relay_lease OWNER TO plaudit_feedback_board_owner;
CREATE TABLE feedback_board.requests (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL,
    text text NOT NULL,
    subject text COLLATE pg_catalog."C",
    persona text,
    created_at timestamp with time zone NOT NULL,
    status text NOT NULL,
    status_reason text,
    status_changed_at timestamp with time zone NOT NULL,
    impact numeric,
    effort_weeks numeric(6,2),
    priority numeric(14,2),
    votes integer NOT NULL,
    reach integer NOT NULL,
    unidentified_mentions integer NOT NULL,
    linked_reviews integer NOT NULL,
    last_mention_at timestamp with time zone NOT NULL,
    recount_at timestamp with time zone,
    revision integer NOT NULL,
    CONSTRAINT requests_check CHECK ((((impact IS NULL) = (effort_weeks IS NULL)) AND ((impact IS NULL) = (priority IS NULL)))),
    CONSTRAINT requests_effort_weeks_check CHECK ((effort_weeks >= 0.25)),
    CONSTRAINT requests_impact_check CHECK ((impact = ANY (ARRAY[0.25, 0.5, (1)::numeric, (2)::numeric, (3)::numeric]))),
    CONSTRAINT requests_reach_check CHECK ((reach >= 0)),
    CONSTRAINT requests_status_check CHECK ((status = ANY (ARRAY['open'::text, 'under_review'::text, 'planned'::text, 'in_progress'::text, 'shipped'::text, 'declined'::text]))),
    CONSTRAINT requests_votes_check CHECK ((votes >= 0))
)
WITH (fillfactor='80');
ALTER TABLE ONLY feedback_board.requests FORCE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.requests OWNER TO plaudit_feedback_board_owner;
COMMENT ON COLUMN feedback_board.requests.recount_at IS 'when the oldest vote or review that reach counts leaves the window of 90 days';
CREATE TABLE feedback_board.reviews (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    revision integer NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    present boolean NOT NULL,
    person text COLLATE pg_catalog."C",
    published_at timestamp with time zone NOT NULL,
    rating double precision,
    title text,
    excerpt text
)
WITH (fillfactor='80');
ALTER TABLE ONLY feedback_board.reviews FORCE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.reviews OWNER TO plaudit_feedback_board_owner;
COMMENT ON TABLE feedback_board.reviews IS 'of each review what a wish needs; of one that is not published any more only that it was there';
CREATE TABLE feedback_board.votes (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    request_id uuid NOT NULL,
    person text NOT NULL COLLATE pg_catalog."C",
    voted_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY feedback_board.votes FORCE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.votes OWNER TO plaudit_feedback_board_owner;
COMMENT ON COLUMN feedback_board.votes.person IS 'a keyed hash of an address, platform:id, or visitor:id of a signed cookie; never an address';
CREATE TABLE ingest.alembic_version (
    version_num character varying(32) NOT NULL
);
ALTER TABLE ingest.alembic_version OWNER TO plaudit_ingest_owner;
CREATE TABLE ingest.dead_letters (
    id uuid NOT NULL,
    consumer_group text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    epoch bigint,
    sequence bigint,
    record_key bytea,
    headers jsonb NOT NULL,
    value bytea,
    order_keys text[] NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    tries integer NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dead_letters_reason_check CHECK ((reason = ANY (ARRAY['invalid'::text, 'failed'::text, 'held'::text]))),
    CONSTRAINT dead_letters_state_check CHECK ((state = ANY (ARRAY['open'::text, 'redriven'::text, 'discarded'::text])))
);
ALTER TABLE ingest.dead_letters OWNER TO plaudit_ingest_owner;
CREATE TABLE ingest.deliveries (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    source_id uuid NOT NULL,
    dedup_id text COLLATE pg_catalog."C",
    sent_id text COLLATE pg_catalog."C",
    received_at timestamp with time zone NOT NULL,
    status smallint NOT NULL,
    accepted integer NOT NULL,
    unchanged integer NOT NULL,
    quarantined jsonb,
    quarantine_reason text,
    headers jsonb NOT NULL,
    body bytea NOT NULL
);
ALTER TABLE ONLY ingest.deliveries FORCE ROW LEVEL SECURITY;
ALTER TABLE ingest.deliveries OWNER TO plaudit_ingest_owner;
COMMENT ON COLUMN ingest.deliveries.dedup_id IS 'the sender''s id the first time it was used; a later use with another body is kept with none';
COMMENT ON COLUMN ingest.deliveries.quarantined IS 'the events of an understood delivery that were not: [index, reason]';
COMMENT ON COLUMN ingest.deliveries.quarantine_reason IS 'why nothing of it was taken';
CREATE TABLE ingest.outbox (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    key bytea NOT NULL,
    envelope bytea NOT NULL
)
PARTITION BY RANGE (written_at);
ALTER TABLE ingest.outbox OWNER TO plaudit_ingest_owner;
CREATE TABLE ingest.outbox_20261128 (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE ingest.outbox_20261128 OWNER TO plaudit_ingest_owner;
CREATE TABLE ingest.outbox_20261129 (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE ingest.outbox_20261129 OWNER TO plaudit_ingest_owner;
ALTER TABLE ingest.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ingest.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ingest.outbox_rest (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE ingest.outbox_rest OWNER TO plaudit_ingest_owner;
CREATE TABLE ingest.positions (
    consumer_group text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    topic_id uuid NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    parked integer DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT positions_parked_check CHECK ((parked >= 0))
);
ALTER TABLE ingest.positions OWNER TO plaudit_ingest_owner;
COMMENT ON COLUMN ingest.positions.parked IS 'open dead letters that hold back later records of their key; no look-up is paid while it is 0';
CREATE TABLE ingest.relay_cursor (
    name text NOT NULL,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    epoch bigint NOT NULL,
    numbers jsonb NOT NULL,
    topic_ids jsonb NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ingest.relay_cursor OWNER TO plaudit_ingest_owner;
COMMENT ON COLUMN ingest.relay_cursor.numbers IS 'last sequence per "topic/partition"; moves with the cursor in one statement, so that reading again repeats it';
CREATE TABLE ingest.relay_lease (
    name text NOT NULL,
    holder uuid,
    until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);
ALTER TABLE ingest.relay_lease OWNER TO plaudit_ingest_owner;
CREATE TABLE ingest.reviews (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    source_id uuid NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    revision integer NOT NULL,
    version bigint,
    removed boolean NOT NULL,
    partition_key text NOT NULL,
    subject text COLLATE pg_catalog."C",
    kind text,
    rating double precision,
    severity text,
    published_at timestamp with time zone,
    answered_at timestamp with time zone,
    changed_at timestamp with time zone NOT NULL
)
WITH (fillfactor='90');
ALTER TABLE ONLY ingest.reviews FORCE ROW LEVEL SECURITY;
ALTER TABLE ingest.reviews OWNER TO plaudit_ingest_owner;
COMMENT ON COLUMN ingest.reviews.removed IS 'also the tombstone of a review that was removed before it was seen';
CREATE TABLE ingest.revisions (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    review_id uuid NOT NULL,
    revision integer NOT NULL,
    delivery_id uuid NOT NULL,
    type text NOT NULL,
    version bigint,
    known_at timestamp with time zone NOT NULL,
    content bytea
);
ALTER TABLE ONLY ingest.revisions FORCE ROW LEVEL SECURITY;
ALTER TABLE ingest.revisions OWNER TO plaudit_ingest_owner;
COMMENT ON COLUMN ingest.revisions.content IS 'the last content as JSON, kept through a removal so that it can be restored; null for a tombstone';
CREATE TABLE ingest.sources (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    name text NOT NULL,
    platform text NOT NULL,
    subject text NOT NULL,
    secret text NOT NULL,
    path_token text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY ingest.sources FORCE ROW LEVEL SECURITY;
ALTER TABLE ingest.sources OWNER TO plaudit_ingest_owner;
COMMENT ON COLUMN ingest.sources.path_token IS 'the secret in the address, for a platform that signs nothing';
CREATE TABLE scoring.accumulators (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    prefix text NOT NULL COLLATE pg_catalog."C",
    source_id uuid NOT NULL,
    partition smallint NOT NULL,
    landmark integer NOT NULL,
    a double precision NOT NULL,
    b2 double precision NOT NULL,
    w1 double precision NOT NULL,
    w2 double precision NOT NULL,
    w3 double precision NOT NULL,
    w4 double precision NOT NULL,
    w5 double precision NOT NULL,
    n1 bigint NOT NULL,
    n2 bigint NOT NULL,
    n3 bigint NOT NULL,
    n4 bigint NOT NULL,
    n5 bigint NOT NULL
)
WITH (fillfactor='70');
ALTER TABLE ONLY scoring.accumulators FORCE ROW LEVEL SECURITY;
ALTER TABLE scoring.accumulators OWNER TO plaudit_scoring_owner;
COMMENT ON TABLE scoring.accumulators IS 'decayed sums of the profile trust; one partition''s row may be negative, only the sum over a prefix has a meaning';
COMMENT ON COLUMN scoring.accumulators.landmark IS 'index k of the landmark 64 * k half-lives after 1970 that these sums are held against';
CREATE TABLE scoring.alembic_version (
    version_num character varying(32) NOT NULL
);
ALTER TABLE scoring.alembic_version OWNER TO plaudit_scoring_owner;
CREATE TABLE scoring.dead_letters (
    id uuid NOT NULL,
    consumer_group text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    epoch bigint,
    sequence bigint,
    record_key bytea,
    headers jsonb NOT NULL,
    value bytea,
    order_keys text[] NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    tries integer NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dead_letters_reason_check CHECK ((reason = ANY (ARRAY['invalid'::text, 'failed'::text, 'held'::text]))),
    CONSTRAINT dead_letters_state_check CHECK ((state = ANY (ARRAY['open'::text, 'redriven'::text, 'discarded'::text])))
);
ALTER TABLE scoring.dead_letters OWNER TO plaudit_scoring_owner;
CREATE TABLE scoring.ledger (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    partition smallint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    sign smallint NOT NULL,
    review_id uuid NOT NULL,
    revision integer NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    source_id uuid NOT NULL,
    kind text NOT NULL,
    rating double precision NOT NULL,
    verified boolean NOT NULL,
    origin text NOT NULL,
    rated_at timestamp with time zone NOT NULL,
    known_at timestamp with time zone NOT NULL,
    CONSTRAINT ledger_sign_check CHECK ((sign = ANY (ARRAY['-1'::integer, 1])))
);
ALTER TABLE ONLY scoring.ledger FORCE ROW LEVEL SECURITY;
ALTER TABLE scoring.ledger OWNER TO plaudit_scoring_owner;
COMMENT ON TABLE scoring.ledger IS 'append-only: -before and +after of every change that could move a figure; the truth behind the accumulators';
CREATE TABLE scoring.outbox (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    key bytea NOT NULL,
    envelope bytea NOT NULL
)
PARTITION BY RANGE (written_at);
ALTER TABLE scoring.outbox OWNER TO plaudit_scoring_owner;
CREATE TABLE scoring.outbox_20261128 (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE scoring.outbox_20261128 OWNER TO plaudit_scoring_owner;
CREATE TABLE scoring.outbox_20261129 (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE scoring.outbox_20261129 OWNER TO plaudit_scoring_owner;
ALTER TABLE scoring.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME scoring.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE scoring.outbox_rest (
    id bigint CONSTRAINT outbox_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT outbox_xid_not_null NOT NULL,
    written_at timestamp with time zone DEFAULT now() CONSTRAINT outbox_written_at_not_null NOT NULL,
    topic text CONSTRAINT outbox_topic_not_null NOT NULL COLLATE pg_catalog."C",
    partition integer CONSTRAINT outbox_partition_not_null NOT NULL,
    key bytea CONSTRAINT outbox_key_not_null NOT NULL,
    envelope bytea CONSTRAINT outbox_envelope_not_null NOT NULL
);
ALTER TABLE scoring.outbox_rest OWNER TO plaudit_scoring_owner;
CREATE TABLE scoring.positions (
    consumer_group text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    topic_id uuid NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    parked integer DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT positions_parked_check CHECK ((parked >= 0))
);
ALTER TABLE scoring.positions OWNER TO plaudit_scoring_owner;
COMMENT ON COLUMN scoring.positions.parked IS 'open dead letters that hold back later records of their key; no look-up is paid while it is 0';
CREATE TABLE scoring.relay_cursor (
    name text NOT NULL,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    epoch bigint NOT NULL,
    numbers jsonb NOT NULL,
    topic_ids jsonb NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE scoring.relay_cursor OWNER TO plaudit_scoring_owner;
COMMENT ON COLUMN scoring.relay_cursor.numbers IS 'last sequence per "topic/partition"; moves with the cursor in one statement, so that reading again repeats it';
CREATE TABLE scoring.relay_lease (
    name text NOT NULL,
    holder uuid,
    until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);
ALTER TABLE scoring.relay_lease OWNER TO plaudit_scoring_owner;
ALTER TABLE ONLY alerting.outbox ATTACH PARTITION alerting.outbox_20261128 FOR VALUES FROM ('2026-11-28 00:00:00+00') TO ('2026-11-29 00:00:00+00');
ALTER TABLE ONLY alerting.outbox ATTACH PARTITION alerting.outbox_20261129 FOR VALUES FROM ('2026-11-29 00:00:00+00') TO ('2026-11-30 00:00:00+00');
ALTER TABLE ONLY alerting.outbox ATTACH PARTITION alerting.outbox_rest DEFAULT;
ALTER TABLE ONLY feedback_board.outbox ATTACH PARTITION feedback_board.outbox_20261128 FOR VALUES FROM ('2026-11-28 00:00:00+00') TO ('2026-11-29 00:00:00+00');
ALTER TABLE ONLY feedback_board.outbox ATTACH PARTITION feedback_board.outbox_20261129 FOR VALUES FROM ('2026-11-29 00:00:00+00') TO ('2026-11-30 00:00:00+00');
ALTER TABLE ONLY feedback_board.outbox ATTACH PARTITION feedback_board.outbox_rest DEFAULT;
ALTER TABLE ONLY ingest.outbox ATTACH PARTITION ingest.outbox_20261128 FOR VALUES FROM ('2026-11-28 00:00:00+00') TO ('2026-11-29 00:00:00+00');
ALTER TABLE ONLY ingest.outbox ATTACH PARTITION ingest.outbox_20261129 FOR VALUES FROM ('2026-11-29 00:00:00+00') TO ('2026-11-30 00:00:00+00');
ALTER TABLE ONLY ingest.outbox ATTACH PARTITION ingest.outbox_rest DEFAULT;
ALTER TABLE ONLY scoring.outbox ATTACH PARTITION scoring.outbox_20261128 FOR VALUES FROM ('2026-11-28 00:00:00+00') TO ('2026-11-29 00:00:00+00');
ALTER TABLE ONLY scoring.outbox ATTACH PARTITION scoring.outbox_20261129 FOR VALUES FROM ('2026-11-29 00:00:00+00') TO ('2026-11-30 00:00:00+00');
ALTER TABLE ONLY scoring.outbox ATTACH PARTITION scoring.outbox_rest DEFAULT;
INSERT INTO alerting.alembic_version VALUES ('0001');
INSERT INTO alerting.alerts VALUES ('acme', '66666666-6666-7666-8666-666666666666', '55555555-5555-7555-8555-555555555556', '44444444-4444-7444-8444-444444444445', 'acme/berlin', 'breach', 'urgent', 'An answer is late', 'support', 'acknowledged', '2025-10-03 07:05:00+00', '2025-10-03 08:00:00+00', 'aaaaaaaaaaaaaaaa', NULL, NULL);
INSERT INTO alerting.clock_events OVERRIDING SYSTEM VALUE VALUES ('acme', '55555555-5555-7555-8555-555555555555', 1, 'started', '2025-11-02 07:00:00+00', '2025-11-02 08:00:00+00', '{"run": 1}');
INSERT INTO alerting.clock_events OVERRIDING SYSTEM VALUE VALUES ('acme', '55555555-5555-7555-8555-555555555556', 2, 'breached', '2025-10-03 07:00:00+00', '2025-10-03 07:05:00+00', '{"run": 1}');
INSERT INTO alerting.clocks VALUES ('acme', '55555555-5555-7555-8555-555555555555', 'first_answer', 3, 1, '44444444-4444-7444-8444-444444444444', '11111111-1111-7111-8111-111111111111', 'Trustpilot', 'x1', 'acme/berlin', 2, 'Bad', 'It broke.', NULL, 'running', true, 'first-answer', 1, 1, 1, '2025-11-02 07:00:00+00', '2025-11-02 08:00:00+00', '2025-11-03 07:00:00+00', NULL, false, NULL, NULL, 'bad review');
INSERT INTO alerting.clocks VALUES ('acme', '55555555-5555-7555-8555-555555555556', 'first_answer', 3, 2, '44444444-4444-7444-8444-444444444445', '11111111-1111-7111-8111-111111111111', 'Trustpilot', 'x2', 'acme/berlin', 1, NULL, NULL, 'https://example.org/x2', 'breached', true, 'first-answer', 1, 1, 2, '2025-10-02 07:00:00+00', '2025-10-02 08:00:00+00', '2025-10-03 07:00:00+00', '2025-10-03 07:05:00+00', true, NULL, NULL, 'late');
INSERT INTO alerting.dead_letters VALUES ('99999999-9999-7999-8999-999999999997', 'alerting-live', 'reviews.v1', 3, 8, 2, 8, '\x61', '[["content-type", "YQ=="]]', '\x00', '{review:1}', 'failed', 'KeyError: x', 5, 'open', '2025-11-02 09:00:00+00');
INSERT INTO alerting.mails VALUES ('acme', '77777777-7777-7777-8777-777777777777', '55555555-5555-7555-8555-555555555556', 2, 'breach', 'email', 'team@example.org', 'sent', 1, '2025-10-03 07:05:00+00', '2025-10-03 07:05:00+00', '-infinity', '2025-10-03 07:05:02+00', NULL);
INSERT INTO alerting.mails VALUES ('acme', '77777777-7777-7777-8777-777777777778', '55555555-5555-7555-8555-555555555555', 1, 'notice', 'email', 'team@example.org', 'pending', 0, '2025-11-03 02:00:00+00', '2025-11-03 02:00:00+00', '-infinity', NULL, NULL);
INSERT INTO alerting.outbox_20261128 OVERRIDING SYSTEM VALUE VALUES (1, '782', '2026-11-28 06:24:25.008665+00', 'reviews.v1', 3, '\x61', '\x7b2261223a317d');
INSERT INTO alerting.outbox_20261128 OVERRIDING SYSTEM VALUE VALUES (2, '782', '2026-11-28 06:24:25.008665+00', 'board.v1', 0, '\x62', '\x7b2262223a317d');
INSERT INTO alerting.outbox_rest OVERRIDING SYSTEM VALUE VALUES (3, '782', '2025-01-01 00:00:00+00', 'reviews.v1', 3, '\x61', '\x7b2263223a317d');
INSERT INTO alerting.policies VALUES ('acme', 'first-answer', 1, 'first_answer', '{stars}', 3, 86400, 300, '{50,80}', '2025-11-01 08:00:00+00');
INSERT INTO alerting.policies VALUES ('acme', 'first-answer', 2, 'first_answer', '{stars,nps}', 2, 43200, 300, '{80}', '2025-11-02 08:00:00+00');
INSERT INTO alerting.positions VALUES ('alerting-live', 'reviews.v1', 3, '99999999-9999-4999-8999-999999999999', 10, 2, 9, 1, '2025-11-02 09:00:00+00');
INSERT INTO alerting.relay_cursor VALUES ('outbox', '700', 1, 2, '{"reviews.v1/3": 9}', '{"reviews.v1": "99999999-9999-4999-8999-999999999999"}', '2025-11-02 09:00:00+00');
INSERT INTO alerting.relay_lease VALUES ('outbox', '99999999-9999-4999-8999-999999999998', '2025-11-02 09:00:10+00');
INSERT INTO alerting.timers VALUES ('acme', '55555555-5555-7555-8555-555555555555', 1, 100, 3, '2025-11-03 07:00:00+00', NULL, NULL);
INSERT INTO alerting.timers VALUES ('acme', '55555555-5555-7555-8555-555555555555', 1, 80, 3, '2025-11-03 02:00:00+00', '2025-11-03 02:00:01+00', 'KeyError');
INSERT INTO common.alembic_version VALUES ('0001');
INSERT INTO common.api_keys VALUES ('aaaaaaaaaaaaaaaa', 'acme', 'development', '\x01', '{reviews:read,board:write}', '2025-11-01 08:00:00+00', NULL, NULL);
INSERT INTO common.api_keys VALUES ('bbbbbbbbbbbbbbbb', 'default', 'revoked', '\x02', '{*}', '2025-11-01 08:00:00+00', '2026-11-01 08:00:00+00', '2025-11-02 08:00:00+00');
INSERT INTO common.clock_offset VALUES (true, '00:00:00');
INSERT INTO common.tenants VALUES ('default', 'Default', '\xd76d21aa1fd54b36b0e6de165e6609eee744ebd2d76e4974be9f2480d9333913', '2026-11-28 06:24:23.920239+00');
INSERT INTO common.tenants VALUES ('acme', 'Acme', '\x00ff', '2025-11-01 08:00:00+00');
INSERT INTO feedback_board.activity OVERRIDING SYSTEM VALUE VALUES ('acme', '88888888-8888-7888-8888-888888888888', 1, 'created', '2025-11-02 08:00:00+00', 'key:aaaaaaaaaaaaaaaa', NULL, '{"title": "Dark mode"}');
INSERT INTO feedback_board.activity OVERRIDING SYSTEM VALUE VALUES ('acme', '88888888-8888-7888-8888-888888888888', 2, 'voted', '2025-11-02 09:00:00+00', 'public', 'visitor:1', '{}');
INSERT INTO feedback_board.alembic_version VALUES ('0001');
INSERT INTO feedback_board.budgets VALUES ('acme', 'vote', '\xaa', '2025-11-02 09:00:00+00', 1);
INSERT INTO feedback_board.budgets VALUES ('acme', 'wish', '\xbb', '2025-11-02 09:00:00+00', 5);
INSERT INTO feedback_board.dead_letters VALUES ('99999999-9999-7999-8999-999999999997', 'feedback_board-live', 'reviews.v1', 3, 8, 2, 8, '\x61', '[["content-type", "YQ=="]]', '\x00', '{review:1}', 'failed', 'KeyError: x', 5, 'open', '2025-11-02 09:00:00+00');
INSERT INTO feedback_board.idempotency_keys VALUES ('acme', 'api:k', '\x01', '{"id": "88888888-8888-7888-8888-888888888888"}', '2025-11-02 08:00:00+00');
INSERT INTO feedback_board.links VALUES ('acme', '88888888-8888-7888-8888-888888888888', '44444444-4444-7444-8444-444444444444', '2025-11-02 09:00:00+00');
INSERT INTO feedback_board.outbox_20261128 OVERRIDING SYSTEM VALUE VALUES (1, '783', '2026-11-28 06:24:25.010005+00', 'reviews.v1', 3, '\x61', '\x7b2261223a317d');
INSERT INTO feedback_board.outbox_20261128 OVERRIDING SYSTEM VALUE VALUES (2, '783', '2026-11-28 06:24:25.010005+00', 'board.v1', 0, '\x62', '\x7b2262223a317d');
INSERT INTO feedback_board.outbox_rest OVERRIDING SYSTEM VALUE VALUES (3, '783', '2025-01-01 00:00:00+00', 'reviews.v1', 3, '\x61', '\x7b2263223a317d');
INSERT INTO feedback_board.positions VALUES ('feedback_board-live', 'reviews.v1', 3, '99999999-9999-4999-8999-999999999999', 10, 2, 9, 1, '2025-11-02 09:00:00+00');
INSERT INTO feedback_board.recounts OVERRIDING SYSTEM VALUE VALUES (1, 'acme', '88888888-8888-7888-8888-888888888888');
INSERT INTO feedback_board.relay_cursor VALUES ('outbox', '700', 1, 2, '{"reviews.v1/3": 9}', '{"reviews.v1": "99999999-9999-4999-8999-999999999999"}', '2025-11-02 09:00:00+00');
INSERT INTO feedback_board.relay_lease VALUES ('outbox', '99999999-9999-4999-8999-999999999998', '2025-11-02 09:00:10+00');
INSERT INTO feedback_board.requests VALUES ('acme', '88888888-8888-7888-8888-888888888888', 'dark-mode', 'Dark mode', 'Please.', 'acme', 'developer', '2025-11-02 08:00:00+00', 'planned', 'soon', '2025-11-02 09:00:00+00', 2, 1.50, 2.67, 1, 2, 0, 1, '2025-11-02 09:00:00+00', '2026-01-31 09:00:00+00', 4);
INSERT INTO feedback_board.reviews VALUES ('acme', '44444444-4444-7444-8444-444444444444', 2, 'acme/berlin', true, 'trustpilot:7', '2025-11-02 07:00:00+00', 4, 'Good', 'Works.');
INSERT INTO feedback_board.reviews VALUES ('acme', '44444444-4444-7444-8444-444444444445', 3, 'acme/berlin', false, NULL, '2025-10-02 07:00:00+00', NULL, NULL, NULL);
INSERT INTO feedback_board.votes VALUES ('acme', '88888888-8888-7888-8888-888888888888', 'visitor:1', '2025-11-02 09:00:00+00');
INSERT INTO ingest.alembic_version VALUES ('0001');
INSERT INTO ingest.dead_letters VALUES ('99999999-9999-7999-8999-999999999997', 'ingest-live', 'reviews.v1', 3, 8, 2, 8, '\x61', '[["content-type", "YQ=="]]', '\x00', '{review:1}', 'failed', 'KeyError: x', 5, 'open', '2025-11-02 09:00:00+00');
INSERT INTO ingest.deliveries VALUES ('acme', '33333333-3333-7333-8333-333333333333', '11111111-1111-7111-8111-111111111111', 'd1', 'd1', '2025-11-02 08:00:00+00', 202, 1, 0, NULL, NULL, '{"content-type": "application/json"}', '\x7b7d');
INSERT INTO ingest.deliveries VALUES ('acme', '33333333-3333-7333-8333-333333333334', '11111111-1111-7111-8111-111111111111', NULL, 'd1', '2025-11-02 08:01:00+00', 202, 0, 0, '[[0, "no rating"]]', 'id_reused', '{}', '\x00');
INSERT INTO ingest.outbox_20261128 OVERRIDING SYSTEM VALUE VALUES (1, '780', '2026-11-28 06:24:25.00585+00', 'reviews.v1', 3, '\x61', '\x7b2261223a317d');
INSERT INTO ingest.outbox_20261128 OVERRIDING SYSTEM VALUE VALUES (2, '780', '2026-11-28 06:24:25.00585+00', 'board.v1', 0, '\x62', '\x7b2262223a317d');
INSERT INTO ingest.outbox_rest OVERRIDING SYSTEM VALUE VALUES (3, '780', '2025-01-01 00:00:00+00', 'reviews.v1', 3, '\x61', '\x7b2263223a317d');
INSERT INTO ingest.positions VALUES ('ingest-live', 'reviews.v1', 3, '99999999-9999-4999-8999-999999999999', 10, 2, 9, 1, '2025-11-02 09:00:00+00');
INSERT INTO ingest.relay_cursor VALUES ('outbox', '700', 1, 2, '{"reviews.v1/3": 9}', '{"reviews.v1": "99999999-9999-4999-8999-999999999999"}', '2025-11-02 09:00:00+00');
INSERT INTO ingest.relay_lease VALUES ('outbox', '99999999-9999-4999-8999-999999999998', '2025-11-02 09:00:10+00');
INSERT INTO ingest.reviews VALUES ('acme', '11111111-1111-7111-8111-111111111111', 'x1', '44444444-4444-7444-8444-444444444444', 2, 7, false, 'acme/acme/berlin', 'acme/berlin', 'stars', 4, 'normal', '2025-11-02 07:00:00+00', NULL, '2025-11-02 08:00:00+00');
INSERT INTO ingest.reviews VALUES ('acme', '11111111-1111-7111-8111-111111111111', 'x2', '44444444-4444-7444-8444-444444444445', 1, NULL, true, 'acme/acme/berlin', NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 08:00:00+00');
INSERT INTO ingest.revisions VALUES ('acme', '44444444-4444-7444-8444-444444444444', 1, '33333333-3333-7333-8333-333333333333', 'review.created', 6, '2025-11-02 08:00:00+00', '\x7b227375626a656374223a226e6f72746877696e642f6c6973626f6e222c226b696e64223a227374617273222c22726174696e67223a322e302c227261775f726174696e67223a7b2276616c7565223a322e302c226d696e223a312e302c226d6178223a352e307d2c227665726966696564223a747275652c226f726967696e223a22696e7669746564222c227365766572697479223a226e65676174697665222c22736f75726365223a7b226964223a2230313935366430302d303030302d373030302d383030302d303030303030303030303031222c226e616d65223a224e6f72746877696e642073686f70222c22706c6174666f726d223a226e6174697665222c22637265617465645f6174223a22323032362d30312d30355430383a30303a30305a227d2c2265787465726e616c5f6964223a22722d3838313231222c227075626c69736865645f6174223a22323032362d30332d30375430393a33303a31322e3235303030305a222c2272617465645f6174223a22323032362d30332d30375430393a33303a31322e3235303030305a222c2272656365697665645f6174223a22323032362d30332d30375430393a33313a30322e3131383230345a222c227469746c65223a224e6f626f64792063616c6c6564206261636b222c2274657874223a225468652062696b65207761732066696e652c206275742049207761697465642074776f206461797320666f7220616e20616e737765722061626f757420746865206465706f7369742e222c226c616e6775616765223a22656e222c22706572736f6e223a226e61746976653a632d34373131222c2274616773223a5b22737570706f7274222c226465706f736974225d2c2275726c223a2268747470733a2f2f73686f702e6578616d706c652f726576696577732f722d3838313231222c22616e73776572223a7b2274657874223a22596f75206172652072696768742c2077652073686f756c6420686176652063616c6c65642e222c227075626c69736865645f6174223a22323032362d30332d30375431353a30343a30305a222c227374617465223a227075626c6973686564227d7d');
INSERT INTO ingest.revisions VALUES ('acme', '44444444-4444-7444-8444-444444444444', 2, '33333333-3333-7333-8333-333333333333', 'review.edited', 7, '2025-11-02 08:00:01+00', '\x7b227375626a656374223a226e6f72746877696e642f6c6973626f6e222c226b696e64223a227374617273222c22726174696e67223a322e302c227261775f726174696e67223a7b2276616c7565223a322e302c226d696e223a312e302c226d6178223a352e307d2c227665726966696564223a747275652c226f726967696e223a22696e7669746564222c227365766572697479223a226e65676174697665222c22736f75726365223a7b226964223a2230313935366430302d303030302d373030302d383030302d303030303030303030303031222c226e616d65223a224e6f72746877696e642073686f70222c22706c6174666f726d223a226e6174697665222c22637265617465645f6174223a22323032362d30312d30355430383a30303a30305a227d2c2265787465726e616c5f6964223a22722d3838313231222c227075626c69736865645f6174223a22323032362d30332d30375430393a33303a31322e3235303030305a222c2272617465645f6174223a22323032362d30332d30375430393a33303a31322e3235303030305a222c2272656365697665645f6174223a22323032362d30332d30375430393a33313a30322e3131383230345a222c227469746c65223a224e6f626f64792063616c6c6564206261636b222c2274657874223a225468652062696b65207761732066696e652c206275742049207761697465642074776f206461797320666f7220616e20616e737765722061626f757420746865206465706f7369742e222c226c616e6775616765223a22656e222c22706572736f6e223a226e61746976653a632d34373131222c2274616773223a5b22737570706f7274222c226465706f736974225d2c2275726c223a2268747470733a2f2f73686f702e6578616d706c652f726576696577732f722d3838313231222c22616e73776572223a7b2274657874223a22596f75206172652072696768742c2077652073686f756c6420686176652063616c6c65642e222c227075626c69736865645f6174223a22323032362d30332d30375431353a30343a30305a222c227374617465223a227075626c6973686564227d7d');
INSERT INTO ingest.revisions VALUES ('acme', '44444444-4444-7444-8444-444444444445', 1, '33333333-3333-7333-8333-333333333333', 'review.removed', NULL, '2025-11-02 08:00:02+00', NULL);
INSERT INTO ingest.sources VALUES ('acme', '11111111-1111-7111-8111-111111111111', 'Trustpilot', 'trustpilot', 'acme/berlin', 'whsec_x', 'token', '2025-11-01 08:00:00+00');
INSERT INTO ingest.sources VALUES ('default', '22222222-2222-7222-8222-222222222222', 'Native', 'native', 'shop', 'whsec_y', NULL, '2025-11-01 08:00:00+00');
INSERT INTO scoring.accumulators VALUES ('acme', 'acme', '11111111-1111-7111-8111-111111111111', 3, 1, 4.25, 1.5, 0, 0, 0, 1.0625, 0, 0, 0, 0, 1, 0);
INSERT INTO scoring.accumulators VALUES ('acme', 'acme/berlin', '11111111-1111-7111-8111-111111111111', 3, 1, 4.25, 1.5, 0, 0, 0, 1.0625, 0, 0, 0, 0, 1, 0);
INSERT INTO scoring.alembic_version VALUES ('0001');
INSERT INTO scoring.dead_letters VALUES ('99999999-9999-7999-8999-999999999997', 'scoring-live', 'reviews.v1', 3, 8, 2, 8, '\x61', '[["content-type", "YQ=="]]', '\x00', '{review:1}', 'failed', 'KeyError: x', 5, 'open', '2025-11-02 09:00:00+00');
INSERT INTO scoring.ledger VALUES ('acme', 3, 1, 1, 1, '44444444-4444-7444-8444-444444444444', 1, 'acme/berlin', '11111111-1111-7111-8111-111111111111', 'stars', 3, true, 'organic', '2025-11-02 07:00:00+00', '2025-11-02 08:00:00+00');
INSERT INTO scoring.ledger VALUES ('acme', 3, 1, 2, -1, '44444444-4444-7444-8444-444444444444', 2, 'acme/berlin', '11111111-1111-7111-8111-111111111111', 'stars', 3, true, 'organic', '2025-11-02 07:00:00+00', '2025-11-02 08:00:01+00');
INSERT INTO scoring.ledger VALUES ('acme', 3, 1, 2, 1, '44444444-4444-7444-8444-444444444444', 2, 'acme/berlin', '11111111-1111-7111-8111-111111111111', 'stars', 4, true, 'organic', '2025-11-02 07:30:00+00', '2025-11-02 08:00:01+00');
INSERT INTO scoring.outbox_20261128 OVERRIDING SYSTEM VALUE VALUES (1, '781', '2026-11-28 06:24:25.007408+00', 'reviews.v1', 3, '\x61', '\x7b2261223a317d');
INSERT INTO scoring.outbox_20261128 OVERRIDING SYSTEM VALUE VALUES (2, '781', '2026-11-28 06:24:25.007408+00', 'board.v1', 0, '\x62', '\x7b2262223a317d');
INSERT INTO scoring.outbox_rest OVERRIDING SYSTEM VALUE VALUES (3, '781', '2025-01-01 00:00:00+00', 'reviews.v1', 3, '\x61', '\x7b2263223a317d');
INSERT INTO scoring.positions VALUES ('scoring-live', 'reviews.v1', 3, '99999999-9999-4999-8999-999999999999', 10, 2, 9, 1, '2025-11-02 09:00:00+00');
INSERT INTO scoring.relay_cursor VALUES ('outbox', '700', 1, 2, '{"reviews.v1/3": 9}', '{"reviews.v1": "99999999-9999-4999-8999-999999999999"}', '2025-11-02 09:00:00+00');
INSERT INTO scoring.relay_lease VALUES ('outbox', '99999999-9999-4999-8999-999999999998', '2025-11-02 09:00:10+00');
SELECT pg_catalog.setval('alerting.clock_events_id_seq', 2, true);
SELECT pg_catalog.setval('alerting.outbox_id_seq', 3, true);
SELECT pg_catalog.setval('feedback_board.activity_id_seq', 2, true);
SELECT pg_catalog.setval('feedback_board.outbox_id_seq', 3, true);
SELECT pg_catalog.setval('feedback_board.recounts_id_seq', 1, true);
SELECT pg_catalog.setval('ingest.outbox_id_seq', 3, true);
SELECT pg_catalog.setval('scoring.outbox_id_seq', 3, true);
ALTER TABLE ONLY alerting.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY alerting.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY alerting.clock_events
    ADD CONSTRAINT clock_events_pkey PRIMARY KEY (tenant_id, clock_id, id);
ALTER TABLE ONLY alerting.clocks
    ADD CONSTRAINT clocks_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY alerting.dead_letters
    ADD CONSTRAINT dead_letters_consumer_group_topic_partition_record_offset_key UNIQUE (consumer_group, topic, partition, record_offset);
ALTER TABLE ONLY alerting.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY alerting.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY alerting.policies
    ADD CONSTRAINT policies_pkey PRIMARY KEY (tenant_id, id, revision);
ALTER TABLE ONLY alerting.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (consumer_group, topic, partition);
ALTER TABLE ONLY alerting.relay_cursor
    ADD CONSTRAINT relay_cursor_pkey PRIMARY KEY (name);
ALTER TABLE ONLY alerting.relay_lease
    ADD CONSTRAINT relay_lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY alerting.timers
    ADD CONSTRAINT timers_pkey PRIMARY KEY (tenant_id, clock_id, generation, percent);
ALTER TABLE ONLY common.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY common.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (public_id);
ALTER TABLE ONLY common.clock_offset
    ADD CONSTRAINT clock_offset_pkey PRIMARY KEY (one);
ALTER TABLE ONLY common.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);
ALTER TABLE ONLY feedback_board.activity
    ADD CONSTRAINT activity_pkey PRIMARY KEY (tenant_id, request_id, id);
ALTER TABLE ONLY feedback_board.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY feedback_board.budgets
    ADD CONSTRAINT budgets_pkey PRIMARY KEY (tenant_id, kind, network, hour);
ALTER TABLE ONLY feedback_board.dead_letters
    ADD CONSTRAINT dead_letters_consumer_group_topic_partition_record_offset_key UNIQUE (consumer_group, topic, partition, record_offset);
ALTER TABLE ONLY feedback_board.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY feedback_board.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, key);
ALTER TABLE ONLY feedback_board.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (tenant_id, request_id, review_id);
ALTER TABLE ONLY feedback_board.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (consumer_group, topic, partition);
ALTER TABLE ONLY feedback_board.recounts
    ADD CONSTRAINT recounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY feedback_board.relay_cursor
    ADD CONSTRAINT relay_cursor_pkey PRIMARY KEY (name);
ALTER TABLE ONLY feedback_board.relay_lease
    ADD CONSTRAINT relay_lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY feedback_board.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY feedback_board.requests
    ADD CONSTRAINT requests_tenant_id_slug_key UNIQUE (tenant_id, slug);
ALTER TABLE ONLY feedback_board.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY feedback_board.votes
    ADD CONSTRAINT votes_pkey PRIMARY KEY (tenant_id, request_id, person);
ALTER TABLE ONLY ingest.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY ingest.dead_letters
    ADD CONSTRAINT dead_letters_consumer_group_topic_partition_record_offset_key UNIQUE (consumer_group, topic, partition, record_offset);
ALTER TABLE ONLY ingest.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY ingest.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY ingest.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (consumer_group, topic, partition);
ALTER TABLE ONLY ingest.relay_cursor
    ADD CONSTRAINT relay_cursor_pkey PRIMARY KEY (name);
ALTER TABLE ONLY ingest.relay_lease
    ADD CONSTRAINT relay_lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY ingest.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (source_id, external_id);
ALTER TABLE ONLY ingest.reviews
    ADD CONSTRAINT reviews_tenant_id_id_key UNIQUE (tenant_id, id);
ALTER TABLE ONLY ingest.revisions
    ADD CONSTRAINT revisions_pkey PRIMARY KEY (review_id, revision);
ALTER TABLE ONLY ingest.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (id);
ALTER TABLE ONLY ingest.sources
    ADD CONSTRAINT sources_tenant_id_id_key UNIQUE (tenant_id, id);
ALTER TABLE ONLY scoring.accumulators
    ADD CONSTRAINT accumulators_pkey PRIMARY KEY (tenant_id, prefix, source_id, partition, landmark);
ALTER TABLE ONLY scoring.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY scoring.dead_letters
    ADD CONSTRAINT dead_letters_consumer_group_topic_partition_record_offset_key UNIQUE (consumer_group, topic, partition, record_offset);
ALTER TABLE ONLY scoring.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY scoring.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (partition, epoch, sequence, sign);
ALTER TABLE ONLY scoring.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (consumer_group, topic, partition);
ALTER TABLE ONLY scoring.relay_cursor
    ADD CONSTRAINT relay_cursor_pkey PRIMARY KEY (name);
ALTER TABLE ONLY scoring.relay_lease
    ADD CONSTRAINT relay_lease_pkey PRIMARY KEY (name);
CREATE INDEX alerts_by_subject ON alerting.alerts USING btree (tenant_id, subject);
CREATE INDEX alerts_by_time ON alerting.alerts USING btree (tenant_id, raised_at DESC, id DESC);
CREATE INDEX clocks_by_due_time ON alerting.clocks USING btree (tenant_id, due_at, id);
CREATE INDEX clocks_by_review ON alerting.clocks USING btree (tenant_id, review_id);
CREATE INDEX clocks_by_state ON alerting.clocks USING btree (tenant_id, state, due_at, id);
CREATE INDEX clocks_by_subject ON alerting.clocks USING btree (tenant_id, subject);
CREATE INDEX dead_letters_holding ON alerting.dead_letters USING gin (order_keys) WHERE (state = 'open'::text);
CREATE INDEX mails_pending ON alerting.mails USING btree (next_attempt_at) WHERE (state = 'pending'::text);
CREATE INDEX outbox_commit_order ON ONLY alerting.outbox USING btree (xid, id);
CREATE INDEX outbox_20261128_xid_id_idx ON alerting.outbox_20261128 USING btree (xid, id);
CREATE INDEX outbox_20261129_xid_id_idx ON alerting.outbox_20261129 USING btree (xid, id);
CREATE INDEX outbox_rest_xid_id_idx ON alerting.outbox_rest USING btree (xid, id);
CREATE INDEX timers_pending ON alerting.timers USING btree (partition, due_at) WHERE (failed_at IS NULL);
CREATE INDEX budgets_by_age ON feedback_board.budgets USING btree (hour);
CREATE INDEX dead_letters_holding ON feedback_board.dead_letters USING gin (order_keys) WHERE (state = 'open'::text);
CREATE INDEX idempotency_keys_by_age ON feedback_board.idempotency_keys USING btree (created_at);
CREATE INDEX links_of_review ON feedback_board.links USING btree (tenant_id, review_id);
CREATE INDEX outbox_commit_order ON ONLY feedback_board.outbox USING btree (xid, id);
CREATE INDEX outbox_20261128_xid_id_idx ON feedback_board.outbox_20261128 USING btree (xid, id);
CREATE INDEX outbox_20261129_xid_id_idx ON feedback_board.outbox_20261129 USING btree (xid, id);
CREATE INDEX outbox_rest_xid_id_idx ON feedback_board.outbox_rest USING btree (xid, id);
CREATE INDEX requests_by_status ON feedback_board.requests USING btree (tenant_id, status);
CREATE INDEX requests_to_recount ON feedback_board.requests USING btree (recount_at) WHERE (recount_at IS NOT NULL);
CREATE INDEX dead_letters_holding ON ingest.dead_letters USING gin (order_keys) WHERE (state = 'open'::text);
CREATE UNIQUE INDEX deliveries_dedup ON ingest.deliveries USING btree (source_id, dedup_id) WHERE (dedup_id IS NOT NULL);
CREATE INDEX deliveries_log ON ingest.deliveries USING btree (tenant_id, source_id, received_at DESC, id DESC);
CREATE INDEX outbox_commit_order ON ONLY ingest.outbox USING btree (xid, id);
CREATE INDEX outbox_20261128_xid_id_idx ON ingest.outbox_20261128 USING btree (xid, id);
CREATE INDEX outbox_20261129_xid_id_idx ON ingest.outbox_20261129 USING btree (xid, id);
CREATE INDEX outbox_rest_xid_id_idx ON ingest.outbox_rest USING btree (xid, id);
CREATE INDEX reviews_list ON ingest.reviews USING btree (tenant_id, published_at DESC, id DESC);
CREATE INDEX dead_letters_holding ON scoring.dead_letters USING gin (order_keys) WHERE (state = 'open'::text);
CREATE INDEX ledger_by_subject ON scoring.ledger USING btree (tenant_id, subject, rated_at);
CREATE INDEX outbox_commit_order ON ONLY scoring.outbox USING btree (xid, id);
CREATE INDEX outbox_20261128_xid_id_idx ON scoring.outbox_20261128 USING btree (xid, id);
CREATE INDEX outbox_20261129_xid_id_idx ON scoring.outbox_20261129 USING btree (xid, id);
CREATE INDEX outbox_rest_xid_id_idx ON scoring.outbox_rest USING btree (xid, id);
ALTER INDEX alerting.outbox_commit_order ATTACH PARTITION alerting.outbox_20261128_xid_id_idx;
ALTER INDEX alerting.outbox_commit_order ATTACH PARTITION alerting.outbox_20261129_xid_id_idx;
ALTER INDEX alerting.outbox_commit_order ATTACH PARTITION alerting.outbox_rest_xid_id_idx;
ALTER INDEX feedback_board.outbox_commit_order ATTACH PARTITION feedback_board.outbox_20261128_xid_id_idx;
ALTER INDEX feedback_board.outbox_commit_order ATTACH PARTITION feedback_board.outbox_20261129_xid_id_idx;
ALTER INDEX feedback_board.outbox_commit_order ATTACH PARTITION feedback_board.outbox_rest_xid_id_idx;
ALTER INDEX ingest.outbox_commit_order ATTACH PARTITION ingest.outbox_20261128_xid_id_idx;
ALTER INDEX ingest.outbox_commit_order ATTACH PARTITION ingest.outbox_20261129_xid_id_idx;
ALTER INDEX ingest.outbox_commit_order ATTACH PARTITION ingest.outbox_rest_xid_id_idx;
ALTER INDEX scoring.outbox_commit_order ATTACH PARTITION scoring.outbox_20261128_xid_id_idx;
ALTER INDEX scoring.outbox_commit_order ATTACH PARTITION scoring.outbox_20261129_xid_id_idx;
ALTER INDEX scoring.outbox_commit_order ATTACH PARTITION scoring.outbox_rest_xid_id_idx;
ALTER TABLE ONLY common.api_keys
    ADD CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES common.tenants(id);
ALTER TABLE ONLY feedback_board.links
    ADD CONSTRAINT links_tenant_id_request_id_fkey FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests(tenant_id, id);
ALTER TABLE ONLY feedback_board.links
    ADD CONSTRAINT links_tenant_id_review_id_fkey FOREIGN KEY (tenant_id, review_id) REFERENCES feedback_board.reviews(tenant_id, id);
ALTER TABLE ONLY feedback_board.votes
    ADD CONSTRAINT votes_tenant_id_request_id_fkey FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests(tenant_id, id);
ALTER TABLE alerting.alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON alerting.alerts TO plaudit_alerting_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON alerting.clock_events TO plaudit_alerting_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON alerting.clocks TO plaudit_alerting_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON alerting.mails TO plaudit_alerting_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON alerting.policies TO plaudit_alerting_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON alerting.timers TO plaudit_alerting_worker USING (true) WITH CHECK (true);
ALTER TABLE alerting.clock_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerting.clocks ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerting.mails ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenants ON alerting.alerts TO plaudit_alerting_api, plaudit_alerting_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON alerting.clock_events TO plaudit_alerting_api, plaudit_alerting_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON alerting.clocks TO plaudit_alerting_api, plaudit_alerting_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON alerting.mails TO plaudit_alerting_api, plaudit_alerting_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON alerting.policies TO plaudit_alerting_api, plaudit_alerting_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON alerting.timers TO plaudit_alerting_api, plaudit_alerting_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
ALTER TABLE alerting.policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerting.timers ENABLE ROW LEVEL SECURITY;
ALTER TABLE common.api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner_only ON common.api_keys TO plaudit_common_owner USING (true) WITH CHECK (true);
ALTER TABLE feedback_board.activity ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON feedback_board.activity TO plaudit_feedback_board_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON feedback_board.budgets TO plaudit_feedback_board_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON feedback_board.idempotency_keys TO plaudit_feedback_board_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON feedback_board.links TO plaudit_feedback_board_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON feedback_board.recounts TO plaudit_feedback_board_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON feedback_board.requests TO plaudit_feedback_board_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON feedback_board.reviews TO plaudit_feedback_board_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON feedback_board.votes TO plaudit_feedback_board_worker USING (true) WITH CHECK (true);
ALTER TABLE feedback_board.budgets ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.links ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenants ON feedback_board.activity TO plaudit_feedback_board_api, plaudit_feedback_board_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON feedback_board.budgets TO plaudit_feedback_board_api, plaudit_feedback_board_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON feedback_board.idempotency_keys TO plaudit_feedback_board_api, plaudit_feedback_board_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON feedback_board.links TO plaudit_feedback_board_api, plaudit_feedback_board_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON feedback_board.recounts TO plaudit_feedback_board_api, plaudit_feedback_board_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON feedback_board.requests TO plaudit_feedback_board_api, plaudit_feedback_board_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON feedback_board.reviews TO plaudit_feedback_board_api, plaudit_feedback_board_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON feedback_board.votes TO plaudit_feedback_board_api, plaudit_feedback_board_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
ALTER TABLE feedback_board.recounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback_board.votes ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON ingest.deliveries TO plaudit_ingest_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON ingest.reviews TO plaudit_ingest_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON ingest.revisions TO plaudit_ingest_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON ingest.sources TO plaudit_ingest_worker USING (true) WITH CHECK (true);
ALTER TABLE ingest.deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY lookup ON ingest.sources FOR SELECT TO plaudit_ingest_owner USING (true);
CREATE POLICY own_tenants ON ingest.deliveries TO plaudit_ingest_api, plaudit_ingest_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON ingest.reviews TO plaudit_ingest_api, plaudit_ingest_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON ingest.revisions TO plaudit_ingest_api, plaudit_ingest_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON ingest.sources TO plaudit_ingest_api, plaudit_ingest_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
ALTER TABLE ingest.reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE ingest.revisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE ingest.sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE scoring.accumulators ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON scoring.accumulators TO plaudit_scoring_worker USING (true) WITH CHECK (true);
CREATE POLICY all_tenants ON scoring.ledger TO plaudit_scoring_worker USING (true) WITH CHECK (true);
ALTER TABLE scoring.ledger ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenants ON scoring.accumulators TO plaudit_scoring_api, plaudit_scoring_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
CREATE POLICY own_tenants ON scoring.ledger TO plaudit_scoring_api, plaudit_scoring_hook USING ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[]))) WITH CHECK ((tenant_id = ANY (( SELECT (NULLIF(current_setting('plaudit.tenants'::text, true), ''::text))::text[] AS "nullif")::text[])));
GRANT USAGE ON SCHEMA alerting TO plaudit_alerting_api;
GRANT USAGE ON SCHEMA alerting TO plaudit_alerting_hook;
GRANT USAGE ON SCHEMA alerting TO plaudit_alerting_worker;
GRANT USAGE ON SCHEMA common TO plaudit_common_api;
GRANT USAGE ON SCHEMA common TO plaudit_common_hook;
GRANT USAGE ON SCHEMA common TO plaudit_common_worker;
GRANT USAGE ON SCHEMA common TO plaudit_ingest_owner;
GRANT USAGE ON SCHEMA common TO plaudit_ingest_api;
GRANT USAGE ON SCHEMA common TO plaudit_ingest_hook;
GRANT USAGE ON SCHEMA common TO plaudit_ingest_worker;
GRANT USAGE ON SCHEMA common TO plaudit_scoring_owner;
GRANT USAGE ON SCHEMA common TO plaudit_scoring_api;
GRANT USAGE ON SCHEMA common TO plaudit_scoring_hook;
GRANT USAGE ON SCHEMA common TO plaudit_scoring_worker;
GRANT USAGE ON SCHEMA common TO plaudit_alerting_owner;
GRANT USAGE ON SCHEMA common TO plaudit_alerting_api;
GRANT USAGE ON SCHEMA common TO plaudit_alerting_hook;
GRANT USAGE ON SCHEMA common TO plaudit_alerting_worker;
GRANT USAGE ON SCHEMA common TO plaudit_feedback_board_owner;
GRANT USAGE ON SCHEMA common TO plaudit_feedback_board_api;
GRANT USAGE ON SCHEMA common TO plaudit_feedback_board_hook;
GRANT USAGE ON SCHEMA common TO plaudit_feedback_board_worker;
GRANT USAGE ON SCHEMA feedback_board TO plaudit_feedback_board_api;
GRANT USAGE ON SCHEMA feedback_board TO plaudit_feedback_board_hook;
GRANT USAGE ON SCHEMA feedback_board TO plaudit_feedback_board_worker;
GRANT USAGE ON SCHEMA ingest TO plaudit_ingest_api;
GRANT USAGE ON SCHEMA ingest TO plaudit_ingest_hook;
GRANT USAGE ON SCHEMA ingest TO plaudit_ingest_worker;
GRANT USAGE ON SCHEMA scoring TO plaudit_scoring_api;
GRANT USAGE ON SCHEMA scoring TO plaudit_scoring_hook;
GRANT USAGE ON SCHEMA scoring TO plaudit_scoring_worker;
REVOKE ALL ON FUNCTION alerting.outbox_drop_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION alerting.outbox_drop_day(day date) TO plaudit_alerting_worker;
REVOKE ALL ON FUNCTION alerting.outbox_make_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION alerting.outbox_make_day(day date) TO plaudit_alerting_worker;
REVOKE ALL ON FUNCTION feedback_board.outbox_drop_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION feedback_board.outbox_drop_day(day date) TO plaudit_feedback_board_worker;
REVOKE ALL ON FUNCTION feedback_board.outbox_make_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION feedback_board.outbox_make_day(day date) TO plaudit_feedback_board_worker;
REVOKE ALL ON FUNCTION ingest.find_source(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION ingest.find_source(wanted uuid) TO plaudit_ingest_hook;
REVOKE ALL ON FUNCTION ingest.outbox_drop_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION ingest.outbox_drop_day(day date) TO plaudit_ingest_worker;
REVOKE ALL ON FUNCTION ingest.outbox_make_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION ingest.outbox_make_day(day date) TO plaudit_ingest_worker;
REVOKE ALL ON FUNCTION scoring.outbox_drop_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION scoring.outbox_drop_day(day date) TO plaudit_scoring_worker;
REVOKE ALL ON FUNCTION scoring.outbox_make_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION scoring.outbox_make_day(day date) TO plaudit_scoring_worker;
GRANT SELECT ON TABLE alerting.alembic_version TO PUBLIC;
GRANT SELECT ON TABLE alerting.alerts TO plaudit_alerting_api;
GRANT SELECT,INSERT,UPDATE ON TABLE alerting.alerts TO plaudit_alerting_worker;
GRANT UPDATE(state) ON TABLE alerting.alerts TO plaudit_alerting_api;
GRANT UPDATE(acknowledged_at) ON TABLE alerting.alerts TO plaudit_alerting_api;
GRANT UPDATE(acknowledged_by) ON TABLE alerting.alerts TO plaudit_alerting_api;
GRANT SELECT ON TABLE alerting.clock_events TO plaudit_alerting_api;
GRANT SELECT,INSERT ON TABLE alerting.clock_events TO plaudit_alerting_worker;
GRANT SELECT ON TABLE alerting.clocks TO plaudit_alerting_api;
GRANT SELECT,INSERT,UPDATE ON TABLE alerting.clocks TO plaudit_alerting_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE alerting.dead_letters TO plaudit_alerting_worker;
GRANT SELECT ON TABLE alerting.mails TO plaudit_alerting_api;
GRANT SELECT,INSERT,UPDATE ON TABLE alerting.mails TO plaudit_alerting_worker;
GRANT INSERT ON TABLE alerting.outbox TO plaudit_alerting_api;
GRANT INSERT ON TABLE alerting.outbox TO plaudit_alerting_hook;
GRANT SELECT,INSERT ON TABLE alerting.outbox TO plaudit_alerting_worker;
GRANT SELECT ON TABLE alerting.policies TO plaudit_alerting_api;
GRANT SELECT,INSERT ON TABLE alerting.policies TO plaudit_alerting_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE alerting.positions TO plaudit_alerting_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE alerting.relay_cursor TO plaudit_alerting_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE alerting.relay_lease TO plaudit_alerting_worker;
GRANT SELECT ON TABLE alerting.timers TO plaudit_alerting_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE alerting.timers TO plaudit_alerting_worker;
GRANT SELECT ON TABLE common.alembic_version TO PUBLIC;
GRANT SELECT ON TABLE common.clock_offset TO PUBLIC;
GRANT SELECT,INSERT ON TABLE feedback_board.activity TO plaudit_feedback_board_api;
GRANT SELECT,INSERT ON TABLE feedback_board.activity TO plaudit_feedback_board_worker;
GRANT SELECT ON TABLE feedback_board.alembic_version TO PUBLIC;
GRANT SELECT,INSERT,UPDATE ON TABLE feedback_board.budgets TO plaudit_feedback_board_api;
GRANT SELECT,DELETE ON TABLE feedback_board.budgets TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE feedback_board.dead_letters TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT ON TABLE feedback_board.idempotency_keys TO plaudit_feedback_board_api;
GRANT SELECT,DELETE ON TABLE feedback_board.idempotency_keys TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT,DELETE ON TABLE feedback_board.links TO plaudit_feedback_board_api;
GRANT SELECT ON TABLE feedback_board.links TO plaudit_feedback_board_worker;
GRANT INSERT ON TABLE feedback_board.outbox TO plaudit_feedback_board_api;
GRANT INSERT ON TABLE feedback_board.outbox TO plaudit_feedback_board_hook;
GRANT SELECT,INSERT ON TABLE feedback_board.outbox TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE feedback_board.positions TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT,DELETE ON TABLE feedback_board.recounts TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE feedback_board.relay_cursor TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE feedback_board.relay_lease TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT,UPDATE ON TABLE feedback_board.requests TO plaudit_feedback_board_api;
GRANT SELECT,UPDATE ON TABLE feedback_board.requests TO plaudit_feedback_board_worker;
GRANT SELECT ON TABLE feedback_board.reviews TO plaudit_feedback_board_api;
GRANT SELECT,INSERT,UPDATE ON TABLE feedback_board.reviews TO plaudit_feedback_board_worker;
GRANT SELECT,INSERT,DELETE ON TABLE feedback_board.votes TO plaudit_feedback_board_api;
GRANT SELECT ON TABLE feedback_board.votes TO plaudit_feedback_board_worker;
GRANT SELECT ON TABLE ingest.alembic_version TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ingest.dead_letters TO plaudit_ingest_worker;
GRANT SELECT ON TABLE ingest.deliveries TO plaudit_ingest_api;
GRANT SELECT,INSERT ON TABLE ingest.deliveries TO plaudit_ingest_hook;
GRANT SELECT ON TABLE ingest.deliveries TO plaudit_ingest_worker;
GRANT INSERT ON TABLE ingest.outbox TO plaudit_ingest_api;
GRANT INSERT ON TABLE ingest.outbox TO plaudit_ingest_hook;
GRANT SELECT,INSERT ON TABLE ingest.outbox TO plaudit_ingest_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ingest.positions TO plaudit_ingest_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ingest.relay_cursor TO plaudit_ingest_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ingest.relay_lease TO plaudit_ingest_worker;
GRANT SELECT ON TABLE ingest.reviews TO plaudit_ingest_api;
GRANT SELECT,INSERT,UPDATE ON TABLE ingest.reviews TO plaudit_ingest_hook;
GRANT SELECT ON TABLE ingest.reviews TO plaudit_ingest_worker;
GRANT SELECT ON TABLE ingest.revisions TO plaudit_ingest_api;
GRANT SELECT,INSERT ON TABLE ingest.revisions TO plaudit_ingest_hook;
GRANT SELECT ON TABLE ingest.revisions TO plaudit_ingest_worker;
GRANT SELECT,INSERT,UPDATE ON TABLE ingest.sources TO plaudit_ingest_api;
GRANT SELECT ON TABLE scoring.accumulators TO plaudit_scoring_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE scoring.accumulators TO plaudit_scoring_worker;
GRANT SELECT ON TABLE scoring.alembic_version TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE scoring.dead_letters TO plaudit_scoring_worker;
GRANT SELECT ON TABLE scoring.ledger TO plaudit_scoring_api;
GRANT SELECT,INSERT ON TABLE scoring.ledger TO plaudit_scoring_worker;
GRANT INSERT ON TABLE scoring.outbox TO plaudit_scoring_api;
GRANT INSERT ON TABLE scoring.outbox TO plaudit_scoring_hook;
GRANT SELECT,INSERT ON TABLE scoring.outbox TO plaudit_scoring_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE scoring.positions TO plaudit_scoring_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE scoring.relay_cursor TO plaudit_scoring_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE scoring.relay_lease TO plaudit_scoring_worker;
