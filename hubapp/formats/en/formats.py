from __future__ import annotations

DATETIME_FORMAT = "Y-m-d H:i:s"
DATE_FORMAT = SHORT_DATE_FORMAT = "Y-m-d"
THOUSAND_SEPARATOR = ","
