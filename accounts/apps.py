"""Django app of the clinics and their members."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
