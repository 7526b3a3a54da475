"""What must be fast, measured beside what it is compared with; docs/reference/benchmarks.md has the figures."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
