"""What a form has as a record. HubSpot defines properties of forms too, though no API reads their values."""

from __future__ import annotations

from emulator.crm.catalog.shorthand import derived, text

_GROUP = "form_information"

NAMES = ("form", "forms", "0-28")
PROPERTIES = (
    text("hs_name", "Form name", _GROUP),
    derived("hs_form_id", "Form ID", _GROUP),
    derived("hs_form_type", "Form type", _GROUP),
    derived("hs_createdate", "Create date", _GROUP, "datetime"),
    derived("hs_lastmodifieddate", "Last modified date", _GROUP, "datetime"),
    derived("hs_object_id", "Record ID", _GROUP, "number"),
)
