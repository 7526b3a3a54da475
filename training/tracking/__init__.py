"""Who has completed what is required of whom: the rule, the counts kept of it, its figures and files."""
