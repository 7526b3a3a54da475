from django.db import migrations

# A trigger before each row makes COPY write row by row; the same refusal after it leaves whole blocks to write.
TIMED_NOW = """
DROP TRIGGER audit_stepevent_timed_now ON audit_stepevent;
CREATE TRIGGER audit_stepevent_timed_now {0} INSERT ON audit_stepevent
    FOR EACH ROW WHEN (NEW.source = 'system') EXECUTE FUNCTION audit_step_is_timed_now();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0021_beginnings_of_clocks")]

    operations = [migrations.RunSQL(TIMED_NOW.format("AFTER"), TIMED_NOW.format("BEFORE"))]
