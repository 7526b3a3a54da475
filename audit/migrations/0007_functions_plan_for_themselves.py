from django.db import migrations

# Statements over whole tables are planned without nested loops (audit.exports.snapshot). Before PostgreSQL 18 that would
# reach into these functions, whose two look-ups of a day would then read the whole calendar for each row.
FUNCTIONS = [
    "audit_business_seconds(bigint, timestamptz, timestamptz)",
    "audit_business_add(bigint, timestamptz, bigint)",
]


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_summaries")]

    operations = [
        migrations.RunSQL(
            sql=f"ALTER FUNCTION {function} SET enable_nestloop = on",
            reverse_sql=f"ALTER FUNCTION {function} RESET enable_nestloop",
        )
        for function in FUNCTIONS
    ]
