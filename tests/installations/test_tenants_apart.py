"""Threads work for many portals in turns, with clients of their own and with shared ones, while tokens are renewed:
every answer is of the portal that was asked for. CHAOS=long makes 100,000 calls."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from hubspot_api.account import account_details
from hubspot_api.client import Client
from installations import log_context
from installations.calls import call_log
from installations.clients import client_for
from installations.errors import TryLater
from installations.models import ApiCall, Credential, Portal
from installations.ratelimit import WorkClass
from tests.crm.mirrored import install
from tests.hubspot import HubSpot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]

CALLS = 100_000 if os.environ.get("CHAOS") == "long" else 2_000
PORTALS, THREADS = 50, 8
SEED = int(os.environ.get("CHAOS_SEED", "1"))


@dataclass
class Office:
    """What the threads share: clients, and the tally of who was asked for and who answered."""

    shared: dict[int, Client]
    asked: Counter[int] = field(default_factory=Counter)  # by hub_id
    mixed: list[tuple[int, int, int | None]] = field(default_factory=list)  # asked, answered, logged as
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, thread: int) -> None:
        """Make calls until all threads together have made enough."""
        rng = random.Random(SEED * 1_000 + thread)
        try:
            while self.asked.total() < CALLS:
                self._call(rng, rng.choice(list(self.shared)))
        finally:
            connection.close()

    def _call(self, rng: random.Random, portal_id: int) -> None:
        """As a task does: by the portal's id alone."""
        with log_context.work_for(portal_id):
            portal = Portal.objects.get(pk=portal_id)
            is_shared = rng.random() < 0.5
            client = self.shared[portal_id] if is_shared else client_for(portal, rng.choice(list(WorkClass)))
            try:
                answered = account_details(client).hub_id
            except TryLater:  # the portal is full, or its token ended again while it was renewed
                return
            tags = (portal.hub_id, answered, log_context.hub_id())
        with self.lock:
            self.asked[portal.hub_id] += 1
            if len(set(tags)) > 1 or log_context.hub_id() is not None:
                self.mixed.append(tags)


@contextmanager
def meanwhile(office: Office) -> Iterator[None]:
    """Tokens end, a few at a time, and the log of calls is written, as long as the threads work."""
    over, rng = threading.Event(), random.Random(SEED)

    def disturb() -> None:
        while not over.wait(0.2):
            some = rng.sample(list(office.shared), 5)
            Credential.objects.filter(portal__in=some).update(expires_at=timezone.now())
            call_log.writer().flush()
        connection.close()

    thread = threading.Thread(target=disturb, name="disturbs")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_no_answer_is_of_another_portal(hubspot: HubSpot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "_writer", call_log.Writer(0))  # in which no earlier test's calls wait
    portals = [install(hubspot, hubspot.add_account()) for _ in range(PORTALS)]
    office = Office({portal.pk: client_for(portal, WorkClass.EVENTS) for portal in portals})
    with meanwhile(office), ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(office.work, range(THREADS)))
    call_log.writer().flush()
    assert office.mixed == []
    assert len(office.asked) == PORTALS
    logged = ApiCall.objects.filter(path__startswith="/account-info/", error="").values_list("portal__hub_id")
    assert dict(logged.annotate(n=Count("pk"))) == office.asked
    assert Credential.objects.filter(token_number__gt=1).count() > PORTALS / 2
