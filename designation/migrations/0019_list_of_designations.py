from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """The list of designations by first day and by last day: of all, of one office, and of the few that are live."""

    dependencies = [("designation", "0018_lists_of_the_settings")]

    operations = [
        migrations.AddIndex(
            model_name="designation",
            index=models.Index(fields=["office", "valid_until", "id"], name="designation_office_by_end"),
        ),
        migrations.AddIndex(
            model_name="designation",
            index=models.Index(fields=["valid_from", "id"], name="designation_by_start"),
        ),
        migrations.AddIndex(
            model_name="designation",
            index=models.Index(fields=["office", "valid_from", "id"], name="designation_office_by_start"),
        ),
        migrations.AddIndex(
            model_name="designation",
            index=models.Index(
                fields=["valid_from", "id"],
                name="designation_live_by_start",
                condition=Q(state__in=("active", "suspended")),
            ),
        ),
    ]
