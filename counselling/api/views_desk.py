"""Alerts, takeovers and shifts: the work of the desk."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Action
from counselling import shifts, takeovers
from counselling.api import reading, requests, serializers
from counselling.api.authentication import require_person
from counselling.api.schema import errors
from counselling.api.views import ApiView
from triage import alerts


class Alerts(ApiView):
    """Calls for a person."""

    @extend_schema(
        operation_id="list_alerts",
        parameters=[requests.AlertsRequest],
        responses={200: serializers.AlertPage, **errors(400, 403)},
    )
    def get(self, request: Request) -> Response:
        """List alerts, a page at a time."""
        page = reading.list_alerts(member=self.member, wanted=self.asked(requests.AlertsRequest))
        return Response(serializers.AlertPage(page).data)


class Acknowledge(ApiView):
    """The answer to an alert."""

    @extend_schema(
        operation_id="acknowledge_alert",
        request=None,
        responses={200: serializers.AlertSerializer, **errors(403, 404, 409)},
    )
    def post(self, request: Request, alert_id: UUID) -> Response:
        """Say "I have seen this and I act". Stops the escalation; a second time changes nothing."""
        alert = alerts.acknowledge(member=self.member, alert_id=alert_id, at=timezone.now())
        return Response(serializers.AlertSerializer(alert).data)


class Resolve(ApiView):
    """The end of an alert."""

    @extend_schema(
        operation_id="resolve_alert",
        request=requests.ResolveRequest,
        responses={200: serializers.AlertSerializer, **errors(400, 403, 404, 409, 411, 413, 415)},
    )
    def post(self, request: Request, alert_id: UUID) -> Response:
        """Resolve an alert with one of the fixed reasons; in person, not by token. The first resolution stands."""
        require_person(request, Action.RESOLVE_ALERT)
        said = self.said(requests.ResolveRequest)
        alert = alerts.resolve(member=self.member, alert_id=alert_id, at=timezone.now(), **said)
        return Response(serializers.AlertSerializer(alert).data)


class Takeovers(ApiView):
    """Periods in which a counsellor holds a conversation."""

    @extend_schema(
        operation_id="list_takeovers",
        parameters=[requests.TakeoversRequest],
        responses={200: serializers.TakeoverPage, **errors(400, 403)},
    )
    def get(self, request: Request) -> Response:
        """List takeovers, a page at a time."""
        page = reading.list_takeovers(member=self.member, wanted=self.asked(requests.TakeoversRequest))
        return Response(serializers.TakeoverPage(page).data)

    @extend_schema(
        operation_id="take_over",
        request=requests.TakeoverRequest,
        responses={
            200: serializers.TakeoverSerializer,
            201: serializers.TakeoverSerializer,
            **errors(400, 403, 404, 409, 411, 413, 415),
        },
    )
    def post(self, request: Request) -> Response:
        """Take a conversation over; the bot is silent from now on. 200 when the member holds it already."""
        conversation_id, now = self.said(requests.TakeoverRequest)["conversation"], timezone.now()
        takeover = takeovers.take_over(member=self.member, conversation_id=conversation_id, at=now)
        is_new = takeover.started_at == now
        return Response(serializers.TakeoverSerializer(takeover).data, status=201 if is_new else 200)


class Shifts(ApiView):
    """Who is here."""

    @extend_schema(operation_id="list_on_shift", responses={200: serializers.OnShiftSerializer, **errors(403)})
    def get(self, request: Request) -> Response:
        """Show the members who are on shift."""
        people = reading.list_on_shift(member=self.member)
        return Response(serializers.OnShiftSerializer({"on_shift": people}).data)

    @extend_schema(
        operation_id="set_shift",
        request=requests.ShiftRequest,
        responses={200: serializers.ShiftSerializer, **errors(400, 403, 411, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Start or end the shift of the member for whom this is called."""
        on = self.said(requests.ShiftRequest)["on"]
        change = shifts.start_shift if on else shifts.end_shift
        change(member=self.member, at=timezone.now())
        return Response(serializers.ShiftSerializer({"on": on}).data)
