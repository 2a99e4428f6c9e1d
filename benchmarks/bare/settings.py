"""The service's own settings with the bare pipeline's two tables and its consumer instead of the product's."""

from config.settings.local import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.bare"]  # noqa: F405
