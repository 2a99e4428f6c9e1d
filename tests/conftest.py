"""Fixtures that every story may use."""

import pytest


@pytest.fixture(autouse=True)
def checkpoint_folder(settings, tmp_path):
    """Checkpoint files outlive a test's rows, so each test has a folder of its own."""
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
