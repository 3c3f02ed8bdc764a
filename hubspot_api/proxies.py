"""The way out through a proxy, as HTTPS_PROXY and NO_PROXY name it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import httpcore2
import httpx2

_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that is asked for a tunnel (CONNECT), so that it sees host names and nothing else."""

    url: str
    user: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Read "http://user:password@proxy.example:3128". Raises ValueError, which does not quote what was given."""
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or parts.scheme not in _SCHEMES:
            raise ValueError("HTTPS_PROXY should be like http://proxy.example:3128") from None
        at = f"[{host}]" if ":" in host else host
        user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return cls(f"{parts.scheme}://{at}:{port or (443 if parts.scheme == 'https' else 80)}", user)

    def pool(self, **options: object) -> httpcore2.ConnectionPool:
        """Return connections through the proxy, with the options of a ConnectionPool."""
        return httpcore2.HTTPProxy(self.url, proxy_auth=self.user, **options)  # type: ignore[arg-type]


def proxy_of_the_environment() -> Proxy | None:
    """Return what HTTPS_PROXY (or https_proxy) names, None without it. Raises ValueError when it cannot be read."""
    text = getproxies_environment().get("https")
    return Proxy.parse(text) if text else None


class ByTheEnvironment(httpx2.BaseTransport):
    """Goes through the proxy, but straight to hosts that NO_PROXY names, and to whatever is not https."""

    def __init__(self, direct: httpx2.BaseTransport, proxied: httpx2.BaseTransport) -> None:
        self._direct = direct
        self._proxied = proxied

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises what the transport taken raises."""
        host = request.url.host
        straight = request.url.scheme != "https" or proxy_bypass_environment(host)
        return (self._direct if straight else self._proxied).handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        self._direct.close()
        self._proxied.close()
