from training.models.completions import (
    Completion,
    CompletionImport,
    CompletionReport,
    CompletionUpload,
    LearningSystem,
    Statement,
)
from training.models.disputes import About, Dispute, Level, Position, Proposal
from training.models.modules import Module
from training.models.requirements import Audience, Blocks, Requirement, Waiver
from training.models.sections import Attachment, Section, SectionText, SignOff
from training.models.tracking import OfficeChange, OfficeStanding
from training.models.versions import ModuleVersion

__all__ = [
    "About",
    "Attachment",
    "Audience",
    "Blocks",
    "Completion",
    "CompletionImport",
    "CompletionReport",
    "CompletionUpload",
    "Dispute",
    "LearningSystem",
    "Level",
    "Module",
    "ModuleVersion",
    "OfficeChange",
    "OfficeStanding",
    "Position",
    "Proposal",
    "Requirement",
    "Section",
    "SectionText",
    "SignOff",
    "Statement",
    "Waiver",
]
