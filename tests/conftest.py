"""Fixtures that every story may use."""

from tests.audit_flush import audit_flush

pytest_plugins = ["tests.people"]

__all__ = ["audit_flush"]
