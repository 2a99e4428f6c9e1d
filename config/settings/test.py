"""The tests' set-up: real PostgreSQL and Valkey that the test run starts itself, on sockets of its own."""

import os

from config import home
from config.settings.base import *  # noqa: F403
from config.settings.databases import broker_url, channel_layer, database

_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
SECRET_KEY = "for-tests-only-for-tests-only-for-tests-only-for-tests"  # noqa: S105 - no secret, tests only
AUDIT_SIGNING_KEY = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="
MESSAGE_KEYS = ["dGVzdHMtb25seS1tZXNzYWdlLWtleS1mb3ItdGVzdHM="]
AUDIT_CHECKPOINT_DIR = home.home() / "checkpoints" / _worker

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
DATABASES = {"default": database(os.environ.get("DATABASE_URL") or home.database_url())}
REDIS_URL = os.environ.get("REDIS_URL") or home.test_redis_url(_worker)
CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL, prefix=f"test-{_worker}")}
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TASK_ALWAYS_EAGER = False

# Argon2 costs 50 ms a sign-in; the tests sign in some hundred times.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REHEARSAL_NEEDS_TOKEN = False
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CLIENT_FRAMES_PER_SECOND = float(os.environ.get("CLIENT_FRAMES_PER_SECOND", "50"))
CLIENT_FRAMES_BURST = int(os.environ.get("CLIENT_FRAMES_BURST", "100"))
CLIENT_STARTS_PER_MINUTE = 100_000
# A test starts a service of its own with shorter times, or with a scorer that fails, through the environment.
CLIENT_HELLO_SECONDS = float(os.environ.get("CLIENT_HELLO_SECONDS", "10"))
CLIENT_HEARTBEAT_SECONDS = float(os.environ.get("CLIENT_HEARTBEAT_SECONDS", "15"))
DESK_POLL_SECONDS = float(os.environ.get("DESK_POLL_SECONDS", "2"))
SCORE_TIMEOUT_SECONDS = float(os.environ.get("SCORE_TIMEOUT_SECONDS", "2"))
RISK_SCORER = os.environ.get("RISK_SCORER", "riskmodel.score")
LOGGING["root"]["level"] = "WARNING"  # noqa: F405
