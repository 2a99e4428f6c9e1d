"""Addresses of the client's pages."""

from django.urls import path

from triage import check_in_pages, mine_pages, plan_pages, views

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
    path("c/<slug:slug>/plan/", plan_pages.plan, name="plan"),
    path("c/<slug:slug>/plan/read", plan_pages.read, name="plan_read"),
    path("c/<slug:slug>/plan/save", plan_pages.save, name="plan_save"),
    path("c/<slug:slug>/mine/", mine_pages.page, name="mine"),
    path("c/<slug:slug>/mine/read", mine_pages.read, name="mine_read"),
    path("c/<slug:slug>/mine/save", mine_pages.save, name="mine_save"),
    path("c/<slug:slug>/mine/erase", mine_pages.erase, name="mine_erase"),
    path("n/<str:link>", check_in_pages.page, name="check_in"),
    path("n/<str:link>/stop", check_in_pages.stop, name="check_in_stop"),
    path("c/<slug:slug>/note", check_in_pages.let_in, name="check_in_open"),
    path("embed.js", views.embed_script, name="embed"),
]
