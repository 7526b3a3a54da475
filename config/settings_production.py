"""Settings for production: what must come from the environment is demanded, the rest is hardened.

Reads SECRET_KEY, ALLOWED_HOSTS, DATABASE_URL and REDIS_URL; fails at once, naming what is missing.
"""

import os

from django.core.exceptions import ImproperlyConfigured

REQUIRED = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL")
missing = [name for name in REQUIRED if not os.environ.get(name)]
if missing:
    # Before the import below, which would start embedded servers instead.
    raise ImproperlyConfigured(f"production needs these in the environment: {', '.join(missing)}")

from config.settings import *  # noqa: E402, F403 - only once the environment is known to be complete
from config.settings import ALLOWED_HOSTS, env  # noqa: E402

DEBUG = False
DEMO = False
SITE_URL = env("SITE_URL", default=f"https://{ALLOWED_HOSTS[0].lstrip('.')}").rstrip("/")
if env.bool("DEMO", default=False):
    raise ImproperlyConfigured("DEMO is set, but production has no demo data or demo users")

# Names of static files carry their hash, so that browsers may keep them for ever; collectstatic writes them.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 60 * 60)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The header by which the proxy in front says that a request came by TLS: HTTP_X_FORWARDED_PROTO=https.
# Only for a proxy that removes this header from what clients send.
if proxy_header := env("SECURE_PROXY_SSL_HEADER", default=""):
    SECURE_PROXY_SSL_HEADER = tuple(proxy_header.split("=", 1))
