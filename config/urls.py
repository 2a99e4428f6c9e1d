"""Every address of the service. Each one stands in the door table of `tests/access/`."""

from django.urls import include, path
from django.views.generic import RedirectView

from config import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="accounts:sign_in", http_method_names=["get", "head"]), name="root"),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("", include("accounts.urls")),
    path("", include("triage.urls")),
    path("", include("counselling.urls")),
    path("api/", include("counselling.api.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
