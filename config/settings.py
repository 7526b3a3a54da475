"""Settings for development and tests; `config.settings_production` hardens them.

Every value that differs between machines comes from the environment.
"""

from datetime import time
from pathlib import Path

import environ
from csp.constants import NONE, SELF

from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env("SECRET_KEY", default="development-only-key-never-used-in-production-settings")
# Demo data and demo users, with their printed passwords, may be made here.
DEMO = env.bool("DEMO", default=DEBUG)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

DATABASES = {"default": env.db_url_config(embedded.database_url())}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Test runs beside each other take databases of their own.
DATABASES["default"]["TEST"] = {"NAME": f"test_title21{env('TEST_DB_SUFFIX', default='')}"}
if "host" in DATABASES["default"].get("OPTIONS", {}):  # a socket's folder; `dbshell` knows HOST only
    DATABASES["default"]["HOST"] = DATABASES["default"]["OPTIONS"].pop("host")
REDIS_URL = embedded.redis_url()

INSTALLED_APPS = [
    "audit",
    "designation",
    "training",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.NoNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "config.middleware.OwnPasswordMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.page",
            ],
            "libraries": {"title21": "config.templatetags.title21"},
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
# Whether pages carry the banner of government sites; only for a .gov or .mil address.
OFFICIAL_SITE = env.bool("OFFICIAL_SITE", default=False)

AUTH_USER_MODEL = "designation.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AXES_VERBOSE = False
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked_out.html"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "America/New_York"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]

# Nothing inline, nothing from elsewhere: pages and admin alike.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = 8 * 60 * 60  # one working day, in seconds
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # a bulk decision posts one field per request

# Where people find the pages, for the links in mail.
SITE_URL = env("SITE_URL", default=f"http://127.0.0.1:{env('PORT', default='8000')}").rstrip("/")
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 30  # seconds
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="title21@localhost")

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    # What a lost broker or worker left unsent; a notice is otherwise sent as soon as its batch is committed.
    "send notices": {"task": "designation.tasks.send_notices", "schedule": 300.0},
    "remind": {"task": "designation.tasks.remind", "schedule": 900.0},
    "tend exports": {"task": "audit.tasks.tend_exports", "schedule": 30.0},
    "tend jobs": {"task": "audit.tasks.tend_jobs", "schedule": 30.0},
    "make scheduled exports": {"task": "audit.tasks.make_scheduled_exports", "schedule": 900.0},
    # Reports are exact without; with figures of closed periods at hand they take milliseconds.
    "summarise periods": {"task": "audit.tasks.summarise_periods", "schedule": 600.0},
    "escalate disputes": {"task": "training.tasks.escalate_disputes", "schedule": 900.0},
    # Exact without; with counts at hand the matrix of training takes milliseconds.
    "keep counts of training": {"task": "training.tasks.keep_counts", "schedule": 600.0},
    "expire designations": {"task": "designation.tasks.expire_designations", "schedule": 3600.0},
}

# Years that a designation lasts from the day of approval.
DESIGNATION_TERM_YEARS = 1
# Business hours past the due time after which the headquarters of the party on the clock is told.
DESIGNATION_ESCALATE_AFTER_HOURS = 16
# The local time from which the digest of a working day is sent.
DESIGNATION_DIGEST_FROM = time(7)
# The agreement under which requests are filed, by code.
DESIGNATION_AGREEMENT = "ICA-2009"
# Dotted paths of further checks that designation asks before a transition, as password validators are listed.
DESIGNATION_CHECKS: list[str] = ["training.checks.training_is_complete"]
# The lists whose filters, order and columns people keep as views: dotted paths of `designation.lists.kinds.ListKind`.
# One that AUDIT_LISTS has as “list of” its name is exported as shown.
DESIGNATION_LISTS = [
    "designation.lists.requests.REQUESTS",
    "designation.lists.designations.DESIGNATIONS",
    "designation.lists.agents.AGENTS",
    "training.lists.completions.COMPLETIONS",
]
# Dotted paths of what other apps show on the pages of a request, of an agent, and of an act on requests.
DESIGNATION_PANELS: dict[str, list[str]] = {
    "request": ["training.panels.standing.on_request", "training.panels.disputes.on_request"],
    "agent": ["training.panels.standing.on_agent"],
    "act": ["training.panels.standing.on_act"],
    "home": ["training.panels.waiting.on_home"],
}
# Dotted paths of what other apps say in a person's daily digest.
DESIGNATION_DIGEST_PARTS: list[str] = ["training.digest.training_due"]

