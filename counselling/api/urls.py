"""Addresses of the API. Each one stands in the door table of `tests/access/`."""

from django.urls import path

from counselling.api import schema, views_care, views_conversations, views_desk, views_review

app_name = "api"
urlpatterns = [
    path("schema", schema.Schema.as_view(), name="schema"),
    path("v1/conversations", views_conversations.Conversations.as_view(), name="conversations"),
    path("v1/conversations/<uuid:conversation_id>", views_conversations.Conversation.as_view(), name="conversation"),
    path("v1/conversations/<uuid:conversation_id>/messages", views_conversations.Messages.as_view(), name="messages"),
    path("v1/conversations/<uuid:conversation_id>/hand-back", views_conversations.HandBack.as_view(), name="hand_back"),
    path("v1/conversations/<uuid:conversation_id>/close", views_conversations.Close.as_view(), name="close"),
    path("v1/alerts", views_desk.Alerts.as_view(), name="alerts"),
    path("v1/alerts/<uuid:alert_id>/acknowledge", views_desk.Acknowledge.as_view(), name="acknowledge"),
    path("v1/alerts/<uuid:alert_id>/resolve", views_desk.Resolve.as_view(), name="resolve"),
    path("v1/takeovers", views_desk.Takeovers.as_view(), name="takeovers"),
    path("v1/shifts", views_desk.Shifts.as_view(), name="shifts"),
    path("v1/reviews", views_review.Reviews.as_view(), name="reviews"),
    path("v1/clients/<uuid:client_id>/screenings", views_care.Screenings.as_view(), name="screenings"),
    path("v1/screenings/<uuid:screening_id>", views_care.Screening.as_view(), name="screening"),
    path("v1/audit/entries", views_review.Entries.as_view(), name="entries"),
    path("v1/audit/checkpoints", views_review.Checkpoints.as_view(), name="checkpoints"),
]
