"""The properties of deals."""

from __future__ import annotations

from emulator.crm.catalog.kinds import Standard
from emulator.crm.catalog.shorthand import choice, derived, moment, number, pipeline, stage, system, text
from emulator.crm.object_types import DEAL

_INFO = "dealinformation"

GROUPS = ((_INFO, "Deal information"),)

PROPERTIES = (
    text("dealname", "Deal Name", _INFO),
    number("amount", "Amount", _INFO),
    moment("closedate", "Close Date", _INFO),
    pipeline("pipeline", _INFO),
    stage("dealstage", "Deal Stage", _INFO),
    text("description", "Deal Description", _INFO, long=True),
    text("hs_next_step", "Next step", _INFO),
    text("closed_lost_reason", "Closed Lost Reason", _INFO, long=True),
    text("closed_won_reason", "Closed Won Reason", _INFO, long=True),
    choice("dealtype", "Deal Type", _INFO, ("newbusiness", "New Business"), ("existingbusiness", "Existing Business")),
    choice("hs_priority", "Priority", _INFO, ("low", "Low"), ("medium", "Medium"), ("high", "High")),
    derived("hs_is_closed", "Is deal closed?", _INFO, "bool"),
    derived("hs_is_closed_won", "Is closed won", _INFO, "bool"),
    derived("hs_deal_stage_probability", "Deal probability", _INFO, "number"),
    *system(_INFO, DEAL),
)

STANDARD = (Standard(DEAL, GROUPS, PROPERTIES),)
