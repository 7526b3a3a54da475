from django.db import migrations, models

# Figures were kept without the cases that ended with their first step; deleting what is kept loses nothing.
FORGET = """
DELETE FROM audit_periodfigures;
DELETE FROM audit_summarisedperiod;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_records_say_who_and_why")]

    operations = [
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="periodfigures",
            name="measure",
            field=models.CharField(help_text="process, party, stage, filed, or unclocked.", max_length=10),
        ),
    ]
