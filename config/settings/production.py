"""Production: everything secret comes from the environment, and nothing starts without it."""

import base64
import os
import re
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.databases import broker_url, channel_layer, database

_HOST = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\]", re.IGNORECASE)


def _needed(name: str, meaning: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {meaning}. See docs/operation.md.")
    return value


def _key(name: str, value: str) -> str:
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is not base64") from None
    if len(raw) != 32:
        raise ImproperlyConfigured(f"{name} must be 32 bytes in base64, it is {len(raw)} bytes")
    return value


def _host(name: str) -> str:
    if "*" in name:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts; * lets any site in")
    if not _HOST.fullmatch(name):
        raise ImproperlyConfigured("ALLOWED_HOSTS must be host names, separated by commas, without https:// or port")
    return name


def _database(url: str) -> dict[str, Any]:
    try:
        return database(url)
    except ValueError:
        # Not the error itself: it may quote the address with its password.
        raise ImproperlyConfigured("DATABASE_URL must be a postgresql:// address") from None


def _absolute(name: str, path: str) -> Path:
    if not os.path.isabs(path):
        raise ImproperlyConfigured(
            f"{name} must be an absolute path, or each process would write to a folder of its own"
        )
    return Path(path)


SECRET_KEY = _needed("SECRET_KEY", "at least 50 random characters")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10:
    raise ImproperlyConfigured("SECRET_KEY must have at least 50 random characters")
ALLOWED_HOSTS = [_host(host.strip()) for host in _needed("ALLOWED_HOSTS", "the host names, by commas").split(",")]
MESSAGE_KEYS = [
    _key("MESSAGE_KEYS", key.strip())
    for key in _needed(
        "MESSAGE_KEYS", "the key that encrypts messages, 32 bytes in base64; older keys after a comma"
    ).split(",")
]
AUDIT_SIGNING_KEY = _key(
    "AUDIT_SIGNING_KEY", _needed("AUDIT_SIGNING_KEY", "the Ed25519 seed that signs checkpoints, 32 bytes in base64")
)
AUDIT_CHECKPOINT_DIR = _absolute(
    "AUDIT_CHECKPOINT_DIR", _needed("AUDIT_CHECKPOINT_DIR", "a folder outside the database for signed checkpoints")
)
DATABASES = {"default": _database(_needed("DATABASE_URL", "postgresql://..."))}
REDIS_URL = _needed("REDIS_URL", "rediss://... or redis://...")
if not REDIS_URL.startswith(("rediss://", "redis://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must be a rediss://, redis:// or unix:// address")
CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL)}
CELERY_BROKER_URL = broker_url(REDIS_URL)

# All five or none: half a set-up would lose the notes that clients asked for. Without it no address is taken.
_MAIL = ("SMTP_HOST", "SMTP_USER", "SMTP_PASSWORD", "MAIL_FROM", "PUBLIC_URL")
SENDS_MAIL = any(os.environ.get(name, "").strip() for name in _MAIL)
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
if SENDS_MAIL:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _needed("SMTP_HOST", "the mail server, because other settings of mail are set")
    EMAIL_HOST_USER = _needed("SMTP_USER", "the account at the mail server")
    EMAIL_HOST_PASSWORD = _needed("SMTP_PASSWORD", "the password of the account at the mail server")
    DEFAULT_FROM_EMAIL = _needed("MAIL_FROM", "the neutral address that notes come from")
    PUBLIC_URL = _needed("PUBLIC_URL", "the https:// address at which clients reach the service").rstrip("/")
    if not PUBLIC_URL.startswith("https://"):
        raise ImproperlyConfigured("PUBLIC_URL must be an https:// address")
    EMAIL_PORT, EMAIL_USE_TLS = 587, True

DEBUG = False
# Readiness warns while a clinic's bot speaks on the sample approvals that ship.
WARN_OF_SAMPLE_CONTENT = True
# A leading dot stands for all names below; Django spells that differently here.
CSRF_TRUSTED_ORIGINS = [f"https://{'*' if host.startswith('.') else ''}{host}" for host in ALLOWED_HOSTS]
SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "true") != "false"
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-staff_session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-staff_csrf"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_storage.HashedStorage"},
}
