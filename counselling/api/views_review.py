"""Looking back: reviews, the audit trail, and the signed checkpoints that prove it."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from counselling import reviews
from counselling.api import reading, requests, serializers
from counselling.api.schema import errors
from counselling.api.views import ApiView


class Reviews(ApiView):
    """Judgements of conversations."""

    @extend_schema(
        operation_id="list_reviews",
        parameters=[requests.ReviewsRequest],
        responses={200: serializers.ReviewPage, **errors(400, 403)},
    )
    def get(self, request: Request) -> Response:
        """List reviews, a page at a time, without their notes."""
        page = reading.list_reviews(member=self.member, wanted=self.asked(requests.ReviewsRequest))
        return Response(serializers.ReviewPage(page).data)

    @extend_schema(
        operation_id="post_review",
        request=requests.ReviewRequest,
        responses={201: serializers.ReviewSerializer, **errors(400, 403, 404, 409, 411, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Store a judgement of a conversation. Its note is encrypted with the conversation's key."""
        said = self.said(requests.ReviewRequest)
        review = reviews.complete_review(
            member=self.member,
            conversation_id=said["conversation"],
            verdict=said["verdict"],
            note=said["note"],
            at=timezone.now(),
        )
        return Response(serializers.ReviewSerializer(review).data, status=201)


class Entries(ApiView):
    """The audit trail."""

    @extend_schema(
        operation_id="list_audit_entries",
        parameters=[requests.EntriesRequest],
        responses={200: serializers.EntryPage, **errors(400, 403, 404)},
    )
    def get(self, request: Request) -> Response:
        """List the clinic's audit entries, newest first. Each reading is itself recorded."""
        wanted = self.asked(requests.EntriesRequest)
        page = reading.list_entries(member=self.member, wanted=wanted, at=timezone.now())
        shown = {"results": page.entries, "next_cursor": page.next_cursor or None}
        return Response(serializers.EntryPage(shown).data)


class Checkpoints(ApiView):
    """Where the chains stood, signed."""

    @extend_schema(
        operation_id="list_checkpoints",
        parameters=[requests.CheckpointsRequest],
        responses={200: serializers.CheckpointList, **errors(400, 403)},
    )
    def get(self, request: Request) -> Response:
        """List signed checkpoints, newest first; `before` goes on below a number."""
        wanted = self.asked(requests.CheckpointsRequest)
        rows = reading.list_checkpoints(member=self.member, before=wanted.get("before"), limit=wanted["limit"])
        return Response(serializers.CheckpointList({"results": rows}).data)
