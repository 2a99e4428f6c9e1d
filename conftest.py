"""Fixtures that every test may ask for. The servers themselves come with `-p tests.servers` (see pyproject.toml)."""

pytest_plugins = ["tests.people", "tests.audit_flush", "tests.live", "tests.browsing"]
