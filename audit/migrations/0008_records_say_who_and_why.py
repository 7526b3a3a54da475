from django.db import migrations, models
from django.db.models import Q

# As before, but an end names who decided it, why and when.
GOALS_KEEP_THE_PAST = """
CREATE OR REPLACE FUNCTION audit_goal_keeps_the_past() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ending constant text[] := ARRAY['effective_until', 'ended_by_name', 'ended_why', 'ended_at'];
    turn timestamptz := CASE WHEN TG_OP = 'INSERT' THEN NEW.effective_from ELSE NEW.effective_until END;
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - ending IS DISTINCT FROM to_jsonb(OLD) - ending
                             OR OLD.effective_until IS NOT NULL OR NEW.effective_until IS NULL) THEN
        RAISE EXCEPTION 'a goal is never changed: it is ended, once, and followed by a new one'
            USING ERRCODE = 'restrict_violation';
    END IF;
    {end_says_who_and_why}
    LOCK TABLE audit_stepevent IN SHARE ROW EXCLUSIVE MODE;
    IF turn < clock_timestamp()
       AND EXISTS (SELECT FROM audit_stepevent WHERE workflow = NEW.workflow AND at >= turn) THEN
        RAISE EXCEPTION 'a goal cannot begin or end at %, before what was measured already', turn
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
END_SAYS_WHO_AND_WHY = """
    IF TG_OP = 'UPDATE' AND (NEW.ended_by_name !~ '\\S' OR NEW.ended_why !~ '\\S' OR NEW.ended_at IS NULL) THEN
        RAISE EXCEPTION 'the end of a goal says who decided it, why and when' USING ERRCODE = 'check_violation';
    END IF;
"""

# Only a failed export is made again.
EXPORTS_STAY_ENDED = migrations.RunSQL(
    sql="""
    CREATE TRIGGER audit_exportfile_stays_ended BEFORE UPDATE ON audit_exportfile
        FOR EACH ROW WHEN (
            OLD.state IN ('done', 'cancelled') AND NEW.state <> OLD.state
            OR OLD.state = 'failed' AND NEW.state NOT IN ('failed', 'waiting')
        ) EXECUTE FUNCTION audit_refuse_change();
    """,
    reverse_sql="DROP TRIGGER audit_exportfile_stays_ended ON audit_exportfile;",
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_functions_plan_for_themselves")]

    operations = [
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=Q(set_by_name__regex=r"\S", why__regex=r"\S"), name="goal_says_who_and_why"
            ),
        ),
        migrations.RemoveConstraint(model_name="closure", name="closure_has_reason"),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=Q(reason__regex=r"\S", entered_by_name__regex=r"\S"), name="closure_says_who_and_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_by_name__regex=r"\S", withdrawn_why__regex=r"\S"),
                name="closure_withdrawal_says_who_and_why",
            ),
        ),
        migrations.RunSQL(
            sql=GOALS_KEEP_THE_PAST.format(end_says_who_and_why=END_SAYS_WHO_AND_WHY),
            reverse_sql=GOALS_KEEP_THE_PAST.format(end_says_who_and_why=""),
        ),
        EXPORTS_STAY_ENDED,
    ]
