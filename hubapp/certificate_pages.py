"""The certificate of an erasure as a page that staff can print and hand to whoever asked for the erasure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from installations.leaving import certificates
from installations.leaving.certificates import Certificate, Verdict
from installations.models import Portal


def show(request: HttpRequest, portal_id: int) -> HttpResponse:
    """404 for an installation that is not erased."""
    portal = get_object_or_404(Portal, pk=portal_id, certificate__isnull=False)
    certificate: Certificate = portal.certificate or {}
    verdict = certificates.verdict(certificate)
    context = {
        **admin.site.each_context(request),
        "title": f"Certificate of erasure: HubSpot account {portal.hub_id}",
        "portal": portal,
        "certificate": certificate,
        "times": [(words, _moment(certificate.get(name))) for name, words in _TIMES],
        "rows": sorted((certificate.get("rows") or {}).items()),
        "text": json.dumps(certificate, indent=2, sort_keys=True),
        "verdict": verdict,
        "is_ours": verdict == Verdict.OURS,
    }
    return TemplateResponse(request, "admin/certificate.html", context)


_TIMES = (
    ("connected_at", "Connected"),
    ("ended_at", "Access ended"),
    ("keys_destroyed_at", "Keys destroyed"),
    ("erased_at", "Erased"),
)


def _moment(text: Any) -> str:
    """Say a time of the certificate for a person; as it stands there, should it be none."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC"
    except (TypeError, ValueError):
        return str(text or "not known")
