"""Makes the management commands of this package known to Django, and lets migrations take their time."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate

# A migration may rewrite a table. Its wait for a lock keeps its limit: everybody else queues behind it.
_LIFTED = ("statement_timeout", "idle_in_transaction_session_timeout")


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Composition root"

    def ready(self) -> None:
        """Follow the beginning and the end of migrations."""
        pre_migrate.connect(_lift_limits)
        post_migrate.connect(_set_limits)


def _lift_limits(*, using: str, **_: Any) -> None:
    _each(using, "SET {} = 0")


def _set_limits(*, using: str, **_: Any) -> None:
    _each(using, "RESET {}")


def _each(using: str, statement: str) -> None:
    with connections[using].cursor() as cursor:
        for limit in _LIFTED:
            cursor.execute(statement.format(limit))
