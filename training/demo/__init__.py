"""What is invented of training for demonstration: modules, disputes, requirements, completions. None of it is real."""
