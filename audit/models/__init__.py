from audit.models.calendar import Calendar, CalendarDay, Closure
from audit.models.goals import Goal
from audit.models.ledger import AccessRecord, StageVisit, StepEvent

__all__ = ["AccessRecord", "Calendar", "CalendarDay", "Closure", "Goal", "StageVisit", "StepEvent"]
