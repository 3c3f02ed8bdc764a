"""What happens to an account as a whole: it moves, its day ends, its users leave the app."""

from __future__ import annotations

from emulator.scenarios.stage import Scenario, ScenarioRefused, Stage


def _migration_477(stage: Stage) -> None:
    portal, moves = stage.portal(), stage.emulator.moves
    with stage.emulator.lock:
        moves.begin(portal.hub_id, stage.number("seconds"))
    stage.undo.append(lambda: moves.forget(portal.hub_id))


def _region_move(stage: Stage) -> None:
    """Ending it early ends the 477, and leaves the account where it is."""
    portal, origins = stage.portal(), stage.emulator.options.origins
    hublet = stage.parameters["hublet"] or next((name for name in origins if name != portal.hublet), None)
    if hublet not in origins:
        raise ScenarioRefused(f"there is no region {hublet}")
    heals = stage.text("healed_by") == "refreshing"
    stage.emulator.move(portal, str(hublet), lasts_s=stage.number("seconds"), refreshing_heals=heals)
    stage.undo.append(lambda: stage.emulator.moves.forget(portal.hub_id))
    stage.outcome["hublet"] = hublet


def _clock_midnight(stage: Stage) -> None:
    portal = stage.portal()
    ahead_s = (portal.next_midnight_ms(stage.now_ms) - stage.now_ms) / 1000 - stage.number("before_s")
    stage.emulator.advance(max(0.0, ahead_s))


def _silent_uninstall(stage: Stage) -> None:
    app, portal = stage.app(), stage.portal()
    stage.emulator.uninstall(app, portal.hub_id, tokens_live_on=stage.text("tokens") == "until_expiry")
    stage.outcome["client_id"] = app.client_id


SCENARIOS = (
    Scenario(
        "migration_477",
        "The account is being moved within its region: every call answers 477 with Retry-After.",
        _migration_477,
        {"seconds": 3_600, "hub_id": None},
    ),
    Scenario(
        "region_move",
        "The account moves to another region: 477 at first, then 488 for the tokens there were.",
        _region_move,
        {"seconds": 600, "hub_id": None, "hublet": None, "healed_by": "refreshing"},
    ),
    Scenario(
        "clock_midnight",
        "It is a moment before the account's midnight, when daily allowances start anew.",
        _clock_midnight,
        {"hub_id": None, "before_s": 2.0},
    ),
    Scenario(
        "silent_uninstall",
        "A user removes the app, and nobody tells it.",
        _silent_uninstall,
        {"hub_id": None, "client_id": None, "tokens": "die"},
    ),
)
