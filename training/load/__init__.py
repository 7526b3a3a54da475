"""Invented training by the million completions, made by the database itself beside the invented requests."""