# Dotted paths of what `load_reference` loads beside offices, agreements and the calendar.
REFERENCE_LOADERS = ["training.references.load"]
# Dotted paths of what `demo_data` and `generate_load` make beside requests and designations.
DEMO_MAKERS = ["training.demo.data.make"]
LOAD_MAKERS = ["training.load.data.make"]

# Roles whose users read and export processing times, each those of the rows that he may see.
AUDIT_REPORT_ROLES = ["auditor", "hsi_hq", "dea_hq", "coordinator", "dea_field", "training_manager"]
# The seconds after which a page of reports is stopped and says so.
AUDIT_REPORT_SECONDS = env.int("REPORT_SECONDS", default=20)
# The workflows that only some of these roles read; every other is read by all of them.
AUDIT_WORKFLOW_ROLES = {
    "request": ["auditor", "hsi_hq", "dea_hq", "coordinator", "dea_field"],
    "designation": ["auditor", "hsi_hq", "dea_hq", "coordinator", "dea_field"],
    "module version": ["auditor", "hsi_hq", "dea_hq", "training_manager"],
}
# Roles that also read reports on workflows of which only the ledger knows, as imported histories.
AUDIT_ANY_WORKFLOW_ROLES = ["auditor", "hsi_hq", "dea_hq"]
# Roles that set goals, and the parties for whose clocks each does; any of them sets one for a whole process.
AUDIT_GOAL_SETTERS = {"hsi_hq": ["HSI", "HSI and DEA"], "dea_hq": ["DEA", "HSI and DEA"]}
# The dimensions to whose values a goal can be limited.
AUDIT_GOAL_DIMENSIONS = ["kind", "priority"]
# The lists that are exported as shown, by what their export is called: dotted paths of what gives an
# `audit.exports.listing.Listed`.
AUDIT_LISTS = {
    "list of requests": "designation.lists.requests.listed",
    "list of designations": "designation.lists.designations.listed",
    "list of agents": "designation.lists.agents.listed",
    "list of completions": "training.lists.completions.listed",
}
# Dotted paths of what is called, in the same transaction, when an export is made or has failed: with it and its state.
AUDIT_EXPORT_ENDED = ["designation.notices.export_ended"]
# The same, when somebody ends another's scheduled export: with the schedule and who ended it.
AUDIT_SCHEDULE_ENDED = ["designation.notices.schedule_ended"]
# The same, when an export by schedule could not be delivered for the first time: with it and why.
AUDIT_DELIVERY_FAILED = ["designation.notices.delivery_failed"]
# Long acts that a worker does, by kind: dotted paths of classes as `audit.jobs.Kind`.
AUDIT_JOBS = {
    "requests": "designation.jobs.RequestActs",
    "designations": "designation.jobs.DesignationActs",
    "roster": "designation.rosters.jobs.Filing",
    "completions": "training.completions.jobs.Recording",
    "completions taken back": "training.completions.jobs.TakingBack",
}
# Dotted paths of what is called, in the same transaction, when one has ended: with it and its state.
AUDIT_JOB_ENDED = ["designation.notices.job_ended"]
# Roles that see the long acts of everybody.
AUDIT_JOB_READERS = ["auditor"]
# Roles that have exports made by schedule.
AUDIT_SCHEDULERS = ["auditor"]

# Exports that were ordered wait here for their owners, readable by the account that runs the system alone. Web servers
# and workers on several hosts share the folder.
EXPORT_FOLDER = Path(env("EXPORT_FOLDER", default=str(BASE_DIR / "var" / "exports")))
EXPORT_KEPT_DAYS = env.int("EXPORT_KEPT_DAYS", default=7)
# Where exports by schedule are put, each in a folder of its own under it.
EXPORT_DELIVERY_FOLDER = Path(env("EXPORT_DELIVERY_FOLDER", default=str(BASE_DIR / "var" / "deliveries")))
# Mailboxes that exports are sent to: those of users, and all of these domains.
EXPORT_MAIL_DOMAINS = env.list("EXPORT_MAIL_DOMAINS", default=[])
EXPORT_MAIL_BYTES = 10_000_000  # a larger file is not attached; the message says where it is

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"refusals": {"()": "config.logs.WithoutTraceOfRefusals"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["refusals"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
