"""What pages need whose forms lead on to HubSpot."""

from __future__ import annotations

from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings

# Browsers hold redirects after a form to form-action too.
form_leads_to_hubspot = csp_update(
    {
        "form-action": [
            "https://*.hubspot.com",
            "{0.scheme}://{0.netloc}".format(urlsplit(settings.HUBSPOT_AUTHORIZE_URL)),
        ]
    }
)
