from audit.models.calendar import Calendar, CalendarDay, Closure
from audit.models.exports import ExportFile, ScheduledExport
from audit.models.goals import EarlierEnd, Goal
from audit.models.jobs import Job, JobPart
from audit.models.ledger import AccessRecord, StageVisit, StepEvent, present_stay
from audit.models.summaries import PeriodFigures, SummarisedPeriod

__all__ = [
    "AccessRecord",
    "Calendar",
    "CalendarDay",
    "Closure",
    "EarlierEnd",
    "ExportFile",
    "Goal",
    "Job",
    "JobPart",
    "PeriodFigures",
    "ScheduledExport",
    "StageVisit",
    "StepEvent",
    "SummarisedPeriod",
    "present_stay",
]
