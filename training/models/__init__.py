from training.models.completions import Completion, CompletionImport, LearningSystem
from training.models.disputes import About, Dispute, Level, Position, Proposal
from training.models.modules import Attachment, Module, ModuleVersion, Section, SectionText, SignOff
from training.models.requirements import Audience, Blocks, Requirement, Waiver

__all__ = [
    "About",
    "Attachment",
    "Audience",
    "Blocks",
    "Completion",
    "CompletionImport",
    "Dispute",
    "LearningSystem",
    "Level",
    "Module",
    "ModuleVersion",
    "Position",
    "Proposal",
    "Requirement",
    "Section",
    "SectionText",
    "SignOff",
    "Waiver",
]
