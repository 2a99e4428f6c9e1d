"""Addresses of the client's pages."""

from django.urls import path

from triage import views

app_name = "triage"

urlpatterns = [
    path("c/<slug:slug>/", views.chat, name="chat"),
    path("c/<slug:slug>/urgent", views.urgent, name="urgent"),
    path("c/<slug:slug>/safety", views.safety, name="safety"),
    path("c/<slug:slug>/about", views.about, name="about"),
    path("c/<slug:slug>/start", views.start, name="start"),
    path("c/<slug:slug>/return", views.come_back, name="return"),
    path("c/<slug:slug>/consent", views.consent, name="consent"),
    path("c/<slug:slug>/leave", views.leave, name="leave"),
    path("embed.js", views.embed_script, name="embed"),
]
