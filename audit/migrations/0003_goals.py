from django.db import migrations, models

# What a goal measures, chosen as docs/decisions/0010 says; the three callers differ in what they leave empty.
GOAL_OF = """
CREATE FUNCTION audit_goal_of(
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
    ORDER BY (SELECT count(*) FROM jsonb_object_keys(goal.applies_to)) DESC,
             goal.party DESC, goal.effective_from DESC, goal.id DESC
    LIMIT 1
$$;

CREATE OR REPLACE FUNCTION audit_goal_for(
    entered_workflow text, entered_stage text, entered_party text, entered_dimensions jsonb, entered_at timestamptz
) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT audit_goal_of('stage', entered_workflow, entered_stage, entered_party, entered_dimensions, entered_at)
$$;
"""
GOAL_OF_BEFORE = """
CREATE OR REPLACE FUNCTION audit_goal_for(
    entered_workflow text, entered_stage text, entered_party text, entered_dimensions jsonb, entered_at timestamptz
) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT goal.id FROM audit_goal AS goal
    WHERE goal.workflow = entered_workflow AND goal.stage = entered_stage
      AND goal.party IN ('', entered_party)
      AND goal.applies_to <@ entered_dimensions
      AND goal.effective_from <= entered_at
      AND (goal.effective_until IS NULL OR entered_at < goal.effective_until)
    ORDER BY (SELECT count(*) FROM jsonb_object_keys(goal.applies_to)) DESC,
             goal.party DESC, goal.effective_from DESC, goal.id DESC
    LIMIT 1
$$;
DROP FUNCTION audit_goal_of;
"""

# The state of a clock at an instant; audit.clocks.status says the same in Python.
CLOCK_STATUS = """
CREATE FUNCTION audit_clock_status(calendar bigint, due timestamptz, goal_seconds bigint, at timestamptz)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN due IS NULL THEN NULL
    WHEN at > due THEN 'late'
    WHEN audit_business_seconds(calendar, at, due) <= least(28800, goal_seconds / 4) THEN 'due_soon'
    ELSE 'on_track'
END;
"""

# A key of 64 bits stands for what a goal is for: ranges are the only thing that core GiST compares for equality.
NO_OVERLAP = """
ALTER TABLE audit_goal ADD CONSTRAINT goal_in_force_alone EXCLUDE USING gist (
    int8range(
        hashtextextended(audit_field(workflow) || audit_field(measure) || audit_field(stage) || audit_field(party)
                         || audit_field(applies_to::text), 0),
        hashtextextended(audit_field(workflow) || audit_field(measure) || audit_field(stage) || audit_field(party)
                         || audit_field(applies_to::text), 0),
        '[]') WITH =,
    tstzrange(effective_from, effective_until) WITH &&
);
"""

# The lock lets no step in between the check and the commit, so that each step has seen the goals of its own time.
GOALS_KEEP_THE_PAST = """
CREATE FUNCTION audit_goal_keeps_the_past() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ending constant text[] := ARRAY['effective_until', 'ended_by_name', 'ended_why', 'ended_at'];
    turn timestamptz := CASE WHEN TG_OP = 'INSERT' THEN NEW.effective_from ELSE NEW.effective_until END;
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - ending IS DISTINCT FROM to_jsonb(OLD) - ending
                             OR OLD.effective_until IS NOT NULL OR NEW.effective_until IS NULL) THEN
        RAISE EXCEPTION 'a goal is never changed: it is ended, once, and followed by a new one'
            USING ERRCODE = 'restrict_violation';
    END IF;
    LOCK TABLE audit_stepevent IN SHARE ROW EXCLUSIVE MODE;
    IF turn < clock_timestamp()
       AND EXISTS (SELECT FROM audit_stepevent WHERE workflow = NEW.workflow AND at >= turn) THEN
        RAISE EXCEPTION 'a goal cannot begin or end at %, before what was measured already', turn
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_goal_keeps_the_past BEFORE INSERT OR UPDATE ON audit_goal
    FOR EACH ROW EXECUTE FUNCTION audit_goal_keeps_the_past();
CREATE TRIGGER audit_goal_is_never_deleted BEFORE DELETE OR TRUNCATE ON audit_goal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""

CLOSURES_STAY = """
CREATE FUNCTION audit_closure_is_only_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    withdrawal constant text[] := ARRAY['withdrawn_at', 'withdrawn_by_name', 'withdrawn_why'];
BEGIN
    IF to_jsonb(NEW) - withdrawal IS DISTINCT FROM to_jsonb(OLD) - withdrawal
       OR OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL THEN
        RAISE EXCEPTION 'a closure is never changed: it is withdrawn, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_closure_is_only_withdrawn BEFORE UPDATE ON audit_closure
    FOR EACH ROW EXECUTE FUNCTION audit_closure_is_only_withdrawn();
