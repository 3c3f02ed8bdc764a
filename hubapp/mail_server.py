"""Where e-mail goes, as one address: EMAIL_URL."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_BACKENDS = "django.core.mail.backends"
_FORMS = "use smtps://user:password@host, smtp://user:password@host (with STARTTLS), console: or off:"


@dataclass(frozen=True)
class MailServer:
    """What Django's mail backends want to know. `is_on` is False when nothing is to be sent at all."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    use_tls: bool = False  # STARTTLS
    use_ssl: bool = False  # TLS from the first byte

    @property
    def is_on(self) -> bool:
        return self.backend != f"{_BACKENDS}.dummy.EmailBackend"


def parse(text: str) -> MailServer:
    """Read EMAIL_URL. Raises ImproperlyConfigured, without showing the password.

    smtp:// demands STARTTLS except on this machine: a password and people's addresses would travel readable.
    """
    if text in {"off:", "console:"}:
        name = "dummy" if text == "off:" else "console"
        return MailServer(f"{_BACKENDS}.{name}.EmailBackend")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ImproperlyConfigured(f"EMAIL_URL cannot be read; {_FORMS}.") from error
    if url.scheme not in {"smtp", "smtps"} or not url.hostname or url.path.strip("/") or url.query or url.fragment:
        raise ImproperlyConfigured(f"EMAIL_URL names no mail server; {_FORMS}.")
    return _smtp(url, url.hostname, port)


def _smtp(url: SplitResult, host: str, port: int | None) -> MailServer:
    is_smtps = url.scheme == "smtps"
    return MailServer(
        f"{_BACKENDS}.smtp.EmailBackend",
        host=host,
        port=port or (465 if is_smtps else 587),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        use_tls=not is_smtps and not _is_this_machine(host),
        use_ssl=is_smtps,
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
