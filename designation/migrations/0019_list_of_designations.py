from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """The end of the terms of one office, and the live ones, few among all that have ended, by number."""

    dependencies = [("designation", "0018_lists_of_the_settings")]

    operations = [
        migrations.AddIndex(
            model_name="designation",
            index=models.Index(fields=["office", "valid_until", "id"], name="designation_office_by_end"),
        ),
        migrations.AddIndex(
            model_name="designation",
            index=models.Index(
                fields=["-id"], name="designation_live_newest", condition=Q(state__in=("active", "suspended"))
            ),
        ),
    ]
