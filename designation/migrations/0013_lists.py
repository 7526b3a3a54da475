from django.db import migrations, models
from django.db.models import Q

OPEN_STATES = ("draft", "hsi_review", "dea_intake", "field_review", "dea_decision", "returned")


class Migration(migrations.Migration):
    """The orders and the common filters of the long lists."""

    dependencies = [("designation", "0012_in_app_only")]

    operations = [
        migrations.AddIndex(
            model_name="request", index=models.Index(fields=["office", "-id"], name="request_office_newest")
        ),
        migrations.AddIndex(
            model_name="request", index=models.Index(fields=["division", "-id"], name="request_division_newest")
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(fields=["-id"], name="request_open_newest", condition=Q(state__in=OPEN_STATES)),
        ),
        migrations.AddIndex(
            model_name="designation", index=models.Index(fields=["state", "-id"], name="designation_state_newest")
        ),
        migrations.AddIndex(
            model_name="designation", index=models.Index(fields=["office", "-id"], name="designation_office_newest")
        ),
        migrations.AddIndex(
            model_name="designation", index=models.Index(fields=["valid_until", "id"], name="designation_by_end")
        ),
        migrations.AddIndex(
            model_name="agent",
            index=models.Index(fields=["last_name", "first_name", "badge_number"], name="agent_name"),
        ),
    ]
