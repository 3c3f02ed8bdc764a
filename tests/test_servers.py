from __future__ import annotations

import pytest
import redis
from django.conf import settings
from django.db import connection

from demo.redis import Redis


@pytest.mark.django_db
def test_the_database_is_the_embedded_one_and_new_enough(redis_server: Redis) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        (version,) = cursor.fetchone()
    assert version >= 150000
    assert redis.Redis.from_url(settings.REDIS_URL).ping()
