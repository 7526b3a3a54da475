from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("designation", "0005_accounts_and_offices"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False, help_text="Counts the changes on record."),
        ),
        # Each request's page reads the changes of its agent; the log has an entry for every agent ever added.
        migrations.RunSQL(
            "CREATE INDEX designation_log_by_object ON django_admin_log (content_type_id, object_id)",
            "DROP INDEX designation_log_by_object",
        ),
    ]
