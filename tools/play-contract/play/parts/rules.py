"""Rules: merged for agents, one by one for the admin."""

from play.client import NOBODY
from play.lists import List, exactly

CREATE, EDIT, DELETE = "POST /api/rules", "PUT /api/rules/{rule_id}", "DELETE /api/rules/{rule_id}"
JOIN = "\n\n---\n\n"


def case_merging(play):
    world, admin = play.world, play.admin
    name = admin.ok("GET /api/admin/config")["project"]["name"]
    root = admin.ok("GET /api/admin/config")["workspace"]["root"]
    task, work = world.new_task()["id"], world.work["pending"]
    rules = List(admin, "GET /api/rules/list").rows()
    for rule in rules:
        if rule["scope"] == "global":
            admin.ok(
                EDIT,
                rule["id"],
                body={"content": "G {{project_name}} {{ project_name }} {{other}}"},
            )
    if not any(rule["scope"] == "global" for rule in rules):
        admin.ok(
            CREATE,
            body={"scope": "global", "content": "G {{project_name}} {{ project_name }} {{other}}"},
        )
    admin.ok(CREATE, body={"scope": "sub_task", "sub_task_id": work, "content": "S"})
    admin.ok(CREATE, body={"scope": "task", "task_id": task, "content": "T1 {{workspace_root}}"})
    admin.ok(CREATE, body={"scope": "task", "task_id": task, "content": "T2"})
    merged, of_global = [], f"G {name} {{{{ project_name }}}} {{{{other}}}}"
    of_task = f"T1 {root}{JOIN}T2"
    for query in (
        {},
        {"task_id": task},
        {"sub_task_id": work},
        {"task_id": task, "sub_task_id": work},
        {"task_id": NOBODY, "sub_task_id": "nonsense"},
    ):
        merged.append(
            world.executor.ok("GET /api/rules", query={"cli_version": 10**6, **query})["content"]
        )
    play.equal(
        "merged",
        merged,
        [
            of_global,
            of_global + JOIN + of_task,
            of_global + JOIN + "S",
            of_global + JOIN + of_task + JOIN + "S",
            of_global,
        ],
    )


def case_updates(play):
    world = play.world
    latest = world.executor.ok("GET /api/rules")["latest_version"]
    fields = ("update_available", "latest_version", "update_instructions")
    for version in (latest, latest + 1):
        answer = world.executor.ok("GET /api/rules", query={"cli_version": version})
        play.equal(f"version {version}", [answer[key] for key in fields], [False, None, ""])
    old = world.executor.ok("GET /api/rules", query={"cli_version": latest - 1})
    play.equal("old", [old[key] for key in fields[:2]], [True, latest])
    for path in ("/api/tools/cli", "/api/agents/me/skill"):
        play.check(play.url + path in old["update_instructions"], f"the way to {path} is told")
    silent = world.executor.ok("GET /api/rules")
    play.equal("appended", silent["content"], old["content"] + JOIN + silent["update_instructions"])


def case_keeping_them(play):
    world, admin = play.world, play.admin
    task = world.new_task()["id"]
    rule = admin.ok(CREATE, body={"scope": "task", "task_id": task, "content": "# Rule\n"})
    play.equal("rule", (rule["scope"], rule["task_id"], rule["sub_task_id"]), ("task", task, None))
    edited = admin.ok(EDIT, rule["id"], body={"content": "Less"})
    play.check(edited["content"] == "Less" and edited["updated_at"] > rule["updated_at"], "edited")
    play.equal("one", admin.ok("GET /api/rules/{rule_id}", rule["id"]), edited)
    rules = List(admin, "GET /api/rules/list")
    rows = rules.rows()
    rules.in_order(rules.name, rows, "created_at", "asc")
    rules.filters([exactly("task_id", task, nothing="nonsense")], rows)
    rules.filters(
        [exactly("scope", one, nothing="world") for one in ("global", "task", "sub_task")], rows
    )
    rules.same("empty filters", rules.rows(scope="", task_id=""), rows)
    play.check(admin.ok(DELETE, rule["id"])["message"], "deleted")
    for name, body in (
        ("GET /api/rules/{rule_id}", None),
        (EDIT, {"content": "x"}),
        (DELETE, None),
    ):
        admin.refused("404 no such rule", name, rule["id"], **({"body": body} if body else {}))


def case_what_is_refused(play):
    admin = play.admin
    admin.refused(
        "422 unknown scope", CREATE, body={"scope": "world", "content": "x"}, field="scope"
    )
    admin.refused(
        "422 no id for the scope", CREATE, body={"scope": "task", "content": "x"}, field="task_id"
    )
    admin.refused(
        "422 no id for the scope",
        CREATE,
        body={"scope": "sub_task", "content": "x"},
        field="sub_task_id",
    )
    admin.refused("409 second global rule", CREATE, body={"scope": "global", "content": "x"})
