"""The app's settings under test: the environment is fixed first, the servers are started by tests/conftest.py."""

from __future__ import annotations

import os

from demo.place import private_folder
from demo.ports import free_ports

PLACE = private_folder(f"tests-{os.getpid()}")
EMULATOR_PORT = free_ports(2)  # a port for each of the emulator's hublets
EMULATOR_URL = f"http://localhost:{EMULATOR_PORT}"
ENVIRONMENT = {
    "DEBUG": "1",
    "SECRET_KEY": "only-for-tests",
    "PUBLIC_URL": "http://localhost:8000",
    "DATABASE_URL": f"postgresql://postgres@/hubapp?host={PLACE / 'sockets'}",
    "REDIS_URL": f"unix://{PLACE / 'redis.sock'}?db=0",
    "ENCRYPTION_KEYS": "test1:" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "HUBSPOT_CLIENT_ID": "11111111-2222-3333-4444-555555555555",
    "HUBSPOT_CLIENT_SECRET": "99999999-8888-7777-6666-555555555555",
    "HUBSPOT_APP_ID": "39522895",
    "HUBSPOT_API_URL": EMULATOR_URL,
    "HUBSPOT_AUTHORIZE_URL": f"{EMULATOR_URL}/oauth/authorize",
}
for _name in list(os.environ):
    if _name.startswith("HUBSPOT_") or _name in {"ALLOWED_HOSTS", "ENCRYPTION_KEYS_FILE", "BEHIND_TLS_PROXY"}:
        del os.environ[_name]
os.environ |= ENVIRONMENT

from hubapp.settings import *  # noqa: E402, F403 - the environment had to come first

CALL_LOG_PAUSE_S = 0.0  # no thread writes behind the back of a test
SWITCHES_SEEN_FOR_S = 0.0  # a test that throws the switch need not wait
# The limiter of a test waits for Redis as long as a busy machine takes; that of production a tenth of a second.
REDIS_URL = f"{ENVIRONMENT['REDIS_URL']}&socket_timeout=20&socket_connect_timeout=20"
