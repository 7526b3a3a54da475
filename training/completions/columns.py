"""What learning-management systems call the columns of their exports, and how large one may be."""

from __future__ import annotations

from collections.abc import Mapping

from designation.sheets.headers import Vocabulary
from designation.sheets.kinds import FileKind
from training.completions.entries import Field

MAX_BYTES = 25 * 1024 * 1024
MAX_COMPLETIONS = 100_000

# Normalised names, the surest first.
_SYNONYMS = {
    Field.BADGE_NUMBER: "badge number, badge, badge id, shield number, credential number, agent number, agent id,"
    " employee number, employee id, employee identification number, personnel number, person number, learner id,"
    " id number",
    Field.EMAIL: "email, email address, work email, work email address, official email, government email, user email,"
    " learner email, student email, participant email, primary email, mail, smtp address",
    Field.USERNAME: "username, user name, user id, userid, login, login id, login name, network id, account",
    Field.MODULE: "module code, module, course code, course id, course number, course, training code, training id,"
    " item id, item code, activity code, activity id, learning object id, offering code, class code, curriculum id",
    Field.COMPLETED_ON: "completion date, completed on, date completed, completed, completed date, date of completion,"
    " completion date time, completed at, completion time, completion, finished on, finish date, end date,"
    " date finished, attempt date, transcript date, date",
    Field.RESULT: "result, completion status, status, outcome, pass fail, passed, passed failed, success status,"
    " success, completion result, grade status, item status, transcript status",
    Field.SCORE: "score, final score, score percent, percent score, test score, exam score, percentage, percent,"
    " quiz score, grade, final grade, points percent",
    Field.EVIDENCE: "evidence, certificate number, certificate, certificate id, certificate url, transcript id,"
    " credential url, reference, record id",
}
_NOT_NEEDED = (
    "number, row, row number, line, line number, last name, first name, name, full name, middle name, user, learner,"
    " learner name, student, student name, participant, employee, employee name, agent, agent name, office,"
    " field office, organization, organisation, department, division, region, location, duty station, job title, title,"
    " position, supervisor, manager, manager name, manager email, course title, course name, course description,"
    " module title, module name, training title, training name, item title, activity name, activity title, category,"
    " type, course type, delivery, delivery method, method, provider, instructor, version, revision, hours,"
    " credit hours, credits, duration, time spent, total time, enrollment date, enrolled on, registration date,"
    " assigned on, assigned date, start date, started on, date started, launch date, due date, expiration date,"
    " expires on, expiry date, attempts, attempt, attempt number, progress, progress percent, comments, notes, remarks,"
    " phone, phone number, country, state, city, active, user status"
)
_ROLE_WORDS = "agent agents learner student participant trainee special hsi dea"


def missing_fields(mapping: Mapping[Field, int]) -> list[str]:
    """The labels of the columns that a file must have and the mapping lacks."""
    told = any(field in mapping for field in (Field.BADGE_NUMBER, Field.EMAIL, Field.USERNAME))
    needed = [field.label for field in (Field.MODULE, Field.COMPLETED_ON) if field not in mapping]
    return needed if told else ["Badge number, e-mail or username", *needed]


COMPLETIONS = FileKind(
    noun="file",
    held="the completions",
    items="completions",
    max_bytes=MAX_BYTES,
    max_items=MAX_COMPLETIONS,
    max_rows=MAX_COMPLETIONS + 5_000,
    vocabulary=Vocabulary(_SYNONYMS, _NOT_NEEDED, _ROLE_WORDS),
    missing=missing_fields,
    badge=Field.BADGE_NUMBER,
    email=Field.EMAIL,
    # "Completed" and "Passed" are header names and what stands below one.
    also_cells=frozenset({Field.COMPLETED_ON, Field.RESULT}),
)
