import datetime

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

# The two functions that PostgreSQL inlines: a join to this day's row, and the arithmetic on it. They stay plain SQL
# without SET clauses, and the first returns nothing computed from `at`, or the joins could no longer be hashed.
INLINED = """
CREATE FUNCTION audit_business_day(calendar bigint, at timestamptz) RETURNS SETOF audit_calendarday
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT day.* FROM audit_calendarday AS day
    WHERE day.calendar_id = calendar
      AND day.starts_at = date_bin('24 hours', at, (SELECT starts_at FROM audit_calendar WHERE id = calendar))
$$;

CREATE FUNCTION audit_business_position(
    at timestamptz, opens_at timestamptz, closes_at timestamptz, cumulative_seconds bigint
) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT cumulative_seconds
         + floor(date_part('epoch', least(greatest(at, opens_at), closes_at) - opens_at))::bigint
$$;
"""

# The second branch of a coalesce: nothing for no instant, an error for one that no day covers.
OUTSIDE = """
CREATE FUNCTION audit_outside_calendar(calendar bigint, at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 AS $$
BEGIN
    IF at IS NOT NULL THEN
        RAISE EXCEPTION '% is outside the calendar %', at, (SELECT name FROM audit_calendar WHERE id = calendar)
            USING ERRCODE = 'datetime_field_overflow';
    END IF;
    RETURN NULL;
END
$$;
"""

SCALAR = """
CREATE FUNCTION audit_business_seconds(calendar bigint, a timestamptz, b timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    seconds bigint;
BEGIN
    SELECT audit_business_position(b, until.opens_at, until.closes_at, until.cumulative_seconds)
         - audit_business_position(a, since.opens_at, since.closes_at, since.cumulative_seconds)
    INTO seconds
    FROM audit_business_day(calendar, a) AS since, audit_business_day(calendar, b) AS until;
    IF seconds IS NULL THEN
        RETURN audit_outside_calendar(
            calendar, CASE WHEN EXISTS (SELECT FROM audit_business_day(calendar, a)) THEN b ELSE a END
        );
    END IF;
    RETURN seconds;
END
$$;

CREATE FUNCTION audit_business_add(calendar bigint, at timestamptz, seconds bigint) RETURNS timestamptz
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    target bigint;
    due timestamptz;
BEGIN
    IF seconds < 0 THEN
        RAISE EXCEPTION 'business time is added, not taken away: %', seconds
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT audit_business_position(at, day.opens_at, day.closes_at, day.cumulative_seconds) + seconds INTO target
    FROM audit_business_day(calendar, at) AS day;
    IF target IS NULL THEN
        PERFORM audit_outside_calendar(calendar, at);
    END IF;
    IF seconds = 0 THEN
        RETURN at;
    END IF;
    SELECT day.opens_at + make_interval(secs => target - day.cumulative_seconds) INTO due
    FROM audit_calendarday AS day
    WHERE day.calendar_id = calendar AND day.closes_at > day.opens_at AND day.cumulative_seconds < target
    ORDER BY day.cumulative_seconds DESC LIMIT 1;
    IF due IS NULL OR due > (
        SELECT closes_at FROM audit_calendarday WHERE calendar_id = calendar AND closes_at > opens_at
        ORDER BY cumulative_seconds DESC LIMIT 1
    ) THEN
        RAISE EXCEPTION '% business seconds after % is past the calendar', seconds, at
            USING ERRCODE = 'datetime_field_overflow';
    END IF;
    RETURN due;
END
$$;
"""

GOAL_FOR = """
CREATE FUNCTION audit_goal_for(
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
"""

