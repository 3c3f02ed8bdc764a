"""From events to POST requests: batches, concurrency, retries.

One dispatcher thread decides what may go out; workers send. Tests call `deliver_due` instead, which does both in the
caller's thread. Nothing is sent while the lock here is held.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable, Collection, Iterable

from emulator.clock import Clock
from emulator.faults import Fault, Faults
from emulator.ledger import Delivery, Ledger
from emulator.oauth.apps import App
from emulator.webhooks.channels import Batch, Channel
from emulator.webhooks.events import Event
from emulator.webhooks.posting import Posting
from emulator.webhooks.retries import delay_ms
from emulator.webhooks.sender import Sender
from emulator.workers import Dispatcher, Workers

LARGEST_BATCH = 100
MOST_WORKERS = 256


class Deliveries:
    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        sender: Sender,
        app_of: Callable[[str], App | None],
        linger_s: float = 0.05,
        ledger: Ledger[Delivery] | None = None,
    ) -> None:
        self.ledger: Ledger[Delivery] = ledger or Ledger(250_000, lambda row: row.weight)
        self.posting = Posting(sender, self.ledger)
        self._clock = clock
        self._faults = faults
        self._app_of = app_of
        self._linger_s = linger_s
        self._changed = threading.Condition(threading.Lock())
        self._channels: dict[tuple[str, int], Channel] = {}
        # Channels with something ready, in turn.
        self._runnable: dict[Channel, None] = {}
        # Events for later: when (virtual), a tie-breaker, whose, what.
        self._later: list[tuple[int, int, Channel, Event]] = []
        self._ties = itertools.count()
        self._dice = random.Random(0)
        self._dispatcher = Dispatcher(self._dispatch, self._changed, "webhook-dispatcher")
        self._workers = Workers(self._deliver, "webhook-sender", MOST_WORKERS)
        self._under_way = 0
        clock.when_advanced(self.wake)

    # -- taking events in ------------------------------------------------------------------------------------------

    def publish(self, app: App, hub_id: int, events: Iterable[Event]) -> None:
        """Queue events; an app without a target is sent nothing."""
        if app.webhook is None:
            return
        with self._changed:
            channel = self._channel(app.client_id, hub_id)
            for event in events:
                self._take_in(channel, event)
            self._changed.notify()

    def _channel(self, client_id: str, hub_id: int) -> Channel:
        channel = self._channels.get((client_id, hub_id))
        if channel is None:
            channel = self._channels[(client_id, hub_id)] = Channel(client_id, hub_id)
        return channel

    def _take_in(self, channel: Channel, event: Event) -> None:
        faults: list[Fault] = []
        if self._faults.any_for_webhooks:
            faults = self._faults.for_event(channel.hub_id, event["subscriptionType"])
        actions = {fault.action: fault for fault in faults}
        if "drop" in actions:
            return
        wait_ms = _wait_ms(actions)
        for copy in [event, dict(event)] if "duplicate" in actions else [event]:
            channel.pending += 1
            if wait_ms:
                self._put_off(channel, copy, wait_ms)
            else:
                self._make_ready(channel, copy)

    def _put_off(self, channel: Channel, event: Event, wait_ms: int) -> None:
        heapq.heappush(self._later, (self._clock.now_ms() + wait_ms, next(self._ties), channel, event))

    def _make_ready(self, channel: Channel, event: Event) -> None:
        if not channel.ready:
            channel.ready_since = time.monotonic()
            self._runnable[channel] = None
        channel.ready.append(event)

    def restore(self, client_id: str, hub_id: int, event: Event, due_ms: int) -> None:
        """Put back an event of a snapshot, with the attempt and the time it had."""
        with self._changed:
            channel = self._channel(client_id, hub_id)
            channel.pending += 1
            self._put_off(channel, event, max(0, due_ms - self._clock.now_ms()))
            self._changed.notify()

    # -- what is there ---------------------------------------------------------------------------------------------

    def pending(self, hub_id: int) -> int:
        with self._changed:
            return sum(channel.pending for channel in self._channels.values() if channel.hub_id == hub_id)

    def waiting(self) -> list[tuple[str, int, int, Event]]:
        """Every event that is not under way: app, account, when due, what."""
        with self._changed:
            now = self._clock.now_ms()
            ready = [(c.client_id, c.hub_id, now, dict(e)) for c in self._channels.values() for e in c.ready]
            later = [(c.client_id, c.hub_id, due, dict(e)) for due, _, c, e in self._later if not c.closed]
            return ready + later

    def due(self, event_ids: Collection[int]) -> dict[int, int]:
        """When those of these events come that wait for a later time, by event id."""
        with self._changed:
            return {
                event["eventId"]: due
                for due, _, channel, event in self._later
                if event.get("eventId") in event_ids and not channel.closed
            }

    def next_due(self) -> int | None:
        """When the next event comes that waits for a later time."""
        with self._changed:
            return min((due for due, _, channel, _ in self._later if not channel.closed), default=None)

    def send_again(self, app: App, hub_id: int, events: Collection[Event]) -> None:
        """Send events now: those that wait for a retry do not wait, those that are settled go out once more."""
        with self._changed:
            channel = self._channel(app.client_id, hub_id)
            waiting = self._take_from_later(channel, {event["eventId"] for event in events})
            hurried = {event["eventId"] for event in waiting}
            settled = [dict(event) for event in events if event["eventId"] not in hurried]
            channel.pending += len(settled)
            for event in [*waiting, *settled]:
                self._make_ready(channel, event)
            self._changed.notify()

    def _take_from_later(self, channel: Channel, event_ids: Collection[int]) -> list[Event]:
        found = [row for row in self._later if row[2] is channel and row[3].get("eventId") in event_ids]
        if found:
            ties = {row[1] for row in found}
            self._later = [row for row in self._later if row[1] not in ties]
            heapq.heapify(self._later)
        return [row[3] for row in found]

    def drop(self, hub_id: int, client_id: str | None = None) -> None:
        """The app was uninstalled, or the account is gone: nothing more is sent."""
        with self._changed:
            for key, channel in list(self._channels.items()):
                if channel.hub_id == hub_id and client_id in (None, channel.client_id):
                    self._close(key, channel)

    def clear(self) -> None:
        with self._changed:
            for key, channel in list(self._channels.items()):
                self._close(key, channel)
            self._later.clear()

    def _close(self, key: tuple[str, int], channel: Channel) -> None:
        channel.closed = True
        channel.ready.clear()
        self._runnable.pop(channel, None)
        del self._channels[key]

    # -- deciding what goes out ------------------------------------------------------------------------------------

    def _promote(self) -> None:
        now = self._clock.now_ms()
        while self._later and self._later[0][0] <= now:
            _, _, channel, event = heapq.heappop(self._later)
            if not channel.closed:
                self._make_ready(channel, event)

    def _next_batch(self, *, linger: bool) -> Batch | None:
        now = time.monotonic()
        for channel in self._runnable:
            app = self._app_of(channel.client_id)
            if app is None or app.webhook is None or (linger and self._linger_left(channel, now) > 0):
                continue
            if channel.in_flight < app.webhook.max_concurrent_requests:
                return self._take_out(channel, app, now)
            self._tell_limited(channel, app)
        return None

    def _tell_limited(self, channel: Channel, app: App) -> None:
        """Once, until all that waits has gone out: HubSpot's own log shows such an entry too."""
        if not channel.limited:
            channel.limited = True
            waiting = list(itertools.islice(channel.ready, LARGEST_BATCH))
            self.posting.note(app, channel.hub_id, waiting, "Concurrency limited")

    def _sendable(self, channel: Channel) -> bool:
        app = self._app_of(channel.client_id)
        return app is not None and app.webhook is not None and channel.in_flight < app.webhook.max_concurrent_requests

    def _linger_left(self, channel: Channel, now: float) -> float:
        """A batch that is not full waits a moment for more."""
        if len(channel.ready) >= LARGEST_BATCH:
            return 0.0
        return channel.ready_since + self._linger_s - now

    def _take_out(self, channel: Channel, app: App, now: float) -> Batch:
        count = min(LARGEST_BATCH, len(channel.ready))
        events = [channel.ready.popleft() for _ in range(count)]
        channel.in_flight += 1
        self._under_way += 1
        channel.ready_since = now
        # To the end of the line, so that a busy account does not hold up the others.
        del self._runnable[channel]
        if channel.ready:
            self._runnable[channel] = None
        else:
            channel.limited = False
        return Batch(channel, app, events)

    def _pause_s(self) -> float | None:
        """How long nothing will happen by itself."""
        waits: list[float] = []
        if self._later:
            waits.append((self._later[0][0] - self._clock.now_ms()) / 1000)
        now = time.monotonic()
        waits += [self._linger_left(channel, now) for channel in self._runnable if self._sendable(channel)]
        return max(min(waits), 0.001) if waits else None

    # -- sending ---------------------------------------------------------------------------------------------------

    def _deliver(self, batch: Batch) -> None:
        accepted = False
        try:
            accepted = self.posting.post(batch.app, batch.channel.hub_id, batch.events).accepted
        finally:
            self._settle(batch, accepted=accepted)

    def _settle(self, batch: Batch, *, accepted: bool) -> None:
        channel = batch.channel
        with self._changed:
            channel.in_flight -= 1
            self._under_way -= 1
            if accepted or channel.closed:
                channel.pending -= len(batch.events)
            else:
                for event in batch.events:
                    self._retry(channel, event)
            self._changed.notify()

    def _retry(self, channel: Channel, event: Event) -> None:
        event["attemptNumber"] += 1
        wait_ms = delay_ms(event["attemptNumber"], self._dice)
        if wait_ms is None:
            channel.pending -= 1
        else:
            self._put_off(channel, event, wait_ms)

    def deliver_due(self) -> int:
        """Send everything that is due, in this thread; how many requests that took."""
        count = 0
        while True:
            with self._changed:
                self._promote()
                batch = self._next_batch(linger=False)
            if batch is None:
                return count
            self._deliver(batch)
            count += 1

    # -- threads ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._dispatcher.start()

    def stop(self) -> None:
        """Send nothing more. Requests under way are not waited for."""
        self._dispatcher.stop()
        self._workers.end()

    def wake(self) -> None:
        """Look again at what may go out: time has moved, or an app has changed."""
        with self._changed:
            self._changed.notify()

    def _dispatch(self) -> None:
        self._promote()
        batch = self._next_batch(linger=True)
        if batch is None:
            self._changed.wait(self._pause_s())
        else:
            self._workers.hand_out(batch, self._under_way)


def _wait_ms(actions: dict[str, Fault]) -> int:
    wait = 0
    if "delay" in actions:
        wait += int(actions["delay"].params.get("ms", 1_000))
    if "reorder" in actions:
        fault = actions["reorder"]
        wait += fault.random.randrange(int(fault.params.get("window_ms", 2_000)))
    return wait
