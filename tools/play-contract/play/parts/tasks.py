"""Tasks and modules as agents see them."""

from play.client import NOBODY
from play.lists import List, exactly
from play.world import TASK_STATUSES

CREATE, EDIT = "POST /api/tasks", "PUT /api/tasks/{task_id}"
MOVE, CANCEL = "PUT /api/tasks/{task_id}/status", "POST /api/tasks/{task_id}/cancel"
MODULES, ADD = "GET /api/tasks/{task_id}/modules", "POST /api/tasks/{task_id}/modules"


def case_creation(play):
    planner = play.world.planner
    task = planner.ok(
        CREATE, body={"name": "Ship it", "description": "All.", "type": "recurring", "x": 1}
    )
    play.equal(
        "new",
        (task["status"], task["type"], task["description"]),
        ("planning", "recurring", "All."),
    )
    play.equal("type", planner.ok(CREATE, body={"name": "x"})["type"], "once")
    play.differs("times")
    play.equal("one", planner.ok("GET /api/tasks/{task_id}", task["id"]), task)
    planner.refused(
        "422 unknown type", CREATE, body={"name": "x", "type": "sometimes"}, field="type"
    )
    planner.refused("422 blank name", CREATE, body={"name": " "}, field="name")


def case_the_list(play):
    world = play.world
    tasks = List(world.executor, "GET /api/tasks")
    rows = tasks.rows()
    tasks.in_order("GET /api/tasks", rows, "created_at")
    tasks.filters(
        [exactly("status", one, nothing="nonsense") for one in TASK_STATUSES if one in world.tasks],
        rows,
    )
    tasks.same("empty filter", tasks.rows(status=""), rows)
    tasks.agents_pages(rows)


def case_edits(play):
    world = play.world
    for status, task in world.tasks.items():
        before = world.planner.ok("GET /api/tasks/{task_id}", task)
        if status in ("planning", "active", "in_progress"):
            kept = world.planner.ok(EDIT, task, body={"name": None})
            play.equal(f"nothing edited in {status}", kept, before)
            name = world.name(f"Renamed {status}")
            edited = world.planner.ok(EDIT, task, body={"name": name})
            play.equal(
                "edited", (edited["name"], edited["description"]), (name, before["description"])
            )
            play.check(edited["updated_at"] > before["updated_at"], "updated_at moves")
        else:
            world.planner.refused("409 wrong status", EDIT, task, body={"name": "x"})
            play.equal(
                f"{status} stays", world.planner.ok("GET /api/tasks/{task_id}", task), before
            )
    world.planner.refused("404 no such task", EDIT, NOBODY, body={"name": "x"})
    world.planner.refused("404 no such task", "GET /api/tasks/{task_id}", "nonsense")


def case_moves(play):
    world, planner = play.world, play.world.planner
    play.differs("statuses")
    values = [one for one in TASK_STATUSES if one != "cancelled"]
    for start in ("planning", "active", "in_progress", "completed"):
        for end in values:
            task = world.task_in(start)
            moved = planner.ok(MOVE, task, body={"status": end})
            play.equal(f"{start} to {end}", moved["status"], end)
    play.differs("revival")
    for start in ("archived", "cancelled"):
        task = world.task_in(start)
        planner.refused("409 revived", MOVE, task, body={"status": "active"})
        play.equal(
            "by the admin", play.admin.ok(MOVE, task, body={"status": "active"})["status"], "active"
        )
    planner.refused(
        "422 unknown status", MOVE, world.task, body={"status": "started"}, field="status"
    )
    planner.refused("422 cancelled", MOVE, world.task, body={"status": "cancelled"}, field="status")
    planner.refused("404 no such task", MOVE, NOBODY, body={"status": "active"})


def case_cancelling(play):
    world, planner = play.world, play.world.planner
    for status in TASK_STATUSES:
        task = world.task_in(status)
        if status in ("planning", "active", "in_progress"):
            play.equal(status, planner.ok(CANCEL, task)["status"], "cancelled")
        else:
            planner.refused("409 over already", CANCEL, task)
    planner.refused("404 no such task", CANCEL, NOBODY)
    play.differs("cancelled tasks")
    task = world.new_task()["id"]
    work = planner.ok("POST /api/sub-tasks", body={"task_id": task, "name": "x"})["id"]
    planner.ok(CANCEL, task)
    claim = world.executor.ask("POST /api/sub-tasks/{sub_task_id}/claim", work)
    world.executor.problem(claim, 409)


def case_tasks_move(play):
    world = play.world
    play.differs("tasks move")
    task = world.task_in("active")
    work = world.new_work(task_id=task)["id"]
    world.step(world.executor, "claim", work)
    world.step(world.executor, "start", work)
    play.equal("task", world.planner.ok("GET /api/tasks/{task_id}", task)["status"], "in_progress")


def case_modules(play):
    world = play.world
    task = world.new_task()["id"]
    body = {"name": "Core", "description": "The heart."}
    made = [world.planner.ok(ADD, task, body=body) for _ in range(2)]
    play.equal("made", (made[0]["task_id"], made[0]["name"]), (task, "Core"))
    play.equal("listed", world.executor.ok(MODULES, task), made)
    play.equal("unknown task", world.executor.ok(MODULES, NOBODY), [])
    world.planner.refused("404 no such task", ADD, NOBODY, body=body)
