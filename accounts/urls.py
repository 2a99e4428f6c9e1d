"""Temporary."""

app_name = "accounts"
urlpatterns = []
