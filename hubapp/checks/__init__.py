"""What is wrong with the configuration, said by `manage.py check` with an id and a hint before it goes wrong."""

from __future__ import annotations

from .hubspot import check_hubspot
from .keys import check_encryption_keys, check_key_file, check_stored_keys
from .mail import check_mail
from .private_apps import check_private_apps
from .project import check_project
from .queue_age import check_queue_age
from .stores import check_postgresql, check_redis

__all__ = [
    "check_encryption_keys",
    "check_hubspot",
    "check_key_file",
    "check_mail",
    "check_postgresql",
    "check_private_apps",
    "check_project",
    "check_queue_age",
    "check_redis",
    "check_stored_keys",
]
