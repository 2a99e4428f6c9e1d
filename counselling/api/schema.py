"""The description of the API itself: OpenAPI, open to everybody, because it holds no data of anybody."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView

from counselling.api import errors as refusals
from counselling.api.serializers import ErrorSerializer

_WHY = {
    400: "Something in the request cannot be read; `fields` says what.",
    401: "No good token or session came with the request.",
    403: "The member's role does not include this, or a session came without its CSRF token.",
    404: "There is nothing with this id in the clinic; another clinic's is unknown too.",
    409: "Not in the present state: held_by_another, not_holder, alert_open, closed, erased or already_resolved.",
    411: "The body came without its length.",
    413: "The body is larger than 65,536 bytes.",
    415: "The body is not JSON.",
    429: "Too many requests; Retry-After says when to go on.",
    503: "The database cannot be reached. Nothing was stored; try again.",
}
_ALWAYS = (401, 429, 503)


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    """The refusals that an operation may answer with; those that any may are added."""
    return {status: OpenApiResponse(ErrorSerializer, _WHY[status]) for status in sorted({*statuses, *_ALWAYS})}


@extend_schema(exclude=True)
class Schema(SpectacularAPIView):
    """`/api/schema`: the OpenAPI description as YAML, or JSON with `Accept: application/json`."""

    authentication_classes = ()
    permission_classes = ()
    http_method_names = ("get", "head")  # type: ignore[assignment]

    def get_exception_handler(self) -> Any:
        """The one shape of refusals."""
        return refusals.handle
