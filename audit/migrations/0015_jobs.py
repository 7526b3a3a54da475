import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from audit.guards import append_only, ended_once

ORDERED = ("key", "owner_id", "owner_name", "ordered_at", "kind", "about", "title", "parameters", "path", "back")


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0014_position_in_a_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("owner_name", models.CharField(max_length=160)),
                (
                    "ordered_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Under way"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "heartbeat_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When its worker last said that it is alive.",
                    ),
                ),
                ("expected_rows", models.BigIntegerField(null=True)),
                ("rows", models.BigIntegerField(default=0)),
                ("ended_at", models.DateTimeField(null=True)),
                ("problem", models.TextField(blank=True, help_text="Why it failed.")),
                ("kind", models.CharField(help_text="Of settings.AUDIT_JOBS.", max_length=40)),
                (
                    "about",
                    models.CharField(
                        blank=True, help_text="The one thing that it is about, as “roster 12”.", max_length=60
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("parameters", models.JSONField(default=dict)),
                (
                    "path",
                    models.CharField(
                        help_text="The page that shows how far it is, and then what came of it.", max_length=200
                    ),
                ),
                ("back", models.TextField(blank=True, help_text="Where its owner came from.")),
                ("done_rows", models.BigIntegerField(default=0)),
                ("refused_rows", models.BigIntegerField(default=0)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="JobPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveIntegerField(help_text="From 0.")),
                ("done", models.JSONField(default=list, help_text="Primary key and number of each row.")),
                ("refused", models.JSONField(default=list, help_text="Number of each row, and why.")),
                ("kept", models.JSONField(default=dict, help_text="What else the job needs at its end.")),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="audit.job"
                    ),
                ),
            ],
            options={
                "ordering": ["place"],
            },
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["owner", "-id"], name="job_by_owner"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("about", ""), _negated=True), fields=["about", "-id"], name="job_by_what"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("state__in", ("waiting", "running"))),
                fields=["heartbeat_at"],
                name="job_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("waiting", "running")), models.Q(("about", ""), _negated=True)),
                fields=("about",),
                name="job_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="jobpart",
            constraint=models.UniqueConstraint(fields=("job", "place"), name="jobpart_once"),
        ),
        ended_once("audit_job", fixed=ORDERED, ended_at="ended_at"),
        append_only("audit_jobpart"),
    ]
