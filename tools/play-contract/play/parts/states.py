"""The state machine: every operation from every status, 96 pairs."""

from play.world import STATUSES

STEP = "POST /api/sub-tasks/{sub_task_id}/"
REVIEW = "POST /api/review-records"

# operation: who, from which statuses, to which ("same" stays), also allowed by ours
OPEN = [one for one in STATUSES if one not in ("done", "cancelled")]
MACHINE = {
    "claim": ("second", ["pending"], "assigned"),
    "start": ("executor", ["assigned", "rework"], "in_progress"),
    "session": ("executor", ["in_progress"], "in_progress"),
    "submit": ("executor", ["in_progress"], "review"),
    "approved": ("reviewer", ["review"], "done"),
    "rejected": ("reviewer", ["review"], "rework"),
    "complete": ("reviewer", ["review"], "done"),
    "rework": ("reviewer", ["review"], "rework"),
    "block": ("patrol", ["assigned", "in_progress", "rework"], "blocked"),
    "reassign": ("planner", ["blocked", "assigned"], "assigned"),
    "edit": ("planner", ["pending", "assigned"], "same"),
    "cancel": ("planner", OPEN, "cancelled"),
}
# Where ours does more than the contract: one's own step again, and what DESIGN's table adds.
REPEATS = {("start", "in_progress"), ("submit", "review")}
MORE = {("reassign", "pending"), ("reassign", "rework"), ("edit", "rework"), ("edit", "blocked")}


def call(world, operation, who, work):
    """The operation's name, path ids and body."""
    caller = getattr(world, who)
    if operation in ("approved", "rejected"):
        body = {"sub_task_id": work, "result": operation, "score": 3, "issues": "Some."}
        return caller, REVIEW, [], body
    if operation == "edit":
        return caller, "PUT /api/sub-tasks/{sub_task_id}", [work], {"description": "Edited."}
    bodies = {"session": {"session_id": "s9"}, "reassign": {"agent_id": world.second.id}}
    return caller, STEP + operation, [work], bodies.get(operation, {})


def case_every_operation_from_every_status(play):
    world = play.world
    pairs = 0
    for operation, (who, sources, target) in MACHINE.items():
        for status in STATUSES:
            pairs += 1
            play.scene = f"states: {operation} from {status}"
            work = world.work_in(status)
            before = world.planner.ok("GET /api/sub-tasks/{sub_task_id}", work)
            caller, name, ids, body = call(world, operation, who, work)
            if status in sources:
                caller.ok(name, *ids, body=body)
                expected = status if target == "same" else target
            elif (operation, status) in REPEATS:
                play.differs("repeats")
                caller.ok(name, *ids, body=body)
                expected = status
            elif (operation, status) in MORE:
                play.differs("more steps")
                caller.ok(name, *ids, body=body)
                expected = "assigned" if operation == "reassign" else status
            else:
                caller.refused("409 wrong status", name, *ids, body=body)
                expected = None
            after = world.planner.ok("GET /api/sub-tasks/{sub_task_id}", work)
            if expected is None:
                play.equal("nothing changed", after, before)
            else:
                play.equal("status", after["status"], expected)
    play.equal("pairs", pairs, 96)
