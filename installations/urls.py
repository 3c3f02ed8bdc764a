from __future__ import annotations

from django.urls import path

from . import account_views, ownership_views, portal_views, views
from .connecting import other_account

urlpatterns = [
    path("", views.landing, name="landing"),
    path("install", views.start_install, name="install"),
    path("signin", views.start_sign_in, name="sign_in"),
    path("signout", views.sign_out, name="sign_out"),
    path("account/", account_views.account, name="account"),
    path("account/signout/", account_views.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("account/places/", account_views.know_places, name="know_places"),
    path("oauth/callback", views.callback, name="callback"),
    path("oauth/marketplace", views.continue_marketplace_install, name="continue_marketplace_install"),
    path("oauth/unclaimed", views.unclaimed, name="unclaimed"),
    path("oauth/unclaimed/decide", views.decide_unclaimed, name="decide_unclaimed"),
    path("oauth/other-account", other_account.question, name="other_account"),
    path("oauth/other-account/decide", other_account.decide, name="decide_other_account"),
    path("portals/<int:hub_id>/settings/", portal_views.settings, name="portal_settings"),
    path("portals/<int:hub_id>/members/<int:member_id>/", portal_views.change_member, name="change_member"),
    path("portals/<int:hub_id>/export/", portal_views.export, name="export_portal"),
    path("portals/<int:hub_id>/access/", portal_views.request_access, name="request_access"),
    path("portals/<int:hub_id>/leave/", portal_views.leave, name="leave"),
    path("portals/<int:hub_id>/ownership/", ownership_views.transfer, name="transfer"),
    path("portals/<int:hub_id>/ownership/claim/", ownership_views.claim, name="claim"),
    path("portals/<int:hub_id>/disconnect/", portal_views.disconnect, name="disconnect"),
]
