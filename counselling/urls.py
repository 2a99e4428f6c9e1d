"""Addresses of what staff see: the desk, the review pages and the pages of the risk model."""

from django.urls import path

from counselling import care_views, content_views, judging_views, plan_views, risk_views, switch_views, views

app_name = "counselling"
urlpatterns = [
    path("desk/", views.desk, name="desk"),
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<uuid:conversation_id>/", views.review, name="review"),
    path("reviews/<uuid:conversation_id>/judge/", judging_views.judge, name="judge"),
    path("care/", care_views.tasks, name="care"),
    path("care/<uuid:task_id>/done/", care_views.done, name="care_done"),
    path("clients/<uuid:client_id>/screenings/", care_views.screenings, name="care_screenings"),
    path("screenings/<uuid:screening_id>/", care_views.answers, name="care_answers"),
    path("clients/<uuid:client_id>/plan/", plan_views.plan, name="plan"),
    path("clients/<uuid:client_id>/plan/<int:number>/", plan_views.version, name="plan_version"),
    path("clients/<uuid:client_id>/plan/<int:number>/restore/", plan_views.restore, name="plan_restore"),
    path("risk-model/", risk_views.overview, name="risk"),
    path("risk-model/mode/", risk_views.mode, name="risk_mode"),
    path("risk-model/drift/<uuid:report_id>/seen/", risk_views.drift_seen, name="risk_drift_seen"),
    path("risk-model/off/", switch_views.switch_off, name="risk_off"),
    path("risk-model/on/", switch_views.switch_on, name="risk_on"),
    path("risk-model/conversations/<uuid:conversation_id>/off/", switch_views.switch_off, name="risk_conversation_off"),
    path("risk-model/conversations/<uuid:conversation_id>/on/", switch_views.switch_on, name="risk_conversation_on"),
    path("risk-model/roll-back/", risk_views.roll_back, name="risk_roll_back"),
    path("risk-model/candidates/", risk_views.candidates, name="risk_candidates"),
    path("risk-model/candidates/propose/", risk_views.propose, name="risk_propose"),
    path("risk-model/candidates/<uuid:setup_id>/", risk_views.candidate, name="risk_candidate"),
    path("risk-model/candidates/<uuid:setup_id>/messages/", risk_views.candidate_messages, name="risk_messages"),
    path("risk-model/candidates/<uuid:setup_id>/shadow/", risk_views.start_shadow, name="risk_shadow"),
    path("risk-model/candidates/<uuid:setup_id>/approve/", risk_views.approve, name="risk_approve"),
    path("risk-model/candidates/<uuid:setup_id>/promote/", risk_views.promote, name="risk_promote"),
    path("risk-model/candidates/<uuid:setup_id>/withdraw/", risk_views.withdraw, name="risk_withdraw"),
    path("content/", content_views.items, name="content"),
    path("content/<slug:locale>/<slug:key>/", content_views.item, name="content_item"),
    path("content/<slug:locale>/<slug:key>/compare/", content_views.compare, name="content_compare"),
    path("content/<slug:locale>/<slug:key>/retire/", content_views.retire, name="content_retire"),
    path("content/<slug:locale>/<slug:key>/roll-back/", content_views.roll_back, name="content_roll_back"),
    path("content/<slug:locale>/<slug:key>/<slug:digest>/approve/", content_views.approve, name="content_approve"),
    path("content/<slug:locale>/<slug:key>/<slug:digest>/activate/", content_views.activate, name="content_activate"),
    path("content/<slug:locale>/<slug:key>/<slug:digest>/preview/", content_views.preview, name="content_preview"),
]
