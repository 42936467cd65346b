"""Agents as an admin reads and changes them; deleting comes last."""

from play.client import NOBODY
from play.contract import ROLES
from play.lists import Filter, List, contains, exactly
from play.parts.feed import settled
from play.world import STATUSES

ALL, ONE, CREATE = (
    "GET /api/admin/agents",
    "GET /api/admin/agents/{agent_id}",
    "POST /api/admin/agents",
)
EDIT, SWITCH = "PUT /api/admin/agents/{agent_id}", "PUT /api/admin/agents/{agent_id}/status"
RESET, RELATED = (
    "POST /api/admin/agents/{agent_id}/reset-key",
    "GET /api/admin/agents/{agent_id}/related-counts",
)
DELETE = "DELETE /api/admin/agents/{agent_id}"
AT_WORK = ("assigned", "in_progress", "review", "rework", "blocked")


def case_the_list(play):
    world = play.world
    settled(play, world.executor, 1)
    agents = List(play.admin, ALL)
    rows = agents.everything()
    agents.filters([exactly("role", one) for one in ROLES], rows)
    agents.filters([exactly("status", one) for one in ("active", "disabled")], rows)
    agents.filters(
        [
            contains("keyword", " EXECUTOR", "name", "description"),
            Filter("last_request_within_days", 1, lambda row: row["last_request_at"], None),
            Filter("last_activity_within_days", 1, lambda row: row["last_activity_at"], None),
        ],
        rows,
    )
    play.differs("keywords")
    play.equal("no wildcard", agents.rows(keyword="%"), [])
    agents.sorts(["created_at", "name", "total_score", "last_request_at", "last_activity_at"], rows)
    agents.pages(rows)
    agents.wrong(page=0, page_size=101, role="boss", status="busy", sort_by="role", sort_order="x")
    for key in ("role", "status"):
        agents.refuses(key, "")
    for key in ("last_request_within_days", "last_activity_within_days"):
        agents.refuses(key, "x")


def case_numbers(play):
    world = play.world
    rows = List(play.admin, ALL).everything()
    dense = sorted({row["total_score"] for row in rows}, reverse=True)
    work = List(play.admin, "GET /api/admin/sub-tasks").everything()
    for row in rows:
        mine = [one["status"] for one in work if one["assigned_agent"] == row["id"]]
        found = [row[f"{one}_count"] for one in AT_WORK]
        play.equal(f"workload of {row['name']}", found, [mine.count(one) for one in AT_WORK])
        play.equal("open", row["open_sub_task_count"], sum(found))
        play.equal("rank", row["rank"], 1 + dense.index(row["total_score"]))
    for agent in (world.executor, world.second, world.reviewer):
        row = next(row for row in rows if row["id"] == agent.id)
        one = play.admin.ok(ONE, agent.id)
        # A count of requests may have gone on, nothing else.
        play.equal(
            "one",
            {key: one[key] for key in row if key != "last_request_at"},
            {key: row[key] for key in row if key != "last_request_at"},
        )
        mine = [each["status"] for each in work if each["assigned_agent"] == agent.id]
        log = List(play.admin, "GET /api/admin/agents/{agent_id}/score-logs", agent.id).everything()
        deltas = [each["score_delta"] for each in log]
        keys = (
            "total_agents",
            "reward_count",
            "penalty_count",
            "total_reward_records",
            "done_count",
            "cancelled_count",
        )
        play.equal(
            "totals",
            [one[key] for key in keys],
            [
                len(rows),
                sum(each > 0 for each in deltas),
                sum(each < 0 for each in deltas),
                len(deltas),
                mine.count(STATUSES[6]),
                mine.count(STATUSES[7]),
            ],
        )
    play.admin.refused("404 no such agent", ONE, NOBODY)


def case_score_logs(play):
    world, name = play.world, "GET /api/admin/agents/{agent_id}/score-logs"
    log = List(play.admin, name, world.second.id)
    rows = log.everything()
    work = next(row["sub_task_id"] for row in rows if row["sub_task_id"])
    log.filters([exactly("sub_task_id", work, nothing="nonsense")], rows)
    log.same("empty filter", log.everything(sub_task_id=""), rows)
    log.orders(rows)
    log.pages(rows)
    log.wrong(page=0, page_size=101, sort_order="UP")
    play.admin.refused("404 no such agent", name, NOBODY)


def case_activity_logs(play):
    world, name = play.world, "GET /api/admin/agents/{agent_id}/activity-logs"
    log = List(play.admin, name, world.executor.id)
    rows = log.everything()
    log.in_order(name, rows, "created_at")
    log.filters(
        [
            exactly("action", "coding", nothing="sleep"),
            exactly("sub_task_id", world.work["in_progress"], nothing="nonsense"),
            Filter("days", 1, lambda row: True, None),
        ],
        rows,
    )
    log.same("empty filters", log.everything(sub_task_id="", action=""), rows)
    log.pages(rows)
    log.wrong(page=0, page_size=101, days="x")
    play.admin.refused("404 no such agent", name, NOBODY)


