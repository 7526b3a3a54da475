import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from audit.guards import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0005_retirement_by_both"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="completion",
            name="why",
            field=models.TextField(
                blank=True, help_text="Of a correction, or of recording anew what a file had brought."
            ),
        ),
        migrations.CreateModel(
            name="CompletionReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("hand", "By hand"),
                            ("file", "From a file"),
                            ("xapi", "From a learning system"),
                            ("invented", "Invented for demonstration"),
                        ],
                        max_length=10,
                    ),
                ),
                ("evidence", models.TextField(blank=True)),
                ("statement_id", models.UUIDField(help_text="Of the xAPI statement.", null=True)),
                ("reported_by_name", models.CharField(help_text="As recorded then.", max_length=160)),
                ("reported_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "completion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="training.completion",
                    ),
                ),
                (
                    "imported",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="training.completionimport",
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("imported__isnull", False), ("statement_id__isnull", False), _connector="OR"
                        ),
                        name="completion_report_of_file_or_statement",
                    )
                ],
            },
        ),
        append_only("training_completionreport"),
    ]
