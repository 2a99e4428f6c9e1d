"""The bare pipeline as an ASGI application, for the same server with the same settings."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.bare.settings")

from django.core.asgi import get_asgi_application

_http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from benchmarks.bare.consumer import BareConsumer  # noqa: E402

application = ProtocolTypeRouter({"http": _http, "websocket": URLRouter([path("ws/bare/", BareConsumer.as_asgi())])})
