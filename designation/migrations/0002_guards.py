from django.db import migrations

from audit.guards import guard_states


class Migration(migrations.Migration):
    dependencies = [("designation", "0001_initial"), ("audit", "0002_ledger")]

    operations = [
        guard_states("designation_request", "request"),
        guard_states("designation_designation", "designation"),
    ]
