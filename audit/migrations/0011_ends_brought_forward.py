import django.db.models.deletion
from django.db import migrations, models

from audit.guards import append_only

# An end may be brought forward while it is to come. What was decided before goes to audit_earlierend; of a goal that was
# set with an end, who set it decided that.
GOALS_KEEP_THE_PAST = """
CREATE OR REPLACE FUNCTION audit_goal_keeps_the_past() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ending constant text[] := ARRAY['effective_until', 'ended_by_name', 'ended_why', 'ended_at'];
    turn timestamptz := CASE WHEN TG_OP = 'INSERT' THEN NEW.effective_from ELSE NEW.effective_until END;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - ending IS DISTINCT FROM to_jsonb(OLD) - ending OR NEW.effective_until IS NULL
           OR OLD.effective_until <= greatest(clock_timestamp(), NEW.effective_until) THEN
            RAISE EXCEPTION 'a goal is never changed: it is ended, its end at most brought forward, and a new one follows'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.ended_by_name !~ '\\S' OR NEW.ended_why !~ '\\S' OR NEW.ended_at IS NULL THEN
            RAISE EXCEPTION 'the end of a goal says who decided it, why and when' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    LOCK TABLE audit_stepevent IN SHARE ROW EXCLUSIVE MODE;
    IF turn < clock_timestamp()
       AND EXISTS (SELECT FROM audit_stepevent WHERE workflow = NEW.workflow AND at >= turn) THEN
        RAISE EXCEPTION 'a goal cannot begin or end at %, before what was measured already', turn
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.effective_until IS NOT NULL THEN
        INSERT INTO audit_earlierend (goal_id, effective_until, ended_by_name, ended_why, ended_at)
        VALUES (OLD.id, OLD.effective_until, coalesce(nullif(OLD.ended_by_name, ''), OLD.set_by_name),
                coalesce(nullif(OLD.ended_why, ''), OLD.why), coalesce(OLD.ended_at, OLD.created_at));
    END IF;
    RETURN NEW;
END $$;
"""
ENDED_ONCE = """
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
    IF TG_OP = 'UPDATE' AND (NEW.ended_by_name !~ '\\S' OR NEW.ended_why !~ '\\S' OR NEW.ended_at IS NULL) THEN
        RAISE EXCEPTION 'the end of a goal says who decided it, why and when' USING ERRCODE = 'check_violation';
    END IF;
    LOCK TABLE audit_stepevent IN SHARE ROW EXCLUSIVE MODE;
    IF turn < clock_timestamp()
       AND EXISTS (SELECT FROM audit_stepevent WHERE workflow = NEW.workflow AND at >= turn) THEN
        RAISE EXCEPTION 'a goal cannot begin or end at %, before what was measured already', turn
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0010_the_shorter_goal")]

    operations = [
        migrations.CreateModel(
            name="EarlierEnd",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("effective_until", models.DateTimeField()),
                ("ended_by_name", models.CharField(max_length=160)),
                ("ended_why", models.TextField()),
                ("ended_at", models.DateTimeField()),
                (
                    "goal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="earlier_ends", to="audit.goal"
                    ),
                ),
            ],
            options={"ordering": ["id"]},
        ),
        append_only("audit_earlierend"),
        migrations.RunSQL(GOALS_KEEP_THE_PAST, ENDED_ONCE),
    ]
