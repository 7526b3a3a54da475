import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("designation", "0011_look_up")]

    operations = [
        migrations.CreateModel(
            name="InAppOnly",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("needs_me", "Something needs me"),
                            ("decided", "Decided"),
                            ("due", "Due soon and late"),
                            ("digest", "Daily digest"),
                            ("training", "Training and disputes"),
                            ("exports", "Exports"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "kind"), name="in_app_only_once")],
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="in_app_only",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="No e-mail: so the recipient wanted when it was to be sent.",
            ),
        ),
        migrations.RemoveIndex(model_name="notice", name="notice_unsent"),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("in_app_only", False), ("sent_at__isnull", True)),
                fields=["id"],
                name="notice_unsent",
            ),
        ),
    ]
