from django.db import migrations

# The rule holds for what begins after it came: a rebuild finds for what began earlier the goal that was asked of it then.
# A ledger without steps has nothing earlier.
SINCE = """
LOCK TABLE audit_stepevent IN SHARE ROW EXCLUSIVE MODE;
DO $do$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION audit_shorter_goal_since() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE '
        'RETURN %L::timestamptz',
        CASE WHEN EXISTS (SELECT FROM audit_stepevent) THEN clock_timestamp() ELSE '-infinity' END);
END $do$;
"""
GOAL_OF = """
CREATE OR REPLACE FUNCTION audit_goal_of(
    measured text, entered_workflow text, entered_stage text, entered_party text, entered_dimensions jsonb,
    entered_at timestamptz
) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT goal.id FROM audit_goal AS goal
    WHERE goal.workflow = entered_workflow AND goal.stage = entered_stage AND goal.measure = measured
      AND goal.party IN ('', entered_party)
      AND goal.applies_to <@ entered_dimensions
      AND goal.effective_from <= entered_at
      AND (goal.effective_until IS NULL OR entered_at < goal.effective_until)
    ORDER BY (SELECT count(*) FROM jsonb_object_keys(goal.applies_to)) DESC, goal.party DESC,
             {shorter}
             goal.effective_from DESC, goal.id DESC
    LIMIT 1
$$;
"""
SHORTER = "CASE WHEN entered_at >= audit_shorter_goal_since() THEN goal.business_seconds END,"


class Migration(migrations.Migration):
    dependencies = [("audit", "0009_times_of_every_case")]

    operations = [
        migrations.RunSQL(
            sql=SINCE + GOAL_OF.format(shorter=SHORTER),
            reverse_sql=GOAL_OF.format(shorter="") + "DROP FUNCTION audit_shorter_goal_since();",
        ),
    ]
