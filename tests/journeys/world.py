"""The whole product as real processes, and the few things that journeys do to it again and again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from demo import children
from demo.browser import Browser
from demo.stack import Stack
from tests.hubspot import Account, HubSpot, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent


class World:
    """A running stack with its HubSpot and its database."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.hubspot = HubSpot(stack.emulator)

    def close(self) -> None:
        self.hubspot.http.close()

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement in the app's database and return its rows."""
        with psycopg.connect(self.stack.plan.postgres.url, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def count(self, query: str, *values: object) -> int:
        return int(self.sql(query, *values)[0][0])

    def install(self, account: Account) -> None:
        """Install the app as the account's admin would, in a browser, and wait for nothing."""
        browser = Browser()
        try:
            consent = browser.open(f"{self.stack.web}/install?hub_id={account.hub_id}")
            (form, *_) = consent.forms()
            page = browser.send(form, hub_id=str(account.hub_id), user_id=str(account.admin_id), decision="grant")
            assert page.address == f"{self.stack.web}/portals/{account.hub_id}/", page.text[:500]
        finally:
            browser.close()

    def portal_id(self, account: Account) -> int:
        query = "SELECT id FROM installations_portal WHERE hub_id = %s AND state <> 'disconnected'"
        return int(self.sql(query, account.hub_id)[0][0])

    def wait_until_synced(self, account: Account) -> None:
        query = """
            SELECT count(*) FROM crm_sync JOIN installations_portal AS portal ON portal.id = portal_id
            WHERE hub_id = %s AND crm_sync.state = 'in_sync'
        """
        wait_for(lambda: self.count(query, account.hub_id) == 4, what="the first sync", seconds=240)

    def wait_until_idle(self, *, seconds: float = 240) -> None:
        """Wait until every acknowledged event of an installed portal is worked through, those that failed once too."""
        pending = """
            SELECT count(*) FROM webhooks_event AS event JOIN lanes_lane AS lane
            ON lane.portal_id = event.portal_id AND lane.kind = 'events' WHERE event.id > lane.position
        """
        retrying = "SELECT count(*) FROM webhooks_failure WHERE retry_at IS NOT NULL"
        wait_for(
            lambda: self.count(pending) + self.count(retrying) == 0,
            what="the inbox to be worked through",
            seconds=seconds,
        )

    def environment(self) -> Mapping[str, str]:
        return self.stack.plan.environment

    @contextmanager
    def process(self, module: str, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
        """Run a module of ours in a process of its own, with the stack's settings; its output goes to a file."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        with (self.stack.plan.logs / "journeys.log").open("ab") as log:
            process = children.start(command, log=log, env=self.environment(), cwd=ROOT)
            try:
                yield process
            finally:
                children.stop(process)

    def outputs(self, module: str, *arguments: object, processes: int) -> list[Any]:
        """Run a module several times at once; return what each printed, as JSON."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        running = [
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment(), cwd=ROOT
            )
            for _ in range(processes)
        ]
        found = []
        for process in running:
            out, err = process.communicate(timeout=180)
            assert process.returncode == 0, err[-3000:]
            found.append(json.loads(out))
        return found
