"""The web processes' entry point: granian --interface wsgi hubapp.wsgi:application."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubapp.settings")
application = get_wsgi_application()

from installations.credentials import sentinels  # noqa: E402 - Django had to be set up first

sentinels.prove_at_start()
