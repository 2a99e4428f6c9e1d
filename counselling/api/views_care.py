"""What clients' screenings came to, for the systems of the clinic."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from counselling import care_pages
from counselling.api import reading, requests, serializers_care
from counselling.api.schema import errors
from counselling.api.views import ApiView


class Screenings(ApiView):
    """The screenings of one client."""

    @extend_schema(
        operation_id="list_screenings",
        parameters=[requests.ScreeningsRequest],
        responses={200: serializers_care.ScreeningPage, **errors(400, 403, 404)},
    )
    def get(self, request: Request, client_id: UUID) -> Response:
        """List a client's screenings, a page at a time, without the answers. Each reading is recorded."""
        wanted = self.asked(requests.ScreeningsRequest)
        page = reading.list_screenings(member=self.member, client_id=client_id, wanted=wanted, at=timezone.now())
        return Response(serializers_care.ScreeningPage(page).data)


class Screening(ApiView):
    """One screening."""

    @extend_schema(
        operation_id="get_screening",
        responses={200: serializers_care.ScreeningWithAnswersSerializer, **errors(403, 404)},
    )
    def get(self, request: Request, screening_id: UUID) -> Response:
        """Read one screening with its answers. Each reading is recorded on the audit trail."""
        found = care_pages.read_answers(
            member=self.member, screening_id=screening_id, at=timezone.now(), where=reading.WHERE
        )
        shown = serializers_care.ScreeningWithAnswersSerializer(found.screening, context={"answers": found.answers})
        return Response(shown.data)
