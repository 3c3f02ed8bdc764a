"""The filters of a list, from the JSON of the lists API to a test of one record.

developers.hubspot.com/docs/api-reference/latest/crm/lists/filters/guide
"""

from __future__ import annotations
