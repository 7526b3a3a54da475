"""When a person last looked at his home page."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, models

from designation.models.people import User

# Who comes back after so long begins a new visit; a page loaded again before that shows the same as it did.
VISIT_ENDS_AFTER = timedelta(minutes=30)

VISIT = """
INSERT INTO designation_homevisit AS visit (user_id, seen_until, looked_at)
VALUES (%(user)s, statement_timestamp(), statement_timestamp())
ON CONFLICT (user_id) DO UPDATE SET
    seen_until = CASE WHEN visit.looked_at < statement_timestamp() - make_interval(secs => %(ends_after)s)
                      THEN visit.looked_at ELSE visit.seen_until END,
    looked_at = statement_timestamp()
RETURNING seen_until
"""


class HomeVisitManager(models.Manager["HomeVisit"]):
    def look(self, user: User) -> datetime:
        """Puts on record that the user looks now; until when he has seen what changed. One statement."""
        with connection.cursor() as cursor:
            cursor.execute(VISIT, {"user": user.pk, "ends_after": VISIT_ENDS_AFTER.total_seconds()})
            found: datetime = cursor.fetchone()[0]
        return found

    def mark_seen(self, user: User) -> None:
        """All that changed until now is seen."""
        now = models.functions.Now()
        self.update_or_create(user=user, defaults={"seen_until": now, "looked_at": now})


class HomeVisit(models.Model):
    """One person's last look. A new visit begins when he was away for a while: then what he saw last counts as seen."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    seen_until = models.DateTimeField(help_text="What changed later is shown as new.")
    looked_at = models.DateTimeField()

    objects = HomeVisitManager()

    def __str__(self) -> str:
        return f"{self.user}: {self.looked_at}"