CREATE TRIGGER audit_closure_is_never_deleted BEFORE DELETE OR TRUNCATE ON audit_closure
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""

DROP = """
DROP TRIGGER audit_closure_is_never_deleted ON audit_closure;
DROP TRIGGER audit_closure_is_only_withdrawn ON audit_closure;
DROP TRIGGER audit_goal_is_never_deleted ON audit_goal;
DROP TRIGGER audit_goal_keeps_the_past ON audit_goal;
DROP FUNCTION audit_closure_is_only_withdrawn, audit_goal_keeps_the_past, audit_clock_status;
ALTER TABLE audit_goal DROP CONSTRAINT goal_in_force_alone;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_ledger")]

    operations = [
        migrations.AlterModelOptions(
            name="goal",
            options={"ordering": ["workflow", "measure", "stage", "party", "effective_from", "id"]},
        ),
        migrations.RemoveConstraint(
            model_name="goal",
            name="goal_ends_after_start",
        ),
        migrations.AddField(
            model_name="closure",
            name="withdrawn_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="closure",
            name="withdrawn_by_name",
            field=models.CharField(blank=True, editable=False, max_length=160),
        ),
        migrations.AddField(
            model_name="closure",
            name="withdrawn_why",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="goal",
            name="ended_at",
            field=models.DateTimeField(editable=False, help_text="When the end was decided.", null=True),
        ),
        migrations.AddField(
            model_name="goal",
            name="ended_by_name",
            field=models.CharField(blank=True, editable=False, max_length=160),
        ),
        migrations.AddField(
            model_name="goal",
            name="ended_why",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="goal",
            name="measure",
            field=models.CharField(
                choices=[
                    ("stage", "Each stay in a stage"),
                    ("party", "All the time on a party's clock"),
                    ("process", "The whole process"),
                ],
                default="stage",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="goal",
            name="applies_to",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Dimension values that what is measured must have, as {“priority”: “expedited”}.",
            ),
        ),
        migrations.AlterField(
            model_name="goal",
            name="effective_until",
            field=models.DateTimeField(
                blank=True,
                help_text="First instant no longer in force; that of the beginning if it never came into force.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="goal",
            name="party",
            field=models.CharField(
                blank=True, help_text="Whose clock; for a stage, empty for anyone's.", max_length=40
            ),
        ),
        migrations.AlterField(
            model_name="goal",
            name="share_percent",
            field=models.PositiveSmallIntegerField(default=90, help_text="Of what is measured, at least."),
        ),
        migrations.AlterField(
            model_name="goal",
            name="stage",
            field=models.CharField(blank=True, help_text="Empty unless each stay in it is measured.", max_length=120),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("effective_until__isnull", True),
                    ("effective_until__gte", models.F("effective_from")),
                    _connector="OR",
                ),
                name="goal_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("measure", "stage"), models.Q(("stage", ""), _negated=True)),
                    models.Q(("measure", "party"), ("stage", ""), models.Q(("party", ""), _negated=True)),
                    models.Q(("measure", "process"), ("party", ""), ("stage", "")),
                    _connector="OR",
                ),
                name="goal_names_what_it_measures",
            ),
        ),
        migrations.RunSQL(
            GOAL_OF + CLOCK_STATUS + NO_OVERLAP + GOALS_KEEP_THE_PAST + CLOSURES_STAY, DROP + GOAL_OF_BEFORE
        ),
    ]