def case_creating_and_editing(play):
    world, admin = play.world, play.admin
    body = {"name": world.name("made"), "role": "executor", "description": "Draws."}
    made = admin.ok(CREATE, body=body)
    agent = play.agent(made)
    agent.ok("GET /api/scores/me")
    admin.refused("409 name taken", CREATE, body=body)
    admin.refused("422 unknown role", CREATE, body={**body, "role": "boss"}, field="role")
    kept = admin.ok(EDIT, agent.id, body={"name": "", "role": None})
    play.equal(
        "kept",
        (kept["name"], kept["role"], kept["description"]),
        (made["name"], "executor", "Draws."),
    )
    name = world.name("renamed")
    edited = admin.ok(EDIT, agent.id, body={"name": name, "role": "patrol", "description": ""})
    play.equal(
        "edited", (edited["name"], edited["role"], edited["description"]), (name, "patrol", "")
    )
    admin.refused("404 no such agent", EDIT, NOBODY, body={"name": "x"})
    admin.refused("409 name taken", EDIT, agent.id, body={"name": world.executor.name})
    admin.refused("422 unknown role", EDIT, agent.id, body={"role": "boss"}, field="role")
    admin.refused("422 long name", EDIT, agent.id, body={"name": "x" * 101}, field="name")
    play.equal("off", admin.ok(SWITCH, agent.id, body={"status": "disabled"})["status"], "disabled")
    agent.problem(agent.ask("GET /api/scores/me"), 403)
    admin.ok(SWITCH, agent.id, body={"status": "active"})
    admin.refused("404 no such agent", SWITCH, NOBODY, body={"status": "active"})
    admin.refused("422 unknown status", SWITCH, agent.id, body={"status": "busy"}, field="status")
    fresh = admin.ok(RESET, agent.id)
    agent.problem(agent.ask("GET /api/scores/me"), 401)
    again = play.agent(
        {"id": agent.id, "name": name, "role": "patrol", "api_key": fresh["new_api_key"]}
    )
    again.ok("GET /api/scores/me")
    admin.refused("404 no such agent", RESET, NOBODY)


def case_deleting(play):
    world, admin = play.world, play.admin
    agent = world.register("executor")
    work = world.work_in("in_progress", agent)
    done = world.work_in("review", agent)
    world.review(done, "approved", 5)
    agent.ok("POST /api/logs", body={"action": "coding", "sub_task_id": work})
    requests = len(settled(play, agent, 6))
    counts = admin.ok(RELATED, agent.id)
    keys = (
        "agent_name",
        "sub_task_count",
        "review_count",
        "reward_count",
        "activity_count",
        "patrol_count",
    )
    play.equal("related", [counts[key] for key in keys], [agent.name, 2, 0, 1, 1, 0])
    play.equal("requests", counts["request_count"], requests)
    admin.refused(
        "422 wrong name",
        DELETE,
        agent.id,
        body={"confirm_name": agent.name.upper()},
        field="confirm_name",
    )
    admin.refused("422 no body", DELETE, agent.id, field="confirm_name")
    agent.ok("GET /api/scores/me")
    deleted = admin.ok(DELETE, agent.id, body={"confirm_name": agent.name})
    play.equal("told", [deleted[key] for key in keys], [counts[key] for key in keys])
    agent.problem(agent.ask("GET /api/scores/me"), 401)
    for name, more in ((ONE, {}), (RELATED, {}), (DELETE, {"body": {"confirm_name": agent.name}})):
        admin.refused("404 no such agent", name, agent.id, **more)
    play.differs("orphans")
    seen = world.planner.ok("GET /api/sub-tasks/{sub_task_id}", work)
    play.equal("its work", (seen["status"], seen["assigned_agent"]), ("pending", None))
    play.equal(
        "what is done stays done",
        world.planner.ok("GET /api/sub-tasks/{sub_task_id}", done)["status"],
        "done",
    )


def case_deleting_a_reviewer(play):
    world, admin = play.world, play.admin
    play.differs("reviews stay")
    work = world.work_in("review")
    body = {"sub_task_id": work, "result": "rejected", "score": 3, "issues": "Some."}
    world.judge.ok("POST /api/review-records", body=body)
    admin.ok(DELETE, world.judge.id, body={"confirm_name": world.judge.name})
    for step in ("start", "submit"):
        world.step(world.executor, step, work)
    play.equal("round", world.review(work)["round"], 2)
