from django.db import migrations

from audit.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_ledger"), ("designation", "0008_hired_on_and_notice_paths")]

    operations = [append_only("designation_reminder")]
