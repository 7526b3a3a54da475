"""An end that is on record is brought forward, never put off or taken away: people were told of it, and judged by it."""

from django.db import migrations

ENDS_SOONER_ONLY = migrations.RunSQL(
    sql="""
    CREATE TRIGGER training_requirement_ends_sooner_only BEFORE UPDATE ON training_requirement
        FOR EACH ROW WHEN (
            OLD.effective_until IS NOT NULL
            AND (NEW.effective_until IS NULL OR NEW.effective_until >= OLD.effective_until)
        ) EXECUTE FUNCTION audit_refuse_change();
    """,
    reverse_sql="DROP TRIGGER training_requirement_ends_sooner_only ON training_requirement;",
)


class Migration(migrations.Migration):
    dependencies = [("training", "0011_facts_are_fixed")]

    operations = [ENDS_SOONER_ONLY]
