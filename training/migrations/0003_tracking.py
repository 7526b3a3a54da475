import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

AGENTS = """
INSERT INTO training_officechange (office_id) SELECT DISTINCT office_id FROM changed
"""
THEIR_AGENTS = """
INSERT INTO training_officechange (office_id)
SELECT DISTINCT office_id FROM designation_agent WHERE id IN (SELECT agent_id FROM changed)
"""
ALL = """
INSERT INTO training_officechange (office_id) SELECT NULL WHERE EXISTS (SELECT FROM changed)
"""


def function(name: str, statement: str) -> str:
    return f"""
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {statement.strip()};
        RETURN NULL;
    END $$;
    """


def trigger(table: str, function: str, event: str, rows: str) -> str:
    return f"""
    CREATE TRIGGER {table}_{event.lower()}_marks_offices_by_{rows.lower()} AFTER {event} ON {table}
        REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {function}();
    """


# What the counts are made from: table, function, and the events with the rows that tell whom they concern.
WATCHED = [
    (
        "designation_agent",
        "training_mark_offices",
        [("INSERT", "NEW"), ("UPDATE", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")],
    ),
    ("designation_request", "training_mark_offices_of_agents", [("INSERT", "NEW"), ("UPDATE", "NEW")]),
    ("designation_designation", "training_mark_offices_of_agents", [("INSERT", "NEW"), ("UPDATE", "NEW")]),
    ("training_completion", "training_mark_offices_of_agents", [("INSERT", "NEW")]),
    ("training_waiver", "training_mark_offices_of_agents", [("INSERT", "NEW"), ("UPDATE", "NEW")]),
    ("training_completionimport", "training_mark_all_offices", [("UPDATE", "NEW")]),
    ("training_requirement", "training_mark_all_offices", [("INSERT", "NEW"), ("UPDATE", "NEW")]),
    ("training_moduleversion", "training_mark_all_offices", [("INSERT", "NEW"), ("UPDATE", "NEW")]),
]
TRIGGERS = [(table, name, event, rows) for table, name, events in WATCHED for event, rows in events]

MARKS = migrations.RunSQL(
    sql=function("training_mark_offices", AGENTS)
    + function("training_mark_offices_of_agents", THEIR_AGENTS)
    + function("training_mark_all_offices", ALL)
    + "".join(trigger(*found) for found in TRIGGERS),
    reverse_sql="".join(
        f"DROP TRIGGER {table}_{event.lower()}_marks_offices_by_{rows.lower()} ON {table};"
        for table, _, event, rows in TRIGGERS
    )
    + "DROP FUNCTION training_mark_offices(), training_mark_offices_of_agents(), training_mark_all_offices();",
)


class Migration(migrations.Migration):
    dependencies = [
        ("designation", "0008_hired_on_and_notice_paths"),
        ("training", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="OfficeStanding",
            fields=[
                (
                    "office",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="designation.office",
                    ),
                ),
                ("day", models.DateField()),
                ("counts", models.JSONField(help_text="Module’s key -> what is counted -> how many.")),
                ("counted_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="OfficeChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "office",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="designation.office",
                    ),
                ),
            ],
        ),
        MARKS,
    ]
