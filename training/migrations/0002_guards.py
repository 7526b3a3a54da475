from django.db import migrations

from audit.guards import append_only, guard_states


class Migration(migrations.Migration):
    dependencies = [("training", "0001_initial"), ("audit", "0002_ledger")]

    operations = [
        guard_states("training_moduleversion", "module version"),
        guard_states("training_section", "module section"),
        guard_states("training_dispute", "dispute"),
        append_only("training_sectiontext"),
        append_only("training_completion"),
    ]
