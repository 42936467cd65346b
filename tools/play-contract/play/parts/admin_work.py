"""Tasks, modules and sub-tasks as an admin reads them."""

from play.client import NOBODY
from play.lists import List, contains, exactly
from play.world import STATUSES, TASK_STATUSES

TASKS, MODULES = "GET /api/admin/tasks", "GET /api/admin/tasks/{task_id}/modules"
ALL, OF_TASK = "GET /api/admin/sub-tasks", "GET /api/admin/tasks/{task_id}/sub-tasks"
OF_MODULE, ONE = (
    "GET /api/admin/modules/{module_id}/sub-tasks",
    "GET /api/admin/sub-tasks/{sub_task_id}",
)
MEANING = {"priority": ("high", "medium", "low"), "status": STATUSES}


def counts(rows):
    found = {f"{status}_count": sum(row["status"] == status for row in rows) for status in STATUSES}
    return {"sub_task_count": len(rows), **found}


def counted(row):
    return {key: row[key] for key in counts([])}


def case_tasks(play):
    world = play.world
    tasks = List(play.admin, TASKS)
    rows = tasks.everything()
    tasks.filters([exactly("status", one) for one in TASK_STATUSES], rows)
    tasks.filters([exactly("type", one) for one in ("once", "recurring")], rows)
    tasks.filters([contains("keyword", " GOAL ", "name", "description")], rows)
    play.differs("keywords")
    tasks.filters([contains("keyword", "_", "name", "description")], rows) if any(
        "_" in row["name"] + row["description"] for row in rows
    ) else play.equal("_", tasks.rows(keyword="_"), [])
    tasks.sorts(
        ["created_at", "updated_at", "name", "status"], rows, ranks={"status": TASK_STATUSES}
    )
    tasks.pages(rows)
    tasks.wrong(
        page=0, page_size=101, status="open", type="", sort_by="priority", sort_order="DESC"
    )
    tasks.refuses("page_size", 0)
    tasks.refuses("status", "")
    row = next(row for row in rows if row["id"] == world.task)
    work = List(play.admin, ALL).everything(task_id=world.task)
    play.equal("counts", counted(row), counts(work))
    play.equal(
        "modules",
        row["module_count"],
        len(play.world.planner.ok("GET /api/tasks/{task_id}/modules", world.task)),
    )
    play.equal("one", play.admin.ok("GET /api/admin/tasks/{task_id}", world.task), row)


def case_modules(play):
    world = play.world
    modules = List(play.admin, MODULES, world.task)
    rows = modules.everything()
    modules.sorts(["created_at", "name"], rows)
    modules.pages(rows)
    modules.wrong(page=0, page_size=101, sort_by="status", sort_order="")
    row = next(row for row in rows if row["id"] == world.module)
    work = List(play.admin, ALL).everything(module_id=world.module)
    play.equal("counts", counted(row), counts(work))
    one = play.admin.ok("GET /api/admin/modules/{module_id}", world.module)
    play.equal("one", {key: one[key] for key in row}, row)
    task = play.admin.ok("GET /api/admin/tasks/{task_id}", world.task)
    play.equal("its task", one["task_name"], task["name"])


def read(play, work):
    """Every filter, sort and page of one list of sub-tasks."""
    world = play.world
    rows = work.everything()
    statuses = {row["status"] for row in rows}
    unused = [one for one in STATUSES if one not in statuses]
    filters = [exactly("status", one) for one in sorted(statuses)]
    filters += [
        exactly("priority", one)
        for one in ("high", "medium", "low")
        if any(row["priority"] == one for row in rows)
    ]
    filters += [
        exactly("type", one)
        for one in ("once", "recurring")
        if any(row["type"] == one for row in rows)
    ]
    filters += [
        exactly("assigned_agent", world.second.id, nothing=NOBODY),
        contains("keyword", " ALPHA", "name", "description"),
        contains("keyword", "reads EVERY", "name", "description"),
    ]
    work.filters(filters, rows)
    for status in unused:
        play.equal(f"no {status}", work.rows(status=status), [])
    play.differs("keywords")
    work.filters(
        [
            contains("keyword", "100%", "name", "description"),
            contains("keyword", "r_s", "name", "description"),
        ],
        rows,
    )
    work.same("empty filters", work.everything(keyword="", assigned_agent=""), rows)
    play.differs("values")
    work.sorts(
        ["created_at", "updated_at", "priority", "status", "rework_count"], rows, ranks=MEANING
    )
    work.pages(rows)
    work.wrong(
        page=0,
        page_size=101,
        status="open",
        priority="urgent",
        type="BOGUS",
        sort_by="name",
        sort_order="up",
    )
    for key in ("status", "priority", "type"):
        work.refuses(key, "")
    return rows


def case_all_sub_tasks(play):
    world = play.world
    everything = List(play.admin, ALL)
    rows = read(play, everything)
    everything.filters([exactly("task_id", world.task), exactly("module_id", world.module)], rows)
    everything.same("empty filters", everything.everything(task_id="", module_id=""), rows)
    play.admin.refused("404 no such task", ALL, query={"task_id": NOBODY})
    play.admin.refused("404 no such module", ALL, query={"module_id": NOBODY})
    query = {"task_id": world.other_task, "module_id": world.module}
    play.admin.refused("422 module of another task", ALL, query=query, field="module_id")


def case_sub_tasks_of_a_task(play):
    world = play.world
    of_task = List(play.admin, OF_TASK, world.task)
    rows = read(play, of_task)
    of_task.filters([exactly("module_id", world.module)], rows)
    play.admin.refused("404 no such task", OF_TASK, NOBODY)
    play.admin.refused("404 no such module", OF_TASK, world.task, query={"module_id": NOBODY})
    play.admin.refused(
        "422 module of another task",
        OF_TASK,
        world.task,
        query={"module_id": world.other_module},
        field="module_id",
    )


def case_sub_tasks_of_a_module(play):
    read(play, List(play.admin, OF_MODULE, play.world.module))
    play.admin.refused("404 no such module", OF_MODULE, NOBODY)


def case_one_sub_task(play):
    world = play.world
    names = {row["id"]: row["name"] for row in world.planner.ok("GET /api/agents")}
    for row in List(play.admin, ALL).rows(module_id=world.module):
        one = play.admin.ok(ONE, row["id"])
        seen = world.planner.ok("GET /api/sub-tasks/{sub_task_id}", row["id"])
        for key in set(row) & set(one):
            if key in seen and not isinstance(one[key], (list, dict)):
                play.equal(f"{key} of one", (one[key], row[key]), (seen[key], seen[key]))
        play.equal("owner's name", row["assigned_agent_name"], names.get(row["assigned_agent"]))
        play.equal(
            "texts",
            (one["deliverable"], one["acceptance"]),
            (seen["deliverable"], seen["acceptance"]),
        )
    play.admin.refused("404 no such sub-task", ONE, NOBODY)
    play.admin.refused("404 no such task", "GET /api/admin/tasks/{task_id}", NOBODY)
    play.admin.refused("404 no such task", MODULES, NOBODY)
    play.admin.refused("404 no such module", "GET /api/admin/modules/{module_id}", NOBODY)
