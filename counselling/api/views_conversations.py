"""Conversations, what was said in them, and how a member's part in one ends."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from counselling import takeovers
from counselling.api import reading, requests, serializers
from counselling.api.schema import errors
from counselling.api.views import ApiView
from triage import messages
from triage.transcripts import staff_frame


class Conversations(ApiView):
    """The clinic's conversations."""

    @extend_schema(
        operation_id="list_conversations",
        parameters=[requests.ConversationsRequest],
        responses={200: serializers.ConversationPage, **errors(400, 403)},
    )
    def get(self, request: Request) -> Response:
        """List conversations, a page at a time. The list that was shown is recorded on the audit trail."""
        wanted = self.asked(requests.ConversationsRequest)
        page = reading.list_conversations(member=self.member, wanted=wanted, at=timezone.now())
        return Response(serializers.ConversationPage(page).data)


class Conversation(ApiView):
    """One conversation."""

    @extend_schema(
        operation_id="get_conversation", responses={200: serializers.ConversationSerializer, **errors(403, 404)}
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Show one conversation, without its words."""
        found = reading.find_conversation(member=self.member, conversation_id=conversation_id)
        return Response(serializers.ConversationSerializer(found).data)


class Messages(ApiView):
    """The lines of one conversation."""

    @extend_schema(
        operation_id="list_messages",
        parameters=[requests.MessagesRequest],
        responses={200: serializers.TranscriptSerializer, **errors(400, 403, 404)},
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Read lines in order. Each reading is recorded on the audit trail."""
        wanted = self.asked(requests.MessagesRequest)
        conversation, lines = reading.read_transcript(
            member=self.member, conversation_id=conversation_id, at=timezone.now(), **wanted
        )
        reached = lines[-1].seq if lines else conversation.last_seq
        transcript = {
            "conversation": conversation.pk,
            "last_seq": conversation.last_seq,
            "results": [staff_frame(line) for line in lines],
            "next_after": reached if reached < conversation.last_seq else None,
        }
        return Response(transcript)

    @extend_schema(
        operation_id="post_message",
        request=requests.MessageRequest,
        responses={
            200: serializers.PostedSerializer,
            201: serializers.PostedSerializer,
            **errors(400, 403, 404, 409, 411, 413, 415),
        },
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Write to the client. Only the holder may; the same `client_ref` again is stored once."""
        said = self.said(requests.MessageRequest)
        posted = messages.post_counsellor_message(
            member=self.member, conversation_id=conversation_id, at=timezone.now(), **said
        )
        return Response(serializers.PostedSerializer(posted).data, status=200 if posted.repeated else 201)


class HandBack(ApiView):
    """The way back to the bot."""

    @extend_schema(
        operation_id="hand_back",
        request=None,
        responses={204: None, **errors(403, 404, 409)},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Give a held conversation back to the bot. Refused while a grave alert is unresolved."""
        takeovers.hand_back(member=self.member, conversation_id=conversation_id, at=timezone.now())
        return Response(status=204)


class Close(ApiView):
    """The end of a conversation."""

    @extend_schema(
        operation_id="close_conversation",
        request=requests.CloseRequest,
        responses={204: None, **errors(400, 403, 404, 409, 411, 413, 415)},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Close a held conversation with what became of it. Refused while an alert is unresolved."""
        said = self.said(requests.CloseRequest)
        takeovers.close_conversation(member=self.member, conversation_id=conversation_id, at=timezone.now(), **said)
        return Response(status=204)
