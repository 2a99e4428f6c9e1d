"""Production: everything secret comes from the environment, and nothing starts without it."""

import base64
import binascii
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.databases import broker_url, channel_layer, database


def _needed(name: str, meaning: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {meaning}. See docs/operation.md.")
    return value


def _key(name: str, value: str) -> str:
    try:
        raw = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ImproperlyConfigured(f"{name} is not base64") from error
    if len(raw) != 32:
        raise ImproperlyConfigured(f"{name} must be 32 bytes in base64, it is {len(raw)} bytes")
    return value


SECRET_KEY = _needed("SECRET_KEY", "at least 50 random characters")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters")
ALLOWED_HOSTS = [host.strip() for host in _needed("ALLOWED_HOSTS", "the host names, separated by commas").split(",")]
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts; * lets any site in")
MESSAGE_KEYS = [
    _key("MESSAGE_KEYS", key.strip())
    for key in _needed(
        "MESSAGE_KEYS", "the key that encrypts messages, 32 bytes in base64; older keys after a comma"
    ).split(",")
]
AUDIT_SIGNING_KEY = _key(
    "AUDIT_SIGNING_KEY", _needed("AUDIT_SIGNING_KEY", "the Ed25519 seed that signs checkpoints, 32 bytes in base64")
)
AUDIT_CHECKPOINT_DIR = Path(_needed("AUDIT_CHECKPOINT_DIR", "a folder outside the database for signed checkpoints"))
DATABASES = {"default": database(_needed("DATABASE_URL", "postgresql://..."))}
REDIS_URL = _needed("REDIS_URL", "rediss://... or redis://...")
CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL)}
CELERY_BROKER_URL = broker_url(REDIS_URL)

DEBUG = False
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
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
