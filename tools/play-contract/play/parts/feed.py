"""The public feed and the request log behind it."""

import time

from play.client import NOBODY
from play.lists import List, contains, exactly

LOGS, AGENTS, SUMMARY = "GET /api/feed/logs", "GET /api/feed/agents", "GET /api/feed/agent-summary"
REQUESTS = "GET /api/admin/agents/{agent_id}/request-logs"


def switch(play, on):
    play.admin.ok("PUT /api/admin/config", body={"webui": {"public_feed": on}})
    play.equal("status", play.nobody.ok("GET /api/feed/status")["enabled"], on)


def settled(play, agent, count, seconds=10):
    """The request log of an agent, as soon as it has so many rows: it is written behind the answer."""
    log = List(play.admin, REQUESTS, agent.id)
    until = time.monotonic() + seconds
    while True:
        rows = log.everything()
        if len(rows) >= count or time.monotonic() > until:
            return rows
        time.sleep(0.1)


def case_off(play):
    switch(play, False)
    for name in (LOGS, AGENTS, SUMMARY):
        play.nobody.refused("403 feed off", name)
        play.differs("admin and feed")
        play.admin.ok(name)


def case_what_is_logged(play):
    world = play.world
    agent = world.register("reviewer")
    agent.ok("GET /api/tasks", query={"status": "active", "page": 2})
    agent.send("GET", "/api/no-such-thing")
    agent.send(
        "POST",
        "/api/review-records",
        body={"sub_task_id": NOBODY, "result": "approved", "score": 5},
    )
    agent.send("POST", "/api/tasks", body={"name": "x"})  # 403: not logged
    agent.send("GET", "/api/admin/config")  # 403: not logged
    agent.send("PUT", f"/api/tasks/{NOBODY}/status", body={})  # 403: not logged
    agent.send("DELETE", "/api/tasks")
    play.differs("public secrets")
    agent.ok("POST /api/logs", body={"action": "review", "summary": f"my key is {agent.key}"})
    rows = settled(play, agent, 5)
    seen = [(row["method"], row["path"], row["response_status"]) for row in reversed(rows)]
    play.equal(
        "logged",
        seen,
        [
            ("GET", "/api/tasks", 200),
            ("GET", "/api/no-such-thing", 404),
            ("POST", "/api/review-records", 404),
            ("DELETE", "/api/tasks", 405),
            ("POST", "/api/logs", 200),
        ],
    )
    bodies = [row["request_body"] for row in reversed(rows)]
    play.check(
        '"status"' in bodies[0] and '"2"' in bodies[0], f"the query is kept as strings: {bodies[0]}"
    )
    play.check(bodies[1] is None and bodies[3] is None and NOBODY in bodies[2], f"bodies: {bodies}")
    play.check(agent.key not in str(bodies), "no key is kept")
    log = List(play.admin, REQUESTS, agent.id)
    log.in_order(REQUESTS, rows, "timestamp")
    log.filters(
        [
            exactly("method", "DELETE"),
            exactly("method", "GET", nothing="PATCH"),
            contains("path_keyword", " TASKS", "path"),
        ],
        rows,
    )
    log.same("any case", log.rows(method="get"), log.rows(method="GET"))
    log.same("one day", log.rows(days=1, method="", path_keyword=""), rows)
    log.pages(rows)
    log.wrong(page=0, page_size=101, days=0, method="HEAD")
    play.admin.refused("404 no such agent", REQUESTS, NOBODY)


def case_logs(play):
    world, nobody = play.world, play.nobody
    agent = world.register("patrol")
    for _ in range(6):
        agent.ok("GET /api/scores/me")
    mine = settled(play, agent, 6)
    switch(play, True)
    feed = List(nobody, LOGS)
    rows = feed.rows(limit=200)
    feed.in_order(LOGS, rows, "timestamp")
    play.equal("50 are usual", len(feed.rows()), min(50, len(rows)))
    play.equal("limit", [row["id"] for row in feed.rows(limit=1)], [rows[0]["id"]])
    of_agent = feed.rows(agent_id=agent.id, limit=200)
    play.equal("of one", [row["id"] for row in of_agent], [row["id"] for row in mine])
    play.equal(
        "who",
        {(row["agent_name"], row["agent_role"]) for row in of_agent},
        {(agent.name, "patrol")},
    )
    play.equal("of nobody", feed.rows(agent_id=NOBODY), [])
    middle = mine[2]["timestamp"]
    later = feed.rows(agent_id=agent.id, after=middle)
    play.equal(
        "after is exclusive",
        [row["id"] for row in later],
        [row["id"] for row in mine if row["timestamp"] > middle],
    )
    play.equal("after everything", feed.rows(after="2100-01-01T00:00:00"), [])
    nobody.refused("422 bad time", LOGS, query={"after": "yesterday"}, field="after")
    for limit in (0, 201):
        feed.refuses("limit", limit)
    text = nobody.ask(LOGS, query={"limit": 200}).text
    play.check(
        play.token not in text and world.executor.key not in text and "ak_" not in text,
        "no secrets",
    )


def case_agents(play):
    world, nobody = play.world, play.nobody
    rows = nobody.ok(AGENTS)
    List(nobody, AGENTS).in_order(AGENTS, rows, "total_score")
    known = {row["id"]: row for row in world.planner.ok("GET /api/agents")}
    play.equal("everybody", {row["id"] for row in rows}, set(known))
    for row in rows:
        for key in ("name", "role", "status", "total_score"):
            play.equal(key, row[key], known[row["id"]][key])


def case_the_summary(play):
    world, nobody = play.world, play.nobody
    agent, busy = world.register("executor"), world.register("executor")
    work = world.new_work(module_id=world.module)
    for step in ("claim", "start"):
        world.step(agent, step, work["id"])
    for _ in range(4):
        agent.ok("GET /api/scores/me")
    agent.send("POST", "/api/sub-tasks/none/submit")
    play.differs("recent actions")
    for _ in range(30):
        busy.ok("GET /api/scores/me")
    rows = settled(play, agent, 7)
    settled(play, busy, 30)
    card = next(row for row in nobody.ok(SUMMARY) if row["id"] == agent.id)
    today = play.admin.ok("GET /api/admin/dashboard/overview")["generated_at"][:10]
    mine = [row for row in rows if row["timestamp"][:10] == today]
    play.equal("requests", card["today_request_count"], len(mine))
    play.differs("failed submits")
    play.equal("submits", card["today_submit_count"], 0)
    play.equal("reviews", card["today_review_count"], 0)
    module = next(
        one["name"]
        for one in world.planner.ok("GET /api/tasks/{task_id}/modules", world.task)
        if one["id"] == world.module
    )
    play.equal(
        "at work",
        card["current_sub_task"],
        {"id": work["id"], "name": work["name"], "module_name": module},
    )
    recent = [(row["method"], row["path"], row["timestamp"]) for row in card["recent_actions"]]
    play.equal(
        "recent", recent, [(row["method"], row["path"], row["timestamp"]) for row in rows[:5]]
    )
    idle = next(row for row in nobody.ok(SUMMARY) if row["id"] == busy.id)
    play.equal("idle", (idle["current_sub_task"], len(idle["recent_actions"])), (None, 5))
    switch(play, False)
