"""When beat says what. Every message runs out before the next one: a worker that was away catches up with none."""

from __future__ import annotations

MINUTE = 60.0


def _every(seconds: float, task: str) -> dict[str, object]:
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


SCHEDULE = {
    "work": _every(10, "lanes.work"),
    "send mails": _every(30, "installations.send_mails"),
    "read journal": _every(15, "webhooks.read_journal"),
    "sweep": _every(MINUTE, "lanes.sweep"),
    "sample queue age": _every(MINUTE / 2, "lanes.sample_queue_age"),  # so that no minute is missed
    "adopt strays": _every(MINUTE, "webhooks.adopt_strays"),
    "end dry runs": _every(MINUTE, "installations.end_dry_runs"),
    "note others' calls": _every(MINUTE, "installations.note_others_calls"),
    "watch for anomalies": _every(5 * MINUTE, "installations.watch_for_anomalies"),
    "give up unclaimed": _every(MINUTE, "installations.give_up_unclaimed"),
    "purge events": _every(10 * MINUTE, "webhooks.purge_events"),
    "purge calls": _every(10 * MINUTE, "installations.purge_calls"),
    "purge quarantine": _every(60 * MINUTE, "webhooks.purge_quarantine"),
    "erase those due": _every(60 * MINUTE, "installations.erase_those_due"),
    "purge queue age": _every(60 * MINUTE, "lanes.purge_queue_age"),
    "purge changes": _every(60 * MINUTE, "crm.purge_changes"),
    "purge mails": _every(60 * MINUTE, "installations.purge_mails"),
    "remind of rotation": _every(60 * MINUTE, "installations.remind_of_rotation"),
    "purge flows": _every(60 * MINUTE, "installations.purge_flows"),
    "purge card visits": _every(10 * MINUTE, "embedded.purge_visits"),
    "clear sessions": _every(60 * MINUTE, "hubapp.clear_sessions"),
}
