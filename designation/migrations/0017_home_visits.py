import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("designation", "0016_begun_filings"),
    ]

    operations = [
        migrations.CreateModel(
            name="HomeVisit",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("seen_until", models.DateTimeField(help_text="What changed later is shown as new.")),
                ("looked_at", models.DateTimeField()),
            ],
        ),
    ]
