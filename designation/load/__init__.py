"""Invented requests by the million, made by the database itself, to see how the system bears many years."""
