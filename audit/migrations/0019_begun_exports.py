"""An export that is being made knows the record that says so: it was looked for among all records of access."""

import django.db.models.deletion
from django.db import migrations, models

# What is being made while this is run is taken up by workers of the next release.
BEGUN = """
UPDATE audit_exportfile AS file SET begun_id = (
    SELECT max(record.id) FROM audit_accessrecord AS record
    WHERE record.at >= file.ordered_at AND record.parameters ->> 'export' = file.key::text
      AND record.act = 'export ' || file.what || ': begin'
) WHERE state = 'running'
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0018_accesses_of_the_command_line")]

    operations = [
        migrations.AddField(
            model_name="exportfile",
            name="begun",
            field=models.ForeignKey(
                db_index=False,
                help_text="What says that the running attempt began, until its end is on record too.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="audit.accessrecord",
            ),
        ),
        migrations.RunSQL(BEGUN, migrations.RunSQL.noop),
    ]
