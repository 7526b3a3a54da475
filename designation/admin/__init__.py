"""The admin, where DEA reviews and operators keep users and offices."""

from designation.admin import designations, keys, people, records, requests

__all__ = ["designations", "keys", "people", "records", "requests"]
