"""What of django-allauth is open: sign in and out, password, second factor. No sign-up, no reset by e-mail."""

from __future__ import annotations

from allauth.account import views
from django.conf import settings
from django.urls import include, path

from . import visits

_login = views.LoginView.as_view(extra_context={"second_factor_is_demanded": settings.STAFF_MFA_REQUIRED})

urlpatterns = [
    path("login/", _login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("logout/everywhere/", visits.sign_out_everywhere, name="staff_sign_out_everywhere"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/", views.password_change, name="account_change_password"),
    path("second-factor/", include("allauth.mfa.urls")),
]
