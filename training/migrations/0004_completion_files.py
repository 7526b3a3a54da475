import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from audit.guards import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0003_tracking"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="learningsystem",
            name="name",
            field=models.CharField(
                help_text="It signs in under this name.",
                max_length=80,
                unique=True,
                validators=[
                    django.core.validators.RegexValidator("^[^:\\s]([^:]*[^:\\s])?\\Z", "Write a name without a colon.")
                ],
            ),
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("content", models.JSONField()),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="statements",
                        to="training.learningsystem",
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at"],
            },
        ),
        migrations.CreateModel(
            name="CompletionUpload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("filename", models.CharField(max_length=255)),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(help_text="Of the content, in hexadecimal.", max_length=64)),
                ("sheet", models.TextField(blank=True)),
                ("header_row", models.PositiveIntegerField(null=True)),
                ("mapping", models.JSONField(default=dict, help_text="Field -> column, counted from 0.")),
                (
                    "signature",
                    models.CharField(
                        blank=True, help_text="What tells this layout of columns from others.", max_length=64
                    ),
                ),
                ("uploaded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("recorded_at", models.DateTimeField(null=True)),
                ("result", models.JSONField(null=True)),
                (
                    "imported",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="upload",
                        to="training.completionimport",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["signature"], name="completion_upload_layout")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("imported__isnull", True), ("recorded_at__isnull", True), ("result__isnull", True)
                            ),
                            models.Q(("recorded_at__isnull", False), ("result__isnull", False)),
                            _connector="OR",
                        ),
                        name="completion_upload_recorded_has_result",
                    )
                ],
            },
        ),
        append_only("training_statement"),
    ]
