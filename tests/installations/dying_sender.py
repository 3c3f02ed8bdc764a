"""Send what is due through a mail server on PORT, and die once it took a letter: … dying_sender PORT."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

import django
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend


class DyingBackend(EmailBackend):
    """Ends its process, as the kernel would, between the server's answer and whatever comes after."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        super().send_messages(email_messages)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


if __name__ == "__main__":
    django.setup()
    from django.conf import settings

    from installations import outbox

    settings.EMAIL_BACKEND = "tests.installations.dying_sender.DyingBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sys.argv[1])
    outbox.send_due(for_s=10)
