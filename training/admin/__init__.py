"""What of training is in the admin."""

from training.admin import learning_systems, modules

__all__ = ["learning_systems", "modules"]
