"""Joins the rooms: settings, ASGI, Celery, URLs, and the supervisor of the default set-up."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
