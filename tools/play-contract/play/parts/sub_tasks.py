"""Sub-tasks as agents see them: creation, lists, edits, and what each step changes."""

from play.client import NOBODY
from play.lists import List, exactly
from play.world import STATUSES

CREATE, EDIT, ONE = (
    "POST /api/sub-tasks",
    "PUT /api/sub-tasks/{sub_task_id}",
    "GET /api/sub-tasks/{sub_task_id}",
)
STEP = "POST /api/sub-tasks/{sub_task_id}/"


def case_creation(play):
    world, planner = play.world, play.world.planner
    body = {
        "task_id": world.task,
        "module_id": world.module,
        "name": "Build",
        "description": "How.",
        "deliverable": "A file.",
        "acceptance": "It runs.",
        "priority": "low",
        "type": "recurring",
    }
    made = planner.ok(CREATE, body={**body, "unknown": []})
    play.equal("as sent", {key: made[key] for key in body}, body)
    fresh = ("status", "rework_count", "assigned_agent", "current_session_id", "completed_at")
    play.equal("fresh", [made[key] for key in fresh], ["pending", 0, None, None, None])
    least = planner.ok(CREATE, body={"task_id": world.task, "name": "x"})
    play.equal(
        "defaults", (least["priority"], least["type"], least["module_id"]), ("medium", "once", None)
    )
    given = planner.ok(
        CREATE, body={"task_id": world.task, "name": "x", "assigned_agent": world.executor.id}
    )
    play.equal("given", (given["status"], given["assigned_agent"]), ("assigned", world.executor.id))


def case_what_creation_refuses(play):
    world = play.world

    def refused(refusal, field=None, **body):
        body = {"task_id": world.task, "name": "x", **body}
        world.planner.refused(refusal, CREATE, body=body, field=field)

    refused("404 no such task", task_id=NOBODY)
    refused("404 no such module", module_id=NOBODY)
    refused("404 no such agent", assigned_agent=NOBODY)
    refused("422 module of another task", "module_id", module_id=world.other_module)
    play.differs("assignees")
    for agent in (world.planner, world.patrol, world.disabled):
        refused("422 no executor", "assigned_agent", assigned_agent=agent.id)
    play.differs("values")
    refused("422 unknown type", "type", type="BOGUS")
    refused("422 unknown priority", "priority", priority="BOGUS")
    for status in ("archived", "cancelled"):
        refused("409 task is over", task_id=world.task_in(status))


def case_lists(play):
    world = play.world
    work = List(world.planner, "GET /api/sub-tasks", base={"task_id": world.task})
    rows = work.rows()
    work.in_order(work.name, rows, "created_at")
    work.filters([exactly("status", one, nothing="nonsense") for one in STATUSES], rows)
    work.filters([exactly("module_id", world.module, nothing=NOBODY)], rows)
    work.same("empty filters", work.rows(status="", module_id=""), rows)
    work.agents_pages(rows)
    everywhere = List(world.planner, "GET /api/sub-tasks")
    everywhere.filters([exactly("task_id", world.task, nothing="nonsense")], rows)


def case_mine(play):
    world = play.world
    mine = List(world.executor, "GET /api/sub-tasks/mine")
    rows = mine.rows()
    mine.in_order(mine.name, rows, "created_at")
    play.equal("owners", {row["assigned_agent"] for row in rows}, {world.executor.id})
    statuses = [one for one in STATUSES if one not in ("pending", "cancelled")]
    mine.filters([exactly("status", one, nothing="nonsense") for one in statuses], rows)
    mine.agents_pages(rows)
    play.equal("of a stranger", List(world.patrol, mine.name).rows(), [])


def case_available(play):
    world = play.world
    for caller in (world.executor, world.reviewer):
        free = List(caller, "GET /api/sub-tasks/available")
        rows = free.rows()
        free.in_order(free.name, rows, "created_at")
        play.equal("status", {row["status"] for row in rows}, {"pending"})
        play.check(world.work["pending"] in {row["id"] for row in rows}, "pending work is there")
    free.agents_pages(rows)


def case_latest(play):
    world, name = play.world, "GET /api/sub-tasks/latest"
    agent = world.register("executor")
    agent.refused("404 nothing there", name, query={"task_id": world.task})
    agent.refused("422 no task", name, field="task_id")
    first, second = (world.work_in("assigned", agent) for _ in range(2))
    play.equal("newest", agent.ok(name, query={"task_id": world.task})["id"], second)
    world.step(agent, "start", first)
    play.equal("changed last", agent.ok(name, query={"task_id": world.task})["id"], first)
    agent.refused("404 nothing there", name, query={"task_id": world.other_task})


def case_edits(play):
    world, planner = play.world, play.world.planner
    work = world.new_work(description="Before.")
    kept = planner.ok(EDIT, work["id"], body={"name": None, "priority": None})
    play.equal("nothing edited", kept, planner.ok(ONE, work["id"]))
    body = {
        "name": "Another",
        "description": "",
        "deliverable": "D",
        "acceptance": "A",
        "priority": "high",
    }
    edited = planner.ok(EDIT, work["id"], body={**body, "status": "done", "unknown": 1})
    play.equal("edited", {key: edited[key] for key in body}, body)
    play.equal("status stays", edited["status"], "pending")
    planner.refused(
        "422 unknown priority", EDIT, work["id"], body={"priority": "BOGUS"}, field="priority"
    )
    for status in ("in_progress", "review", "done", "cancelled"):
        planner.refused("409 wrong status", EDIT, world.work[status], body={"name": "x"})
    planner.refused("404 no such sub-task", EDIT, NOBODY, body={"name": "x"})
    planner.refused("404 no such sub-task", ONE, "nonsense")


