"""How Django writes times where no format is given: to the second, as somebody who reads logs expects."""

from __future__ import annotations
