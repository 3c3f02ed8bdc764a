"""`python -m emulator`: a HubSpot on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING

from emulator.control.app_files import load_app
from emulator.control.fields import Rejected
from emulator.ids import id_of
from emulator.saving import SavedState
from emulator.scenarios.library import LIBRARY
from emulator.scenarios.stage import ScenarioRefused
from emulator.seed.demo import demo
from emulator.server import Listener, PortInUse, listeners
from emulator.world import HUBLETS, Emulator, Options

if TYPE_CHECKING:
    from emulator.proxy.service import HttpsProxy

SEEDS = {"none": None, "demo": demo}


def main(arguments: list[str] | None = None) -> int:
    wanted = _parser().parse_args(arguments)
    shown_host = _shown(wanted.host)
    origins = {hublet: f"http://{shown_host}:{wanted.port + place}" for place, hublet in enumerate(HUBLETS)}
    try:
        emulator = _emulator(wanted, origins)
        saved = SavedState(emulator, wanted.state) if wanted.state else None
        if saved:
            saved.load()
            _load_apps(emulator, wanted.app)
        for name in wanted.scenario:
            emulator.scenarios.begin(name)
        proxy = _https_proxy(emulator, wanted)
        servers: list[Listener | HttpsProxy] = [*listeners(emulator, wanted.host), *([proxy] if proxy else [])]
        for each in servers:
            each.start()
    except (PortInUse, Rejected, ProxyUnavailable, ScenarioRefused, OSError) as failure:
        sys.stderr.write(f"emulator: {failure}\n")
        return 1
    emulator.start()
    if saved:
        saved.start()
    _announce(origins, proxy, shown_host)
    _wait_for_signal()
    for each in servers:
        each.stop()
    emulator.stop()
    if saved:
        saved.stop()
    return 0


def _emulator(wanted: argparse.Namespace, origins: dict[str, str]) -> Emulator:
    """Raises Rejected for a file of an app that says something wrong."""

    def seed(emulator: Emulator) -> None:
        chosen = SEEDS[wanted.seed]
        if chosen is not None:
            chosen(emulator)
        _load_apps(emulator, wanted.app)

    options = Options(
        origins,
        search_lag_ms=wanted.search_lag_ms,
        webhook_linger_ms=wanted.webhook_linger_ms,
        journal_linger_ms=wanted.journal_linger_ms,
    )
    return Emulator(options, seed=seed)


def _load_apps(emulator: Emulator, paths: Iterable[Path]) -> None:
    for path in paths:
        load_app(emulator, path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A HubSpot that runs on a laptop.")
    parser.add_argument("--host", type=_address, default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8765, help="port of na1; eu1 is on the next (default 8765)")
    parser.add_argument("--seed", choices=sorted(SEEDS), default="none", help="accounts to begin with (default none)")
    parser.add_argument(
        "--app", type=Path, action="append", default=[], metavar="FILE", help="an app to configure; may be repeated"
    )
    parser.add_argument("--state", type=Path, help="keep the state in this file between runs")
    parser.add_argument(
        "--search-lag-ms", type=_milliseconds, default=0, help="how late search sees a change (default 0)"
    )
    parser.add_argument(
        "--webhook-linger-ms",
        type=_milliseconds,
        default=50,
        help="how long a batch waits for more events (default 50)",
    )
    parser.add_argument(
        "--journal-linger-ms",
        type=_milliseconds,
        default=1_000,
        help="how long the journal's files wait likewise (default 1000)",
    )
    parser.add_argument(
        "--https-proxy",
        type=_proxy_port,
        metavar="PORT",
        help="be api.hubapi.com for programs with HTTPS_PROXY so set",
    )
    parser.add_argument("--ca-dir", type=Path, help="where the proxy's authority is kept (default in ~/.cache)")
    parser.add_argument(
        "--scenario",
        action="append",
        choices=sorted(LIBRARY),
        default=[],
        metavar="NAME",
        help=f"begin with this scenario; may be given several times: {', '.join(sorted(LIBRARY))}",
    )
    return parser


# Every region has a port of its own, and the last one must be one too.
_LAST_PORT = 65_535 - len(HUBLETS) + 1


def _port(text: str) -> int:
    """Raises ArgumentTypeError."""
    number = id_of(text) or 0
    if not 1 <= number <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 1 to {_LAST_PORT}")
    return number


def _proxy_port(text: str) -> int:
    """0 is any that is free; which it was is announced.

    Raises ArgumentTypeError.
    """
    number = id_of(text)
    if number is None or number > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to 65535")
    return number


def _milliseconds(text: str) -> int:
    """Raises ArgumentTypeError."""
    number = id_of(text)
    if number is None:
        raise argparse.ArgumentTypeError(f"{text} is not a number of milliseconds")
    return number


def _address(text: str) -> str:
    """Raises ArgumentTypeError."""
    try:
        return str(ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not an IP address of this machine") from None


def _shown(host: str) -> str:
    """The host as addresses have it."""
    if host in ("127.0.0.1", "0.0.0.0", "::", "::1"):  # noqa: S104
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _announce(origins: dict[str, str], proxy: HttpsProxy | None, shown_host: str) -> None:
    announced: dict[str, object] = {"emulator": origins}
    if proxy:
        announced["https_proxy"] = {"address": f"http://{shown_host}:{proxy.port}", "ca": str(proxy.bundle)}
    sys.stdout.write(json.dumps(announced) + "\n")
    sys.stdout.flush()


class ProxyUnavailable(Exception):
    """The message says what to do."""


def _https_proxy(emulator: Emulator, wanted: argparse.Namespace) -> HttpsProxy | None:
    """Raises ProxyUnavailable."""
    if wanted.https_proxy is None:
        return None
    try:
        # Nothing else here makes certificates: the emulator runs without the package.
        from emulator.proxy import authority, service
    except ImportError as missing:
        raise ProxyUnavailable(f"--https-proxy makes certificates: pip install cryptography ({missing})") from None
    try:
        return service.HttpsProxy(emulator, wanted.host, wanted.https_proxy, wanted.ca_dir or service.default_folder())
    except authority.UnusableAuthority as unusable:
        raise ProxyUnavailable(str(unusable)) from None


def _wait_for_signal() -> None:
    asked: SimpleQueue[int] = SimpleQueue()  # its put is reentrant: another signal may interrupt the handler

    def handle(number: int, _frame: FrameType | None) -> None:
        asked.put(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    # A signal just before the thread falls asleep does not wake it; Python looks for it when it wakes by itself.
    while asked.empty():
        with contextlib.suppress(Empty):
            asked.get(timeout=0.5)
            return


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # A call that a fault holds up must not hold up the end: its thread is not waited for.
    os._exit(code)
