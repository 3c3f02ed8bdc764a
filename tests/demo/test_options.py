from __future__ import annotations

from pathlib import Path

import pytest

from demo.options import Misused, Options, read_options


def test_nothing_said_is_nothing_decided() -> None:
    assert read_options({"WEB_PORT": "", "DEMO_DATA": " "}) == Options(None, None, None)


def test_what_is_said_counts() -> None:
    given = {"WEB_PORT": "9000", "EMULATOR_PORT": "9100", "DEMO_DATA": "elsewhere"}
    assert read_options(given) == Options(Path("elsewhere"), 9000, 9100)


def test_the_web_server_listens_where_the_public_address_says() -> None:
    assert read_options({"PUBLIC_URL": "http://localhost:9000"}).web_port == 9000
    assert read_options({"PUBLIC_URL": "http://localhost:9000", "WEB_PORT": "9001"}).web_port == 9001
    assert read_options({"PUBLIC_URL": "https://tunnel.example"}).web_port is None


@pytest.mark.parametrize("given", ["http", "-1", "0", "65535", "80 80"])
def test_a_port_that_is_none_is_refused_by_name(given: str) -> None:
    with pytest.raises(Misused, match="WEB_PORT"):
        read_options({"WEB_PORT": given})
