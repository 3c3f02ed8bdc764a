"""The settings of every process. Values come from the environment; README.md lists them under "Configure it".

Settings never start a process. Without DEBUG a missing value stops the start and is named.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from . import logs, mail_server
from .environment import Environment
from .schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

DEVELOPMENT = env.flag("DEBUG")
# Django's own DEBUG shows tracebacks to whoever makes an error, without our headers: only if asked.
DEBUG = DEVELOPMENT and env.flag("TRACEBACKS")


def _required(name: str, default: str, why: str) -> str:
    return env.text(name, default) if DEVELOPMENT else env.required(name, why)


# ── Where we are ────────────────────────────────────────────────────────────────────────────────────────────
PUBLIC_URL = _required("PUBLIC_URL", "http://localhost:8000", "the https address under which people reach us.")
PUBLIC_URL = PUBLIC_URL.rstrip("/")
_public = urlsplit(PUBLIC_URL)
if not DEVELOPMENT and _public.scheme != "https":
    raise ImproperlyConfigured(f"PUBLIC_URL is {PUBLIC_URL!r}; outside DEBUG it must begin with https://.")
if not _public.hostname or _public.path:
    raise ImproperlyConfigured(f"PUBLIC_URL is {PUBLIC_URL!r}; give scheme and host only, as https://app.example.com.")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or [
    _public.hostname,
    *(["localhost", "127.0.0.1"] if DEVELOPMENT else []),
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# ── Secrets ─────────────────────────────────────────────────────────────────────────────────────────────────
SECRET_KEY = _required("SECRET_KEY", "", "it signs cookies and forms.") or get_random_secret_key()
# "id:base64,…": the first key wraps, all unwrap. See installations.credentials.vault.
ENCRYPTION_KEYS = env.text_or_file("ENCRYPTION_KEYS", "ENCRYPTION_KEYS_FILE")
if not ENCRYPTION_KEYS and not DEVELOPMENT:
    raise ImproperlyConfigured(
        "ENCRYPTION_KEYS is not set (nor ENCRYPTION_KEYS_FILE): tokens are never stored unencrypted. "
        "Make one: DEBUG=1 python manage.py make_encryption_key"
    )

# ── HubSpot ─────────────────────────────────────────────────────────────────────────────────────────────────
HUBSPOT_CLIENT_ID = env.text("HUBSPOT_CLIENT_ID")
HUBSPOT_CLIENT_SECRET = env.text("HUBSPOT_CLIENT_SECRET")
# Accepted beside the current one while a secret is being rotated; webhooks signed with either pass.
HUBSPOT_CLIENT_SECRET_PREVIOUS = env.text("HUBSPOT_CLIENT_SECRET_PREVIOUS")
HUBSPOT_APP_ID = env.whole_number("HUBSPOT_APP_ID", 0)
# HubSpot's webhooks journal tells of uninstalls. An app that may not read it notices them a few minutes later.
HUBSPOT_JOURNAL = env.flag("HUBSPOT_JOURNAL", default=True)
# Only `manage.py hubspot_subscriptions --sync` needs it, and only for a legacy app: it configures the app itself.
HUBSPOT_DEVELOPER_API_KEY = env.text("HUBSPOT_DEVELOPER_API_KEY")
# Asked for at install. `oauth` is the app's only required scope; the others are conditionally required,
# so that signing in can ask for `oauth` alone.
HUBSPOT_SCOPES = env.words(
    "HUBSPOT_SCOPES",
    "oauth crm.objects.contacts.read crm.objects.companies.read crm.objects.deals.read tickets crm.objects.owners.read",
)
HUBSPOT_OPTIONAL_SCOPES = env.words("HUBSPOT_OPTIONAL_SCOPES")
# Where `manage.py hubspot_project` writes; when set, `manage.py check` compares the app at HubSpot with this one.
HUBSPOT_PROJECT_DIR = env.text("HUBSPOT_PROJECT_DIR")
# Whether staff may connect an account by the token of one of its private apps ("pat-…") instead of an install.
PRIVATE_APP_TOKENS = env.flag("PRIVATE_APP_TOKENS")
# Whether our app card may ask for a record's state, and show one page of ours inside HubSpot. See embedded.
HUBSPOT_APP_CARD = env.flag("HUBSPOT_APP_CARD")
if HUBSPOT_APP_CARD and not DEVELOPMENT and not (HUBSPOT_APP_ID and HUBSPOT_CLIENT_SECRET):
    raise ImproperlyConfigured(
        "HUBSPOT_APP_CARD is on, but HUBSPOT_APP_ID or HUBSPOT_CLIENT_SECRET is not set: "
        "they tell that a card is ours and that HubSpot asks."
    )
HUBSPOT_API_URL = env.text("HUBSPOT_API_URL", "https://api.hubapi.com").rstrip("/")
HUBSPOT_AUTHORIZE_URL = env.text("HUBSPOT_AUTHORIZE_URL", "https://app.hubspot.com/oauth/authorize")
HUBSPOT_API_VERSION = env.text("HUBSPOT_API_VERSION", "2026-03")

SWITCHES_SEEN_FOR_S = 1.0  # how old a process' knowledge of the kill switch may be
CALL_LOG_PAUSE_S = 1.0  # the call log is written this often, by a thread; 0: only when somebody flushes it

# What we aim at: so many of the minutes of all portals, no work of a portal waits longer than this for a worker.
QUEUE_AGE_SLO = env.share("QUEUE_AGE_PERCENT", 0.99)
QUEUE_AGE_SLO_S = {
    "URGENT": env.whole_number("QUEUE_AGE_URGENT_S", 30),
    "EVENTS": env.whole_number("QUEUE_AGE_EVENTS_S", 60),
    "ROUTING": env.whole_number("QUEUE_AGE_ROUTING_S", 60),
    "BULK": env.whole_number("QUEUE_AGE_BULK_S", 900),
}

# ── Stores ──────────────────────────────────────────────────────────────────────────────────────────────────
DATABASE_URL = _required("DATABASE_URL", "postgresql://localhost/hubapp", "PostgreSQL keeps everything.")
REDIS_URL = _required("REDIS_URL", "redis://localhost:6379/0", "Redis rings the doorbell and keeps the rate limits.")
_database = dj_database_url.parse(DATABASE_URL, conn_max_age=None, conn_health_checks=True)
if _database["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://; no other database is supported.")
# A hung statement or lock must end before HubSpot's or a person's patience does.
_limits = "-c statement_timeout=60000 -c lock_timeout=15000 -c idle_in_transaction_session_timeout=60000"
# The server cannot end what it does not hear of any more: these are for a host that vanished. Not for Unix sockets.
_alive = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_defaults = {"connect_timeout": 5, "options": _limits} | _alive
_database["OPTIONS"] = _defaults | dict(_database.get("OPTIONS") or {})
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Django ──────────────────────────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "hubapp",
    "embedded",
    "crm",
    "webhooks",
    "lanes",
    "installations",
    "hubapp.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
]
MIDDLEWARE = [
    "hubapp.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hubapp.probes.ProbesMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hubapp.staff.session.TwoSessionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hubapp.staff.visits.StaffVisitMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "installations.people.access.AccessMiddleware",
    "hubapp.tracebacks.TracebackMiddleware",
]
DEFAULT_EXCEPTION_REPORTER = "hubapp.tracebacks.ScrubbedReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "hubapp.tracebacks.NamesOnly"
ROOT_URLCONF = "hubapp.urls"
WSGI_APPLICATION = "hubapp.wsgi.application"
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
            ],
        },
    }
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["hubapp.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEVELOPMENT  # else what `manage.py collectstatic` has put together
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# ── Sessions, cookies, headers ──────────────────────────────────────────────────────────────────────────────
SESSION_ENGINE = "hubapp.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not DEVELOPMENT
SESSION_COOKIE_NAME = "hubapp_session" if DEVELOPMENT else "__Host-hubapp_session"
STAFF_SESSION_COOKIE_NAME = "hubapp_staff" if DEVELOPMENT else "__Host-hubapp_staff"  # see hubapp.staff.session
CSRF_COOKIE_NAME = "hubapp_csrf" if DEVELOPMENT else "__Host-hubapp_csrf"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from HubSpot
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
MESSAGE_COOKIE_NAME = "hubapp_messages" if DEVELOPMENT else "__Host-hubapp_messages"
MESSAGE_STORAGE = "hubapp.staff.session.message_storage"
SESSION_COOKIE_AGE = 8 * 3600  # of browsers in which nobody signed in; for the others see installations.models.Visit
# The proxy in front speaks https and sets this header; without one it must not be trusted.
BEHIND_TLS_PROXY = env.flag("BEHIND_TLS_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEVELOPMENT
SECURE_REFERRER_POLICY = "same-origin"  # "no-referrer" makes browsers send forms with Origin: null, refused as forged
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# ── Staff: see hubapp.staff ─────────────────────────────────────────────────────────────────────────────────
STAFF_MFA_REQUIRED = not DEVELOPMENT
AUTHENTICATION_BACKENDS = ["hubapp.staff.adapters.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_ADAPTER = "hubapp.staff.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # also says that signing in takes a password
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False  # a session ends with the browser
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/300s/key", "reauthenticate": "10/m/user"}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_TLS_PROXY else 0  # whose address counts as the client's
MFA_ADAPTER = "hubapp.staff.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = f"hubapp ({_public.hostname})"
MFA_TOTP_TOLERANCE = (
    1  # the code before and the one after are taken too, once each: people type, and clocks differ (RFC 6238, 5.2)
)
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses of staff are only for display
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "hubapp_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # so many that nobody makes room by trying names
    }
}

# ── Celery: messages say only "look now"; PostgreSQL holds the work ─────────────────────────────────────────
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # a lost doorbell costs nothing, one delivered twice costs a look
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 10,
}
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = SCHEDULE

# ── Logs: see hubapp.logs ───────────────────────────────────────────────────────────────────────────────────
LOG_JSON = not DEVELOPMENT or env.flag("LOG_JSON")
LOGGING = logs.configuration(as_json=LOG_JSON)

# ── E-mail: see installations.outbox ────────────────────────────────────────────────────────────────────────
_mail = mail_server.parse(env.text_or_file("EMAIL_URL", "EMAIL_URL_FILE") or ("console:" if DEVELOPMENT else "off:"))
MAIL_IS_ON = _mail.is_on
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _mail.backend, _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.use_tls, _mail.use_ssl
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"hubapp@{_public.hostname}")

# ── Metrics: open to this machine, and to whoever sends "Authorization: Bearer <token>" ─────────────────────
METRICS_TOKEN = env.text("METRICS_TOKEN")
