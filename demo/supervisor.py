"""Look after running children: notice a death, start again or give up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from . import children
from .logs import tail
from .patience import Patience, how_it_ended
from .postgres import PostgresFailed
from .programs import ProgramFailed
from .redis import RedisFailed
from .roster import Child

START_FAILED = (PostgresFailed, RedisFailed, ProgramFailed, OSError)
_GLANCE_S = 0.2


@dataclass
class Post:
    """One child's place in the stack. `wanted` is false before its start and after somebody stopped it."""

    name: str
    child: Child
    patience: Patience
    wanted: bool = field(default=False, init=False)
    _expected: bool = field(default=False, init=False)
    _started_at: float = field(default=0.0, init=False)
    _restart_at: float | None = field(default=None, init=False)

    @property
    def running(self) -> bool:
        process = self.child.process
        return process is not None and process.poll() is None

    def launch(self) -> None:
        self.wanted, self._expected, self._restart_at = True, False, None
        self._started_at = time.monotonic()
        self.child.launch()

    def start(self) -> None:
        """Start, or start anew if it runs. Raises one of START_FAILED."""
        self.child.stop()
        self.launch()
        self.child.wait_until_ready()

    def stop(self) -> None:
        self.wanted = False
        self.child.stop()

    def expect_death(self) -> None:
        """Somebody is about to kill this child on purpose: that says nothing about its health."""
        self._expected = True

    def schedule_restart(self) -> float | None:
        """Return the seconds until the next start, None when it is time to give up."""
        now = time.monotonic()
        pause_s = self.patience.pause_s if self._expected else self.patience.pause_after(now - self._started_at)
        self._restart_at = None if pause_s is None else now + pause_s
        return pause_s

    @property
    def scheduled(self) -> bool:
        return self._restart_at is not None

    @property
    def due(self) -> bool:
        return self._restart_at is not None and time.monotonic() >= self._restart_at


class Supervisor:
    """A thread that looks at every post a few times a second. `gave_up` holds the reason once it has."""

    def __init__(self, posts: Mapping[str, Post], lock: threading.RLock, say: Callable[[str], None]) -> None:
        self.gave_up: str | None = None
        self.finished = threading.Event()  # set when it gave up or was asked to end
        self._posts = posts
        self._lock = lock
        self._say = say
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.finished.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self.finished.wait(_GLANCE_S):
            with self._lock:
                for post in self._posts.values():
                    if post.wanted and not post.running and not self.finished.is_set():
                        self._look_after(post)

    def _look_after(self, post: Post) -> None:
        if not post.scheduled:
            self._notice(post)
        elif post.due:
            self._start_again(post)

    def _notice(self, post: Post) -> None:
        """Say that a child died, end what it left behind, and decide when it comes back."""
        process = post.child.process
        if process is None or process.returncode is None:
            return
        children.end_orphans(process)
        pause_s = post.schedule_restart()
        ending = how_it_ended(process.returncode)
        if pause_s is None:
            self.gave_up = (
                f"{post.name} {ending}, again and again. The end of {post.child.log}:\n{tail(post.child.log)}"
            )
            self.finished.set()
            return
        self._say(f"{post.name} {ending}; it is started again in {pause_s:g} s. Log: {post.child.log}")

    def _start_again(self, post: Post) -> None:
        try:
            post.start()
        except START_FAILED as error:
            self._say(f"{post.name} did not start again: {error}")
            post.child.stop()  # so that the next glance counts one more death
            return
        self._say(f"{post.name} runs again.")
