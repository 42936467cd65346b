"""Scores as an admin reads and changes them."""

from play.client import NOBODY
from play.contract import ROLES
from play.lists import Filter, List, contains, exactly

BOARD, LOGS, ADJUST = (
    "GET /api/admin/scores/leaderboard",
    "GET /api/admin/scores/logs",
    "POST /api/admin/scores/adjust",
)


def case_adjusting(play):
    world = play.world
    agent = world.register("executor")
    body = {
        "agent_id": agent.id,
        "score_delta": 50,
        "reason": " Bonus 100% under_score ",
        "sub_task_id": world.work["done"],
    }
    made = play.admin.ok(ADJUST, body=body)
    play.equal("made", (made["score_delta"], made["current_total_score"]), (50, 50))
    play.check(
        "Bonus 100% under_score" in made["reason"] and made["reason"] == made["reason"].strip(),
        "tagged",
    )
    less = play.admin.ok(ADJUST, body={"agent_id": agent.id, "score_delta": -20, "reason": "Malus"})
    play.equal("less", less["current_total_score"], 30)
    play.admin.ok(
        ADJUST, body={"agent_id": world.second.id, "score_delta": -90, "reason": "Below zero"}
    )

    def refused(refusal, field=None, **more):
        play.admin.refused(refusal, ADJUST, body={**body, **more}, field=field)

    refused("422 no change", "score_delta", score_delta=0)
    refused("422 blank reason", "reason", reason="  ")
    refused("422 long reason", "reason", reason="x" * 101)
    refused("404 no such agent", agent_id=NOBODY)
    refused("404 no such sub-task", sub_task_id=NOBODY)
    play.differs("large numbers")
    refused("422 too large", "score_delta", score_delta=10**30)
    play.equal("nothing more", agent.ok("GET /api/scores/me")["total_score"], 30)


def case_the_summary(play):
    summary = play.admin.ok("GET /api/admin/scores/summary")
    totals = [row["total_score"] for row in List(play.admin, BOARD).everything()]
    newest = List(play.admin, LOGS).everything()[0]["created_at"]
    play.equal(
        "summary",
        summary,
        {
            "total_agents": len(totals),
            "positive_score_agents": sum(one > 0 for one in totals),
            "zero_score_agents": sum(one == 0 for one in totals),
            "negative_score_agents": sum(one < 0 for one in totals),
            "top_score": max(totals),
            "average_score": summary["average_score"],
            "last_score_at": newest,
        },
    )
    play.check(
        abs(summary["average_score"] - sum(totals) / len(totals)) <= 0.005 + 1e-9,
        "the average has two decimals",
    )


def case_the_leaderboard(play):
    board = List(play.admin, BOARD)
    rows = board.everything()
    dense = sorted({row["total_score"] for row in rows}, reverse=True)
    for row in rows:
        play.equal("dense rank", row["rank"], 1 + dense.index(row["total_score"]))
    log = List(play.admin, LOGS).everything()
    for row in rows:
        mine = [one for one in log if one["agent_id"] == row["agent_id"]]
        found = (
            row["reward_count"],
            row["penalty_count"],
            row["total_records"],
            row["last_score_at"],
            row["total_score"],
        )
        deltas = [one["score_delta"] for one in mine]
        play.equal(
            f"numbers of {row['agent_name']}",
            found,
            (
                sum(one > 0 for one in deltas),
                sum(one < 0 for one in deltas),
                len(mine),
                mine[0]["created_at"] if mine else None,
                sum(deltas),
            ),
        )
    board.filters([exactly("role", one) for one in ROLES], rows)
    board.filters([exactly("status", one) for one in ("active", "disabled")], rows)
    board.filters(
        [
            contains("keyword", " PATROL", "agent_name"),
            Filter("score_min", 1, lambda row: row["total_score"] >= 1, 10**9),
            Filter("score_max", -1, lambda row: row["total_score"] <= -1, -(10**9)),
        ],
        rows,
    )
    play.differs("keywords")
    play.equal("no wildcard", board.rows(keyword="%"), [])
    board.sorts(["total_score", "created_at", "last_score_at"], rows, default="total_score")
    play.differs("leaderboard rank")
    for order in ("asc", "desc"):
        board.in_order("rank", board.everything(sort_by="rank", sort_order=order), "rank", order)
    board.pages(rows)
    board.wrong(
        page=0, page_size=101, role="boss", status="asleep", sort_by="name", sort_order="UP"
    )
    for key in ("role", "status"):
        board.refuses(key, "")
    for key in ("score_min", "score_max"):
        board.refuses(key, "many")
    play.admin.refused(
        "422 bounds the wrong way round", BOARD, query={"score_min": 5, "score_max": 1}
    )


def case_the_log(play):
    world = play.world
    log = List(play.admin, LOGS)
    rows = log.everything()
    log.filters(
        [
            exactly("agent_id", world.second.id, nothing=NOBODY),
            exactly("sub_task_id", world.work["done"], nothing="nonsense"),
            Filter("score_sign", "positive", lambda row: row["score_delta"] > 0, None),
            Filter("score_sign", "negative", lambda row: row["score_delta"] < 0, None),
            contains("keyword", " BONUS ", "reason"),
        ],
        rows,
    )
    play.differs("keywords")
    log.filters([contains("keyword", "r_s", "reason"), contains("keyword", "0%", "reason")], rows)
    log.same("empty filters", log.everything(agent_id="", sub_task_id="", keyword=""), rows)
    log.orders(rows)
    log.pages(rows)
    log.wrong(page=0, page_size=101, score_sign="zero", sort_order="up")
    log.refuses("score_sign", "")
    names = {row["id"]: row["name"] for row in world.planner.ok("GET /api/agents")}
    play.check(all(row["agent_name"] == names[row["agent_id"]] for row in rows), "names")
