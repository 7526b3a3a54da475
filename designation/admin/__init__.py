"""The admin, where DEA reviews and operators keep users and offices."""

from designation.admin import designations, people, records, requests

__all__ = ["designations", "people", "records", "requests"]
