from django.db import migrations

# Most instants of a week lie before opening or on closed days; only for the others is the time since opening worked out.
POSITION = """
CREATE OR REPLACE FUNCTION audit_business_position(
    at timestamptz, opens_at timestamptz, closes_at timestamptz, cumulative_seconds bigint
) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN at <= opens_at OR closes_at = opens_at THEN cumulative_seconds
        ELSE cumulative_seconds + floor(date_part('epoch', least(at, closes_at) - opens_at))::bigint
    END
$$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION audit_business_position(
    at timestamptz, opens_at timestamptz, closes_at timestamptz, cumulative_seconds bigint
) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT cumulative_seconds
         + floor(date_part('epoch', least(greatest(at, opens_at), closes_at) - opens_at))::bigint
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0013_present_stays_in_order")]

    operations = [migrations.RunSQL(POSITION, BEFORE)]
