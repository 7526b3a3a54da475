"""What counts as a reason: something that can be read."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms

# By Unicode category: separators, control and format characters, and marks, which show on another character alone.
UNSEEN = {"Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Me"}
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a symbol by category, though nothing of them shows


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: it is empty, or of blanks and invisible characters alone."""
    return all(unicodedata.category(character) in UNSEEN or character in FILLERS for character in text)


class VisibleTextField(forms.CharField):
    """Text of which something can be seen; any other is as if nothing were entered."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return self.empty_value if text and is_blank(text) else text
