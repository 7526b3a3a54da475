import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from audit.guards import append_only, ended_once


class Migration(migrations.Migration):
    dependencies = [
        ("designation", "0013_lists"),
        ("audit", "0002_ledger"),
    ]

    operations = [
        migrations.AlterField(
            model_name="inapponly",
            name="kind",
            field=models.CharField(
                choices=[
                    ("needs_me", "Something needs me"),
                    ("decided", "Decided"),
                    ("comments", "Comments and files"),
                    ("due", "Due soon and late"),
                    ("digest", "Daily digest"),
                    ("training", "Training and disputes"),
                    ("exports", "Exports"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                ("author_name", models.CharField(help_text="As recorded then.", max_length=160)),
                ("author_agency", models.CharField(max_length=10)),
                (
                    "author_role",
                    models.CharField(
                        choices=[
                            ("coordinator", "HSI coordinator"),
                            ("hsi_hq", "HSI headquarters"),
                            ("dea_field", "DEA field reviewer"),
                            ("dea_hq", "DEA headquarters reviewer"),
                            ("training_manager", "Training manager"),
                            ("auditor", "Auditor"),
                            ("operator", "Operator"),
                            ("supervisor", "Supervisor"),
                        ],
                        help_text="By which he could say it.",
                        max_length=20,
                    ),
                ),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="comments", to="designation.request"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="RequestFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("content_type", models.CharField(max_length=100)),
                ("content", models.BinaryField()),
                ("size", models.PositiveIntegerField(help_text="Bytes.")),
                ("sha256", models.CharField(max_length=64)),
                ("added_by_name", models.CharField(help_text="As recorded then.", max_length=160)),
                ("added_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("added_by_agency", models.CharField(max_length=10)),
                (
                    "added_by_role",
                    models.CharField(
                        choices=[
                            ("coordinator", "HSI coordinator"),
                            ("hsi_hq", "HSI headquarters"),
                            ("dea_field", "DEA field reviewer"),
                            ("dea_hq", "DEA headquarters reviewer"),
                            ("training_manager", "Training manager"),
                            ("auditor", "Auditor"),
                            ("operator", "Operator"),
                            ("supervisor", "Supervisor"),
                        ],
                        max_length=20,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_by_name", models.CharField(blank=True, max_length=160)),
                ("withdrawn_why", models.TextField(blank=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="designation.comment",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="files", to="designation.request"
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("author_name__regex", "\\S"), ("author_role__regex", "\\S"), ("text__regex", "\\S")
                ),
                name="comment_says_something_and_who",
            ),
        ),
        migrations.AddConstraint(
            model_name="requestfile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=("request", "sha256"),
                name="request_file_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="requestfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gt", 0), ("size__lte", 10485760)), name="request_file_size_allowed"
            ),
        ),
        migrations.AddConstraint(
            model_name="requestfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("withdrawn_at__isnull", True),
                        ("withdrawn_by__isnull", True),
                        ("withdrawn_by_name", ""),
                        ("withdrawn_why", ""),
                    ),
                    models.Q(
                        ("withdrawn_at__isnull", False),
                        ("withdrawn_by__isnull", False),
                        ("withdrawn_by_name__regex", "\\S"),
                        ("withdrawn_why__regex", "\\S"),
                    ),
                    _connector="OR",
                ),
                name="request_file_withdrawn_by_somebody",
            ),
        ),
        append_only("designation_comment"),
        ended_once(
            "designation_requestfile",
            fixed=(
                "id",
                "request_id",
                "comment_id",
                "name",
                "content_type",
                "content",
                "size",
                "sha256",
                "added_by_id",
                "added_by_name",
                "added_by_agency",
                "added_by_role",
                "added_at",
            ),
            ended_at="withdrawn_at",
        ),
    ]
