"""What all views of the API share: who calls, what is read, how it is answered."""

from typing import Any

from django.utils import timezone
from rest_framework import exceptions, serializers
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import NotPermitted, record_refusal
from accounts.models import Membership
from counselling.api import errors
from counselling.api.authentication import SessionAuthentication, TokenAuthentication, caller_of
from counselling.api.permissions import IsMember, RequestRate

BODY_BYTES = 65_536


class Json(JSONParser):
    """JSON, and a clear refusal of what is nested too deep for any reader."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The value of the body; raises ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise exceptions.ParseError("The JSON is nested too deep.") from None


class ApiView(APIView):
    """A view of the API. Its methods read the request, make one domain call, and answer."""

    # The token comes first: its challenge is what a caller without any credential is told.
    authentication_classes = (TokenAuthentication, SessionAuthentication)
    permission_classes = (IsMember,)
    throttle_classes = (RequestRate,)
    parser_classes = (Json,)
    renderer_classes = (JSONRenderer,)
    http_method_names = ("get", "post", "head")  # type: ignore[assignment]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that is too big before a byte of it is read: DRF's parser knows no limit."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or (length == "0" and "HTTP_TRANSFER_ENCODING" in request.META):
            raise errors.LengthMissing
        if int(length) > BODY_BYTES:
            raise errors.BodyTooBig
        super().initial(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Put a missing permission on the trail, now that whatever was begun has been undone."""
        if isinstance(exc, NotPermitted):
            record_refusal(exc, at=timezone.now(), where="api")
        return super().handle_exception(exc)

    def get_exception_handler(self) -> Any:
        """All refusals have one shape."""
        return errors.handle

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """Nothing of a clinic stays in a cache on the way."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    @property
    def member(self) -> Membership:
        """The member who calls, or for whom the integration acts."""
        caller = caller_of(self.request)
        assert caller is not None  # IsMember has let nobody else in
        return caller.member

    def said(self, kind: type[serializers.Serializer]) -> dict[str, Any]:
        """The body, read by `kind`; raises ValidationError naming the fields."""
        return self._read(kind, self.request.data)

    def asked(self, kind: type[serializers.Serializer]) -> dict[str, Any]:
        """The query parameters, read by `kind`; raises ValidationError naming the parameters."""
        return self._read(kind, self.request.query_params)

    def _read(self, kind: type[serializers.Serializer], data: Any) -> dict[str, Any]:
        request = kind(data=data)
        request.is_valid(raise_exception=True)
        return dict(request.validated_data)
