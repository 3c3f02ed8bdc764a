"""Whether the app at HubSpot is configured as this one is, as far as the project's folder tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

from hubapp import project, project_folder
from installations.connecting import install

_AGAIN = "Run: python manage.py hubspot_project --out {folder} && hs project upload"


@register()
def check_project(**_: Any) -> list[CheckMessage]:
    """Compare HUBSPOT_PROJECT_DIR, where it is set, with what we would write there."""
    return list(_differences(Path(settings.HUBSPOT_PROJECT_DIR))) if settings.HUBSPOT_PROJECT_DIR else []


def _differences(folder: Path) -> Iterator[CheckMessage]:
    hint = _AGAIN.format(folder=folder)
    try:
        there = project_folder.read(folder)
    except project_folder.ProjectUnreadable as error:
        yield Error(f"HUBSPOT_PROJECT_DIR: {error}", hint=hint, id="hubapp.E024")
        return
    urls = there.get(project.APP, {}).get("config", {}).get("auth", {}).get("redirectUrls", [])
    if install.redirect_uri() not in urls:
        problem = f"The app at HubSpot is not registered with our redirect URL {install.redirect_uri()}."
        yield Error(problem, hint=hint, id="hubapp.E025")
    for path, content in project.files(there).items():
        if path != project.APP and content != there.get(path):
            yield Caution(f"{folder / path} is not what this app needs.", hint=hint, id="hubapp.W026")
    if settings.HUBSPOT_APP_CARD and _permitted(there) != _permitted(project.files(there)):
        problem = f"The app at HubSpot may not call or frame {settings.PUBLIC_URL}: its card would stay empty."
        yield Caution(problem, hint=hint, id="hubapp.W028")
    if _scopes(there) != _scopes(project.files(there)):
        yield Caution("The app at HubSpot has other scopes than we ask for.", hint=hint, id="hubapp.W027")


def _scopes(files: dict[str, Any]) -> list[set[str]]:
    auth = files.get(project.APP, {}).get("config", {}).get("auth", {})
    return [set(auth.get(name, [])) for name in ("requiredScopes", "conditionallyRequiredScopes", "optionalScopes")]


def _permitted(files: dict[str, Any]) -> list[set[str]]:
    urls = files.get(project.APP, {}).get("config", {}).get("permittedUrls", {})
    return [set(urls.get(name, [])) for name in ("fetch", "iframe")]
