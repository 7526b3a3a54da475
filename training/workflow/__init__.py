"""The only ways in which modules, disputes, requirements and completions change."""
