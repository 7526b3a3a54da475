"""Migration operations that let the database itself guard workflow rows and the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.migrations import RunSQL


def guard_states(table: str, workflow: str) -> RunSQL:
    """Refuses, at commit, any row of the table whose state is not where its last step led, and any delete.

    The table has the columns `number` (the ledger's subject) and `state`. Both sides are guarded: a state changed
    without a step, and a step added without its state.
    """
    return RunSQL(
        sql=f"""
        CREATE CONSTRAINT TRIGGER {table}_state_has_its_step
            AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION audit_state_has_its_step('{table}', '{workflow}');
        CREATE CONSTRAINT TRIGGER {table}_step_has_its_state
            AFTER INSERT ON audit_stepevent DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.workflow = '{workflow}')
            EXECUTE FUNCTION audit_state_has_its_step('{table}', '{workflow}');
        CREATE TRIGGER {table}_is_never_deleted BEFORE DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
        """,
        reverse_sql=f"""
        DROP TRIGGER {table}_state_has_its_step ON {table};
        DROP TRIGGER {table}_step_has_its_state ON audit_stepevent;
        DROP TRIGGER {table}_is_never_deleted ON {table};
        """,
    )


def append_only(table: str) -> RunSQL:
    """Refuses update, delete and truncate of the table, for raw SQL too."""
    return RunSQL(
        sql=f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
        """,
        reverse_sql=f"DROP TRIGGER {table}_append_only ON {table};",
    )


def facts_fixed(table: str, *, fixed: Sequence[str]) -> RunSQL:
    """Refuses delete and truncate of the table, and a change of the fixed columns, also by SQL."""
    return RunSQL(
        sql=f"""
        CREATE TRIGGER {table}_facts_are_fixed BEFORE UPDATE OF {", ".join(fixed)} ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
        CREATE TRIGGER {table}_is_never_deleted BEFORE DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
        """,
        reverse_sql=f"""
        DROP TRIGGER {table}_facts_are_fixed ON {table};
        DROP TRIGGER {table}_is_never_deleted ON {table};
        """,
    )


def ended_once(table: str, *, fixed: Sequence[str], ended_at: str) -> RunSQL:
    """Refuses what `facts_fixed` does, and any change once the row has ended, also by SQL.

    A row has ended when its column `ended_at` is filled; what says who ended it and why is filled with it.
    """
    facts = facts_fixed(table, fixed=fixed)
    return RunSQL(
        sql=f"""{facts.sql}
        CREATE TRIGGER {table}_ends_once BEFORE UPDATE ON {table}
            FOR EACH ROW WHEN (OLD.{ended_at} IS NOT NULL) EXECUTE FUNCTION audit_refuse_change();
        """,
        reverse_sql=f"""{facts.reverse_sql}
        DROP TRIGGER {table}_ends_once ON {table};
        """,
    )


LEDGER_FUNCTIONS = RunSQL(
    sql="""
    -- A field of the canonical form: its length in bytes, a colon, its text; "-" when absent.
    CREATE FUNCTION audit_field(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(octet_length(value) || ':' || value, '-');

    CREATE FUNCTION audit_dimensions_form(dimensions jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT audit_field(count(*)::text)
               || coalesce(string_agg(audit_field(key) || audit_field(value), '' ORDER BY key COLLATE "C"), '')
        FROM jsonb_each_text(dimensions)
    );

    -- The SHA-256 of a step's canonical form; audit.canonical.canonical_form builds the same bytes in Python.
    CREATE FUNCTION audit_step_hash(
        id bigint, workflow text, subject text, sequence bigint, transition text, from_state text, to_state text,
        party text, final boolean, actor_id bigint, actor_name text, actor_agency text, actor_role text,
        at timestamptz, reason text, dimensions jsonb, source text, previous_hash bytea
    ) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sha256(convert_to(
        audit_field('title21-step-1') || audit_field(id::text) || audit_field(workflow) || audit_field(subject)
        || audit_field(sequence::text) || audit_field(transition) || audit_field(from_state) || audit_field(to_state)
        || audit_field(party) || audit_field(CASE WHEN final THEN 't' ELSE 'f' END) || audit_field(actor_id::text)
        || audit_field(actor_name) || audit_field(actor_agency) || audit_field(actor_role)
        || audit_field(((extract(epoch FROM at) * 1000000)::bigint)::text) || audit_field(reason)
        || audit_field(source) || audit_field(encode(previous_hash, 'hex')) || audit_dimensions_form(dimensions),
        'UTF8'));

    CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% on % is refused: it keeps the record', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$;

    -- A step timed by the system carries the database's time of its own transaction.
    CREATE FUNCTION audit_step_is_timed_now() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.at NOT BETWEEN transaction_timestamp() AND clock_timestamp() THEN
            RAISE EXCEPTION 'a step of this system is timed by the database, not at %', NEW.at
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;

    -- Arguments: the table and its workflow. Runs at commit, so it reads the row as it is then.
    CREATE FUNCTION audit_state_has_its_step() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        subject_number text := CASE WHEN TG_TABLE_NAME = 'audit_stepevent' THEN to_jsonb(NEW)->>'subject'
                                    ELSE to_jsonb(NEW)->>'number' END;
        row_state text;
        step_state text;
    BEGIN
        EXECUTE format('SELECT state FROM %I WHERE number = $1', TG_ARGV[0]) INTO row_state USING subject_number;
        SELECT to_state INTO step_state FROM audit_stepevent
        WHERE workflow = TG_ARGV[1] AND subject = subject_number ORDER BY sequence DESC LIMIT 1;
        IF row_state IS DISTINCT FROM step_state THEN
            RAISE EXCEPTION '% %: its state is %, its last step led to %',
                TG_ARGV[0], subject_number, coalesce(row_state, 'nothing'), coalesce(step_state, 'nothing')
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$;
    """,
    reverse_sql="""
    DROP FUNCTION audit_state_has_its_step(), audit_step_is_timed_now(), audit_refuse_change(), audit_step_hash,
                  audit_dimensions_form, audit_field;
    """,
)

STEPS_ARE_TIMED_NOW = RunSQL(
    sql="""
    CREATE TRIGGER audit_stepevent_timed_now BEFORE INSERT ON audit_stepevent
        FOR EACH ROW WHEN (NEW.source = 'system') EXECUTE FUNCTION audit_step_is_timed_now();
    """,
    reverse_sql="DROP TRIGGER audit_stepevent_timed_now ON audit_stepevent;",
)
