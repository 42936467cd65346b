"""The dashboard's numbers, counted once more from the lists."""

import time
from datetime import date, datetime, timedelta, timezone

from play.lists import List
from play.parts.feed import REQUESTS
from play.world import STATUSES, TASK_STATUSES

OVERVIEW, HIGHLIGHTS = "GET /api/admin/dashboard/overview", "GET /api/admin/dashboard/highlights"
TRENDS = "GET /api/admin/dashboard/trends"
AT_WORK = ("assigned", "in_progress", "review", "rework", "blocked")
OPEN_TASKS = ("planning", "active", "in_progress")


class Lists:
    """Everything that the numbers are counted from. "Today" is UTC's, as the server is told."""

    def __init__(self, play):
        def everything(name):
            return List(play.admin, "GET /api/admin/" + name).everything()

        self.tasks, self.work, self.reviews = (
            everything("tasks"),
            everything("sub-tasks"),
            everything("review-records"),
        )
        self.scores, self.logs, self.agents = (
            everything("scores/logs"),
            everything("logs"),
            everything("agents"),
        )
        self.today = play.admin.ok(OVERVIEW)["generated_at"][:10]

    def on(self, rows, key="created_at", day=None):
        return [row for row in rows if row[key] and row[key][:10] == (day or self.today)]


def in_utc(play):
    """Whether the server's day is one that can be counted here."""
    server = play.admin.ok("GET /api/admin/config")["server"]
    return server.get("timezone", "UTC") == "UTC"


def tally(rows, key, values):
    return {value: sum(row[key] == value for row in rows) for value in values}


def rejected(rows):
    return [row for row in rows if row["result"] == "rejected"]


