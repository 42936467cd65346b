"""The activity log as agents write and read it."""

from play.client import NOBODY
from play.lists import List, exactly

ACTIONS = ("blocked", "coding", "delivery", "patrol", "plan", "reflection", "review")
WRITE = "POST /api/logs"


def case_writing(play):
    world = play.world
    cast = (world.planner, world.executor, world.reviewer, world.patrol)
    for number, action in enumerate(ACTIONS):
        entry = cast[number % 4].ok(
            WRITE, body={"action": action, "summary": f"Did 100% of {action}."}
        )
        play.equal("entry", (entry["action"], entry["sub_task_id"]), (action, None))
    body = {
        "action": "coding",
        "summary": "Two\nlines",
        "sub_task_id": world.work["in_progress"],
        "session_id": "s1",
    }
    entry = world.executor.ok(WRITE, body={**body, "unknown": 1})
    play.equal("as sent", {key: entry[key] for key in body}, body)
    world.executor.refused("422 unknown action", WRITE, body={"action": "sleep"}, field="action")
    play.differs("ids")
    for unknown in ("nope", NOBODY):
        world.executor.refused(
            "422 no such sub-task",
            WRITE,
            field="sub_task_id",
            body={"action": "coding", "sub_task_id": unknown},
        )


def case_reading(play):
    world = play.world
    log = List(world.planner, "GET /api/logs", base={"limit": 500, "days": 60})
    rows = log.rows()
    log.in_order(log.name, rows, "created_at")
    filters = [exactly("action", one, nothing="sleep") for one in ACTIONS]
    filters += [
        exactly("agent_id", world.executor.id, nothing=NOBODY),
        exactly("sub_task_id", world.work["in_progress"], nothing="nonsense"),
    ]
    log.filters(filters, rows)
    log.same("empty filters", log.rows(action="", agent_id="", sub_task_id=""), rows)
    plain = List(world.planner, "GET /api/logs")
    play.equal("limits", [len(plain.rows(limit=limit)) for limit in (-1, 1, 3)], [1, 1, 3])
    for twenty in ({}, {"limit": 0}):
        play.equal("20 are usual", len(plain.rows(**twenty)), min(20, len(rows)))
    for days in (0, -5, 1, 1000):
        play.equal(f"days={days}", len(plain.rows(limit=500, days=days)), len(rows))


def case_mine(play):
    world = play.world
    mine = List(world.executor, "GET /api/logs/mine")
    rows = mine.rows()
    everybody = List(world.planner, "GET /api/logs", base={"limit": 500}).rows()
    play.equal("mine", rows, [row for row in everybody if row["agent_id"] == world.executor.id])
    mine.filters([exactly("action", "coding", nothing="sleep")], rows)
    play.equal("limit", len(mine.rows(limit=1, days=1)), 1)
