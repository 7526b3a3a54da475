import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

# As audit.ledger has it from now on.
FILL = """
UPDATE audit_stagevisit AS visit SET clock_began_at = found.began
FROM (
    SELECT id, min(entered_at) FILTER (WHERE party <> '' OR workflow <> ALL(%(clocked)s)) OVER (
        PARTITION BY workflow, subject ORDER BY sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS began
    FROM audit_stagevisit
) AS found
WHERE found.id = visit.id AND found.began IS NOT NULL
"""
# Each hash stands once and is never searched for, so that a look at their frequencies is time lost after every import.
UNSEEN_HASHES = """
ALTER TABLE audit_stepevent ALTER COLUMN hash SET STATISTICS {0}, ALTER COLUMN previous_hash SET STATISTICS {0}
"""


def fill(apps, schema_editor):
    # Which workflows declare parties, the models say and no table does.
    from audit.ledger import clocked_workflows

    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FILL, {"clocked": clocked_workflows()})


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0020_words_of_scheduled_exports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="stagevisit",
            name="clock_began_at",
            field=models.DateTimeField(
                null=True, help_text="When the subject's first stay that counts began, if that is an earlier one."
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="stagevisit", name="stagevisit_by_entry"),
        migrations.AddIndex(
            model_name="stagevisit",
            index=models.Index(
                fields=["workflow", "entered_at"],
                name="stagevisit_firsts",
                condition=Q(clock_began_at__isnull=True),
            ),
        ),
        migrations.AlterField(
            model_name="stagevisit",
            name="goal",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="audit.goal",
            ),
        ),
        migrations.AddIndex(
            model_name="stagevisit",
            index=models.Index(fields=["goal"], name="stagevisit_goals", condition=Q(goal__isnull=False)),
        ),
        migrations.AlterField(
            model_name="stepevent",
            name="actor",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="stepevent",
            index=models.Index(fields=["actor"], name="stepevent_actors", condition=Q(actor__isnull=False)),
        ),
        migrations.RunSQL(UNSEEN_HASHES.format("0"), UNSEEN_HASHES.format("-1")),
    ]