def case_the_overview(play):
    if not in_utc(play):
        return
    lists = Lists(play)
    seen = play.admin.ok(OVERVIEW)
    statuses, agents = (
        tally(lists.work, "status", STATUSES),
        tally(lists.agents, "status", ("active", "disabled")),
    )
    reviews = lists.on(lists.reviews)
    play.equal(
        "core",
        seen["core_cards"],
        {
            "open_task_count": sum(row["status"] in OPEN_TASKS for row in lists.tasks),
            "active_sub_task_count": sum(statuses[one] for one in AT_WORK),
            "review_queue_count": statuses["review"],
            "blocked_sub_task_count": statuses["blocked"],
            "active_agent_count": agents["active"],
            "today_completed_sub_task_count": len(lists.on(lists.work, "completed_at")),
        },
    )
    rate = round(100 * len(rejected(reviews)) / len(reviews), 2) if reviews else 0.0
    play.equal(
        "secondary",
        seen["secondary_cards"],
        {
            "disabled_agent_count": agents["disabled"],
            "today_review_count": len(reviews),
            "today_rejected_review_count": len(rejected(reviews)),
            "today_reject_rate": rate,
            "today_net_score_delta": sum(row["score_delta"] for row in lists.on(lists.scores)),
        },
    )
    week = (datetime.now(timezone.utc) - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%S")
    recent = [row for row in lists.reviews if row["created_at"] >= week]
    play.equal(
        "distributions",
        seen["distributions"],
        {
            "task_status_distribution": tally(lists.tasks, "status", TASK_STATUSES),
            "sub_task_status_distribution": statuses,
            "agent_status_distribution": agents,
            "agent_role_distribution": tally(
                lists.agents, "role", ("planner", "executor", "reviewer", "patrol")
            ),
            "review_result_distribution_7d": tally(recent, "result", ("approved", "rejected")),
        },
    )
    play.equal("window", seen["review_window_days"], 7)


def case_highlights(play):
    lists = Lists(play)
    limit = 50
    seen = play.admin.ok(HIGHLIGHTS, query={"limit": limit, "inactive_hours": 24})
    play.equal("asked", (seen["limit"], seen["inactive_hours"]), (limit, 24))
    for name, status in (("blocked_sub_tasks", "blocked"), ("pending_review_sub_tasks", "review")):
        rows = sorted(
            (row for row in lists.work if row["status"] == status),
            key=lambda row: row["updated_at"],
            reverse=True,
        )
        fields = (
            "id",
            "task_id",
            "task_name",
            "name",
            "status",
            "assigned_agent",
            "assigned_agent_name",
            "updated_at",
            "rework_count",
        )
        play.equal(
            name,
            [[row[key] for key in fields] for row in seen[name]],
            [[row[key] for key in fields] for row in rows[:limit]],
        )
    reviews = sorted(lists.reviews, key=lambda row: row["created_at"], reverse=True)
    play.equal(
        "recent reviews",
        [row["id"] for row in seen["recent_reviews"]],
        [row["id"] for row in reviews[:limit]],
    )
    busy = [row for row in lists.agents if row["open_sub_task_count"]]
    play.equal(
        "busy agents",
        {row["id"] for row in seen["busy_agents"]},
        {row["id"] for row in busy[:limit]},
    )
    counts = [row["open_sub_task_count"] for row in seen["busy_agents"]]
    play.equal("most work first", counts, sorted(counts, reverse=True))
    low = [
        max(row["last_request_at"] or "", row["last_activity_at"] or "")
        for row in seen["low_activity_agents"]
    ]
    play.equal("never seen first, then longest ago", low, sorted(low))
    silent = [
        row["id"] for row in lists.agents if not (row["last_request_at"] or row["last_activity_at"])
    ]
    shown = {row["id"] for row in seen["low_activity_agents"]}
    play.check(len(silent) >= limit or set(silent) <= shown, "who was never seen is there")
    plain = play.admin.ok(HIGHLIGHTS)
    play.equal("defaults", (plain["limit"], plain["inactive_hours"]), (5, 24))
    play.check(
        max(len(plain[key]) for key in plain if isinstance(plain[key], list)) <= 5,
        "at most 5 of each",
    )
    asked = List(play.admin, HIGHLIGHTS)
    asked.wrong(limit=0, inactive_hours=0)
    asked.wrong(limit=51, inactive_hours=721)


def case_trends(play):
    if not in_utc(play):
        return
    lists, days = Lists(play), 3
    time.sleep(1.5)
    requests = [
        row
        for agent in lists.agents
        for row in List(play.admin, REQUESTS, agent["id"]).everything()
    ]
    seen = play.admin.ok(TRENDS, query={"days": days})
    last = date(*map(int, lists.today.split("-")))
    calendar = [(last - timedelta(days=back)).isoformat() for back in reversed(range(days))]
    play.equal(
        "span",
        (seen["days"], seen["start_date"], seen["end_date"]),
        (days, calendar[0], calendar[-1]),
    )

    def series(name, count):
        play.equal(name, seen[name], [{"date": day, **count(day)} for day in calendar])

    def total(rows, key="created_at"):
        return lambda day: {"count": len(lists.on(rows, key, day))}

    def reviews(day):
        rows = lists.on(lists.reviews, day=day)
        bad = len(rejected(rows))
        return {"total": len(rows), "approved": len(rows) - bad, "rejected": bad}

    def scores(day):
        deltas = [row["score_delta"] for row in lists.on(lists.scores, day=day)]
        up, down = sum(one for one in deltas if one > 0), sum(one for one in deltas if one < 0)
        return {
            "positive_score_delta": up,
            "negative_score_delta": down,
            "net_score_delta": up + down,
        }

    series("sub_task_created_trend", total(lists.work))
    series("sub_task_completed_trend", total(lists.work, "completed_at"))
    series("activity_trend", total(lists.logs))
    series("review_trend", reviews)
    series("score_delta_trend", scores)
    series("request_trend", total(requests, "timestamp"))
    play.equal("default", play.admin.ok(TRENDS)["days"], 7)
    asked = List(play.admin, TRENDS)
    for days in (0, 31):
        asked.refuses("days", days)