def case_side_effects(play):
    world = play.world
    owner, other = world.executor, world.second
    work = world.new_work()["id"]
    claimed = world.step(owner, "claim", work, {"session_id": "s1"})
    play.equal(
        "claim", (claimed["assigned_agent"], claimed["current_session_id"]), (owner.id, "s1")
    )
    started = world.step(owner, "start", work, {"session_id": ""})
    play.equal("an empty session is kept", started["current_session_id"], "s1")
    bound = owner.ok(STEP + "session", work, body={"session_id": "s2"})
    play.equal("session", (bound["status"], bound["current_session_id"]), ("in_progress", "s2"))
    submitted = world.step(owner, "submit", work)
    play.equal("submit keeps the session", submitted["current_session_id"], "s2")
    rejected = world.step(world.reviewer, "rework", work, {"rework_agent": other.id})
    play.equal("rework", (rejected["rework_count"], rejected["assigned_agent"]), (1, other.id))
    blocked = world.step(world.patrol, "block", work, {"anything": "is ignored"})
    play.equal(
        "block", (blocked["current_session_id"], blocked["assigned_agent"]), (None, other.id)
    )
    given = world.planner.ok(STEP + "reassign", work, body={"agent_id": owner.id})
    play.equal(
        "reassign",
        (given["assigned_agent"], given["current_session_id"], given["rework_count"]),
        (owner.id, None, 1),
    )
    cancelled = world.step(world.planner, "cancel", work)
    play.equal(
        "cancel", (cancelled["assigned_agent"], cancelled["current_session_id"]), (owner.id, None)
    )
    bare = world.new_work()["id"]
    play.equal("no session", world.step(owner, "claim", bare)["current_session_id"], None)


def case_completing_without_a_review(play):
    world = play.world
    play.differs("complete")
    work = world.work_in("review")
    done = world.step(world.reviewer, "complete", work)
    play.check(
        done["completed_at"] is not None and done["status"] == "done", "complete sets completed_at"
    )
    records = List(world.reviewer, "GET /api/review-records").rows(sub_task_id=work)
    play.equal("records", [(one["result"], one["round"]) for one in records], [("approved", 1)])
    log = List(world.executor, "GET /api/scores/me/logs").rows()
    play.check(work not in {row["sub_task_id"] for row in log}, "no score")


def case_only_the_owner_works(play):
    world, other = play.world, play.world.second
    play.differs("owner")
    other.refused("409 not the owner", STEP + "start", world.work["assigned"])
    other.refused("409 not the owner", STEP + "submit", world.work["in_progress"])
    other.refused(
        "409 not the owner", STEP + "session", world.work["in_progress"], body={"session_id": "x"}
    )
    play.differs("repeats")
    for step, status in (("claim", "assigned"), ("start", "in_progress"), ("submit", "review")):
        work = world.work_in(status)
        before = world.executor.ok(ONE, work)
        play.equal(f"{step} again", world.step(world.executor, step, work), before)


def case_what_steps_refuse(play):
    world = play.world
    for caller, step, body in [
        (world.executor, "claim", {}),
        (world.executor, "start", {}),
        (world.executor, "submit", {}),
        (world.executor, "session", {"session_id": "x"}),
        (world.reviewer, "complete", {}),
        (world.reviewer, "rework", {}),
        (world.patrol, "block", {}),
        (world.planner, "cancel", {}),
        (world.planner, "reassign", {"agent_id": world.executor.id}),
    ]:
        for unknown in (NOBODY, "nonsense"):
            caller.refused("404 no such sub-task", STEP + step, unknown, body=body)
    executor = world.executor
    executor.refused(
        "422 no session", STEP + "session", world.work["in_progress"], body={}, field="session_id"
    )
    executor.refused("422 null body", STEP + "claim", world.work["pending"], body=None)
    executor.refused("422 null body", STEP + "start", world.work["assigned"], body=None)
    review = world.work["review"]
    world.reviewer.refused("422 null body", STEP + "rework", review, body=None)
    world.reviewer.refused(
        "404 no such agent", STEP + "rework", review, body={"rework_agent": NOBODY}
    )
    give = STEP + "reassign"
    world.planner.refused(
        "404 no such agent", give, world.work["blocked"], body={"agent_id": NOBODY}
    )
    world.planner.refused(
        "422 no executor",
        give,
        world.work["blocked"],
        body={"agent_id": world.patrol.id},
        field="agent_id",
    )
    claim = executor.send(
        "POST",
        f"/api/sub-tasks/{world.new_work()['id']}/claim",
        content=b"",
        headers={"Content-Type": "application/json"},
    )
    play.equal("a type without a body", claim.status, 200)
