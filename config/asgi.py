"""The ASGI application: pages and API over HTTP, the client's and the desk's sockets."""

import logging
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

from django.core.asgi import get_asgi_application

_http = get_asgi_application()

# Everything below reads models, which needs Django to be set up first.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator, WebsocketDenier  # noqa: E402
from django.urls import path, re_path  # noqa: E402

import riskmodel  # noqa: E402
from counselling.consumers import DeskConsumer  # noqa: E402
from triage.bot import understanding  # noqa: E402
from triage.bot.catalogue import current_catalogue  # noqa: E402
from triage.consumers import ClientConsumer  # noqa: E402

# Loaded before the first message, so nobody at 03:00 pays for it. With a refused artefact the service starts all the
# same: every message is then unscored and calls a person, and /health/ready says why. Without its safety content it
# must not start.
try:
    riskmodel.warm_up()
except riskmodel.ArtefactRefused as refused:
    logging.getLogger(__name__).critical("risk model refused: %s", refused)
# Without it the bot asks a choosing question where it would have understood; each message tries again.
understanding.understand("hello")
current_catalogue()

# The client's socket carries its own token and no cookie, so another site cannot borrow anybody's right to speak.
# The desk's socket uses the session cookie and therefore checks the origin.
_desk = AllowedHostsOriginValidator(AuthMiddlewareStack(DeskConsumer.as_asgi()))

application = ProtocolTypeRouter(
    {
        "http": _http,
        "websocket": URLRouter(
            [
                path("ws/chat/", ClientConsumer.as_asgi()),
                path("ws/desk/", _desk),
                re_path(r"", WebsocketDenier.as_asgi()),
            ]
        ),
    }
)
