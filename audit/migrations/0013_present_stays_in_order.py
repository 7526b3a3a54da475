from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0012_sources_of_steps"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="stagevisit",
            index=models.Index(
                fields=["workflow", "entered_at", "subject"],
                name="stagevisit_open_by_entry",
                condition=Q(left_at__isnull=True),
            ),
        ),
        migrations.AddIndex(
            model_name="stagevisit",
            index=models.Index(
                fields=["workflow", "due_at", "subject"],
                name="stagevisit_open_by_due",
                condition=Q(left_at__isnull=True),
            ),
        ),
    ]
