from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys

import pytest

from demo import ports
from demo.place import private_folder


def test_a_port_in_use_is_refused_with_its_holder_and_the_variable_that_moves_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ports.PortTaken) as refusal:
            ports.require_free(port, "WEB_PORT", "the app")
    said = str(refusal.value)
    assert f"Port {port}" in said
    assert f"process {os.getpid()}" in said
    assert f"WEB_PORT={port + 10}" in said


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_a_listener_on_the_other_address_of_localhost_counts() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_port_just_released_is_free_although_its_connections_linger() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # closed first on this side: it lingers here
    assert ports.is_free(port)


def test_free_ports_come_in_a_row() -> None:
    first = ports.free_ports(3)
    assert all(ports.is_free(port) for port in range(first, first + 3))


def test_nobody_is_given_a_port_of_somebody_else() -> None:
    """Before anybody listens: two runs that start at once must not choose the same."""
    program = "from demo import ports; print([ports.free_ports(2) for _ in range(15)], flush=True); input()"
    others = [
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    given = [ports.free_ports(2) for _ in range(15)]
    for other in others:
        assert other.stdout is not None
        given += json.loads(other.stdout.readline())
    for other in others:
        other.communicate("\n")
    assert len({port for first in given for port in (first, first + 1)}) == 2 * len(given) == 120


def test_what_a_process_reserved_is_free_again_after_its_end() -> None:
    program = "from demo import ports; ports.free_ports(); print(ports._blocks[-1].first)"
    first = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    lock = os.open(private_folder("ports") / first, os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)
