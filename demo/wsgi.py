"""The app as our web server's workers load it: they end with the server, also when that is killed."""

from __future__ import annotations

import os
import signal
import sys

from hubapp.wsgi import application

from . import tether

__all__ = ["application"]

tether.end_with_parent(signal.SIGKILL)
if os.getppid() == 1:
    sys.exit("The web server is gone.")