DROP = """
DROP FUNCTION audit_goal_for, audit_business_add, audit_business_seconds, audit_outside_calendar,
    audit_business_position, audit_business_day;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Calendar",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=60, unique=True)),
                (
                    "time_zone",
                    models.CharField(default="America/New_York", help_text="IANA name.", max_length=60),
                ),
                ("opens", models.TimeField(default=datetime.time(9, 0), help_text="Local time.")),
                (
                    "closes",
                    models.TimeField(default=datetime.time(17, 0), help_text="Local time, the same day."),
                ),
                ("first_day", models.DateField(default=datetime.date(1990, 1, 1))),
                ("last_day", models.DateField(default=datetime.date(2069, 12, 31), help_text="Inclusive.")),
                (
                    "version",
                    models.PositiveIntegerField(default=0, editable=False, help_text="0 until the days are built."),
                ),
                ("built_at", models.DateTimeField(editable=False, null=True)),
                (
                    "built_from",
                    models.CharField(blank=True, editable=False, help_text="Source of the holidays.", max_length=60),
                ),
                (
                    "starts_at",
                    models.DateTimeField(editable=False, help_text="First instant that the days cover.", null=True),
                ),
                (
                    "ends_at",
                    models.DateTimeField(editable=False, help_text="First instant after them.", null=True),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("closes__gt", models.F("opens"))),
                        name="calendar_closes_after_opening",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="calendar_ends_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Goal",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("workflow", models.CharField(max_length=60)),
                ("stage", models.CharField(max_length=120)),
                (
                    "party",
                    models.CharField(blank=True, help_text="Whose clock; empty for anyone's.", max_length=40),
                ),
                (
                    "applies_to",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Dimension values that the visit must have, as {“priority”: “expedited”}.",
                    ),
                ),
                ("business_seconds", models.PositiveBigIntegerField()),
                (
                    "share_percent",
                    models.PositiveSmallIntegerField(default=90, help_text="Of the visits, at least."),
                ),
                ("effective_from", models.DateTimeField()),
                (
                    "effective_until",
                    models.DateTimeField(blank=True, help_text="First instant no longer in force.", null=True),
                ),
                ("set_by_name", models.CharField(max_length=160)),
                ("why", models.TextField()),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["workflow", "stage", "effective_from", "id"],
                "indexes": [models.Index(fields=["workflow", "stage"], name="goal_by_stage")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("business_seconds__gt", 0)), name="goal_takes_time"),
                    models.CheckConstraint(
                        condition=models.Q(("share_percent__range", (1, 100))), name="goal_share_is_percent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_until__isnull", True),
                            ("effective_until__gt", models.F("effective_from")),
                            _connector="OR",
                        ),
                        name="goal_ends_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "calendar_id",
                        "starts_at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("starts_at", models.DateTimeField()),
                ("opens_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                (
                    "cumulative_seconds",
                    models.BigIntegerField(help_text="Working seconds of the calendar before opens_at."),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days",
                        to="audit.calendar",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("calendar", "day"), name="calendarday_unique_day"),
                    models.UniqueConstraint(
                        condition=models.Q(("closes_at__gt", models.F("opens_at"))),
                        fields=("calendar", "cumulative_seconds"),
                        name="calendarday_working_position",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closes_at__gte", models.F("opens_at"))),
                        name="calendarday_closes_after_opening",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Closure",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("first_day", models.DateField()),
                ("last_day", models.DateField(help_text="Inclusive.")),
                (
                    "open_from",
                    models.TimeField(blank=True, help_text="Delayed opening, local time.", null=True),
                ),
                (
                    "open_until",
                    models.TimeField(blank=True, help_text="Early departure, local time.", null=True),
                ),
                ("reason", models.CharField(help_text="As “Snow emergency”.", max_length=200)),
                (
                    "authority",
                    models.CharField(blank=True, help_text="Order or notice that closed the offices.", max_length=200),
                ),
                ("entered_by_name", models.CharField(max_length=160)),
                (
                    "entered_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="closures",
                        to="audit.calendar",
                    ),
                ),
            ],
            options={
                "ordering": ["first_day", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="closure_ends_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("open_from__isnull", True),
                            ("open_until__isnull", True),
                            ("open_until__gt", models.F("open_from")),
                            _connector="OR",
                        ),
                        name="closure_open_hours_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="closure_has_reason"
                    ),
                ],
            },
        ),
        migrations.RunSQL(INLINED + OUTSIDE + SCALAR + GOAL_FOR, DROP),
    ]
