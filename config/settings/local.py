"""The default set-up of `make run`: own services on Unix sockets, bound to 127.0.0.1, demonstration clinic."""

import os

from config import home
from config.settings.base import *  # noqa: F403
from config.settings.databases import broker_url, channel_layer, database

_secrets = home.secrets()
SECRET_KEY = _secrets["SECRET_KEY"]
AUDIT_SIGNING_KEY = _secrets["AUDIT_SIGNING_KEY"]
MESSAGE_KEYS = _secrets["MESSAGE_KEYS"]
AUDIT_CHECKPOINT_DIR = home.home() / "checkpoints"

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
DATABASES = {"default": database(os.environ.get("DATABASE_URL") or home.database_url())}
REDIS_URL = os.environ.get("REDIS_URL") or home.redis_url()
CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL)}
CELERY_BROKER_URL = broker_url(REDIS_URL)

DEMONSTRATION = True
REHEARSAL_NEEDS_TOKEN = False
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CLIENT_FRAMES_PER_SECOND = float(os.environ.get("CLIENT_FRAMES_PER_SECOND", "5"))
CLIENT_FRAMES_BURST = int(os.environ.get("CLIENT_FRAMES_BURST", "20"))
CLIENT_STARTS_PER_MINUTE = int(os.environ.get("CLIENT_STARTS_PER_MINUTE", "600"))
