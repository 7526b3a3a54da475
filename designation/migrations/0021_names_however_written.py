from django.db import migrations, models
from django.db.models.functions import Collate

import designation.models.names

# Decomposed, a letter stands before its accents (U+0300 to U+036F). Under the collation “C” lower() knows ASCII alone,
# so that the accents go first.
FOLDED = r"""
CREATE FUNCTION designation_folded(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(lower(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g')), '’', '''')
$$;
"""


def by_beginning(field, name):
    return models.Index(Collate(designation.models.names.Folded(field), "C"), name=name)


class Migration(migrations.Migration):
    dependencies = [("designation", "0020_notices_of_designations")]

    operations = [
        migrations.RunSQL(FOLDED, "DROP FUNCTION designation_folded"),
        migrations.AddIndex("agent", by_beginning("last_name", "agent_last_name_folded")),
        migrations.AddIndex("agent", by_beginning("first_name", "agent_first_name_folded")),
        migrations.AddIndex("agent", by_beginning("badge_number", "agent_badge_folded")),
        migrations.AddIndex("agent", by_beginning("email", "agent_email_folded")),
        # Until it is looked at, PostgreSQL knows nothing of what an expression comes to.
        migrations.RunSQL("ANALYZE designation_agent", migrations.RunSQL.noop),
    ]
