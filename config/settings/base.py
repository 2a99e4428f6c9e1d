"""What every set-up shares. Secrets, hosts and addresses come from the overlays."""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent.parent

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "config",
    "audit",
    "accounts",
    "riskmodel",
    "triage",
    "counselling",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
SESSION_COOKIE_NAME = "staff_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "staff_csrf"
CSRF_FAILURE_VIEW = "config.errors.no_csrf_token"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Triage chat API",
    "DESCRIPTION": "Conversations, messages, alerts, takeovers, screenings, reviews and audit entries of one clinic.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    # Two answers of the API have this state, so neither can lend it a name.
    "ENUM_NAME_OVERRIDES": {"ScreeningStateEnum": "triage.models.ScreeningState"},
}

# Celery: late acknowledgement, because every task is a sweep over rows and safe to run twice.
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "escalate": {"task": "counselling.tasks.escalate_alerts", "schedule": 5.0},
    "heartbeat": {"task": "config.tasks.worker_heartbeat", "schedule": 10.0},
    "close-idle": {"task": "triage.tasks.close_idle_conversations", "schedule": 300.0},
    "shadow": {"task": "triage.tasks.shadow_score", "schedule": 10.0},
    "check-ins": {"task": "triage.tasks.send_check_ins", "schedule": 60.0},
    "missed-check-ins": {"task": "triage.tasks.mark_missed_check_ins", "schedule": 300.0},
    # Each week is reported once. Asked every day, so that a worker that was away on a Monday misses none.
    "drift": {"task": "triage.tasks.report_drift", "schedule": 86_400.0},
    "end-shifts": {"task": "counselling.tasks.end_unseen_shifts", "schedule": 60.0},
    "checkpoint": {"task": "audit.tasks.write_checkpoint", "schedule": 3600.0},
    "forget-sign-ins": {"task": "accounts.tasks.forget_old_sign_ins", "schedule": 86_400.0},
}
# Celery's pool of threads knows no time limits; the database's limits end what hangs (config/settings/databases.py).
# A tick that nobody took before the next one is worth nothing, so a worker that comes back finds no heap of them.
for _tick in CELERY_BEAT_SCHEDULE.values():
    _tick["options"] = {"expires": _tick["schedule"]}
WORKER_HEARTBEAT_STALE_SECONDS = 60

# Notes to clients who asked for them. The default set-up prints them on the console and sends none.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
EMAIL_TIMEOUT = 5  # seconds; less than a transaction may be idle
DEFAULT_FROM_EMAIL = "notes@example.invalid"
PUBLIC_URL = "http://127.0.0.1:8000"
SENDS_MAIL = True

# Limits of the client socket. A person cannot type this fast; a script is told so.
CLIENT_FRAMES_PER_SECOND = 5.0
CLIENT_FRAMES_BURST = 20
CLIENT_TEXT_LIMIT = 4000
CLIENT_STARTS_PER_MINUTE = 30
CLIENT_SESSION_HOURS = 24
API_REQUESTS_PER_MINUTE = 600
CLIENT_HELLO_SECONDS = 10.0
CLIENT_HEARTBEAT_SECONDS = 15.0
DESK_POLL_SECONDS = 2.0
SCORE_TIMEOUT_SECONDS = 2.0
RISK_SCORER = "riskmodel.score"
DOMAIN_THREADS = 8
IDLE_CLOSE_HOURS = 24

DEMONSTRATION = False
REHEARSAL_NEEDS_TOKEN = True

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
        # uvicorn brings handlers of its own, which would print exceptions with their messages.
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # uvicorn's access log would hold return links and addresses of clients.
        "uvicorn.access": {"handlers": [], "propagate": False},
    },
}
