#!/usr/bin/env python
"""Command line of the service."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    from django.core.management import execute_from_command_line

    from config.home import HomeUnusable

    try:
        execute_from_command_line(sys.argv)
    except HomeUnusable as unusable:
        sys.exit(f"error: {unusable}")


if __name__ == "__main__":
    main()
