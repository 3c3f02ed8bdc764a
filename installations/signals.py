"""What rooms to the left may want to know. Sent inside the transaction that makes it true."""

from __future__ import annotations

from django.dispatch import Signal

portal_connected = Signal()  # portal: installed or reconnected; work may begin
scopes_changed = Signal()  # portal: a renewed token has other scopes than the one before
portal_needs_reconnect = Signal()  # portal: HubSpot refuses our tokens; work must rest
portal_disconnected = Signal()  # portal: somebody asked to leave, or HubSpot removed us; work must stop
erase_portal = Signal()  # portal: delete everything you hold about it
calls_may_go_on = Signal()  # portal_ids, None for all: what held calls back is over; work that waits for it may begin
signed_out_everywhere = Signal()  # user_id: a HubSpot user wants nothing open in any browser any more
