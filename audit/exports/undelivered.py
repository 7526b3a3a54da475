"""Why an export was not delivered: in words for its owner, and for the log without what is personal."""

from __future__ import annotations

import errno
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from audit.models import ScheduledExport

TRIED_AGAIN = "It is tried again every 15 minutes."
ASK_THE_OPERATOR = "Ask the operator of this system to mend that, or end the schedule and make one for another folder."
WHY_NOT = {
    errno.EEXIST: "a file of that name is there",
    errno.ENOTDIR: "a file is there where a folder was expected",
    errno.EACCES: "this system has no right to write there",
    errno.EPERM: "this system has no right to write there",
    errno.EROFS: "its disk can only be read",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EISDIR: "a folder is there where the file is to be",
}


def in_words(error: Exception, schedule: ScheduledExport) -> str:
    """What failed and what to do. Errors of this system's own, which are no OSErrors, say so themselves."""
    if not isinstance(error, OSError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "The file that was made is not there any more. Have it made again, under Processing times."
    if schedule.folder:
        return f"{_of_folder(error, schedule.folder)} {TRIED_AGAIN}"
    return f"{_of_mail(error)} {TRIED_AGAIN}"


def _of_folder(error: OSError, folder: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk for deliveries is full. Ask the operator of this system to make room."
    why = WHY_NOT.get(error.errno or 0, "the log of this system says why")
    return f"The folder “{folder}” cannot be written: {why}. {ASK_THE_OPERATOR}"


def _of_mail(error: OSError) -> str:
    if isinstance(error, SMTPRecipientsRefused):
        return "The mail server does not take mail for this mailbox. Make a schedule for another one, and end this."
    if isinstance(error, SMTPResponseException):
        return f"The mail server refused the message, with the code {error.smtp_code}."
    if isinstance(error, SMTPException):
        return "The mail server broke off. Ask the operator of this system if that goes on."
    return "The mail server cannot be reached. Ask the operator of this system if that goes on."


def for_the_log(error: Exception, schedule: ScheduledExport) -> str:
    """An error of the folder as it is; of mail, which may name persons, its kind and the server's code."""
    if schedule.folder:
        return repr(error)
    code = f" {error.smtp_code}" if isinstance(error, SMTPResponseException) else ""
    return f"{type(error).__name__}{code}"
