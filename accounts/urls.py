"""Addresses of sign-in and of the administrator's pages."""

from django.urls import path

from accounts.views import clinic, members, password, signing, tokens

app_name = "accounts"
urlpatterns = [
    path("sign-in/", signing.sign_in_page, name="sign_in"),
    path("sign-out/", signing.sign_out_page, name="sign_out"),
    path("choose-clinic/", signing.choose_clinic, name="choose_clinic"),
    path("password/", password.change, name="password"),
    path("set-password/<str:token>/", password.set_by_link, name="set_password"),
    path("clinic/settings/", clinic.settings, name="settings"),
    path("clinic/members/", members.listing, name="members"),
    path("clinic/members/add/", members.add, name="member_add"),
    path("clinic/members/<uuid:member_id>/", members.detail, name="member"),
    path("clinic/members/<uuid:member_id>/role/", members.change_role, name="member_role"),
    path("clinic/members/<uuid:member_id>/deactivate/", members.deactivate, name="member_deactivate"),
    path("clinic/members/<uuid:member_id>/reactivate/", members.reactivate, name="member_reactivate"),
    path("clinic/members/<uuid:member_id>/link/", members.new_link, name="member_link"),
    path("clinic/tokens/", tokens.listing, name="tokens"),
    path("clinic/tokens/<uuid:token_id>/revoke/", tokens.revoke, name="token_revoke"),
]
