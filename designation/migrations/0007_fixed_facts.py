from django.db import migrations

# What a request says may change only where the workflow lets it, whoever writes: never whose it is, its text only
# before it is submitted or while its office answers, and who decided it only together with its state.
FIXED_FACTS = migrations.RunSQL(
    sql="""
    CREATE FUNCTION designation_request_facts_are_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (NEW.number, NEW.agent_id, NEW.office_id, NEW.division_id, NEW.agreement_id, NEW.created_at)
           IS DISTINCT FROM (OLD.number, OLD.agent_id, OLD.office_id, OLD.division_id, OLD.agreement_id, OLD.created_at)
        THEN
            RAISE EXCEPTION 'request %: whose it is and when it was made never change', OLD.number
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF (NEW.kind, NEW.priority, NEW.justification) IS DISTINCT FROM (OLD.kind, OLD.priority, OLD.justification)
           AND OLD.state NOT IN ('draft', 'returned')
        THEN
            RAISE EXCEPTION 'request %: it is changed as a draft or while it is returned, not in %', OLD.number, OLD.state
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF (NEW.decided_by_id, NEW.filed_by_id) IS DISTINCT FROM (OLD.decided_by_id, OLD.filed_by_id)
           AND NEW.state = OLD.state
        THEN
            RAISE EXCEPTION 'request %: who filed or decided it changes with its state alone', OLD.number
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER designation_request_facts_are_fixed BEFORE UPDATE ON designation_request
        FOR EACH ROW EXECUTE FUNCTION designation_request_facts_are_fixed();
    """,
    reverse_sql="""
    DROP TRIGGER designation_request_facts_are_fixed ON designation_request;
    DROP FUNCTION designation_request_facts_are_fixed();
    """,
)


class Migration(migrations.Migration):
    dependencies = [("designation", "0006_agent_version")]

    operations = [FIXED_FACTS]
