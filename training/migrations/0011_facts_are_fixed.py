"""What is never edited or deleted by the code is not by anybody else either."""

from django.db import migrations

from audit.guards import ended_once, facts_fixed

FILE = ("name", "content_type", "content", "size", "sha256", "added_by_id", "added_by_name", "added_at")
ENDED_ONCE = {
    "training_signoff": (
        "cleared_at",
        ("section_id", "revision", "agency", "given_by_id", "given_by_name", "given_at"),
    ),
    "training_attachment": ("removed_at", ("section_id", *FILE)),
    "training_position": (
        "superseded_at",
        ("dispute_id", "agency", "text", "stated_by_id", "stated_by_name", "stated_at"),
    ),
    "training_proposal": ("answered_at", ("dispute_id", "agency", "text", "made_by_id", "made_by_name", "made_at")),
    "training_waiver": (
        "ended_on",
        (
            "module_id",
            "agent_id",
            "user_id",
            "granted_on",
            "until",
            "why",
            "granted_by_id",
            "granted_by_name",
            "granted_at",
        ),
    ),
    "training_completionimport": (
        "taken_back_at",
        ("file_name", "sha256", "rows", "imported_by_id", "imported_by_name", "imported_at"),
    ),
}
REQUIREMENT = ("module_id", "audience", "blocks", "valid_months", "effective_from", "set_by_name", "why", "set_at")


class Migration(migrations.Migration):
    dependencies = [("training", "0010_proposals_answered_by")]

    operations = [
        *(ended_once(table, fixed=("id", *fixed), ended_at=end) for table, (end, fixed) in ENDED_ONCE.items()),
        # Its end can be brought forward.
        facts_fixed("training_requirement", fixed=("id", *REQUIREMENT)),
    ]
