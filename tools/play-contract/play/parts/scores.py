"""Scores as agents see them, and changes by hand."""

from play.client import NOBODY
from play.lists import List

ADJUST = "POST /api/scores/adjust"


def case_the_leaderboard(play):
    board = play.world.patrol.ok("GET /api/scores/leaderboard")
    play.equal("ranks are places", [row["rank"] for row in board], list(range(1, len(board) + 1)))
    List(play.world.patrol, "GET /api/scores/leaderboard").in_order(
        "leaderboard", board, "total_score"
    )
    agents = play.world.patrol.ok("GET /api/agents")
    play.equal("everybody", {row["agent_id"] for row in board}, {row["id"] for row in agents})


def case_adjusting(play):
    world = play.world
    agent = world.register("executor")
    change = {
        "agent_id": agent.id,
        "score_delta": "7",
        "reason": "Well done",
        "sub_task_id": world.work["done"],
    }
    made = world.reviewer.ok(ADJUST, body=change)
    play.check(
        made["reason"] != "Well done" and "Well done" in made["reason"], "the reason is tagged"
    )
    play.equal("delta", made["score_delta"], 7)
    world.planner.ok(ADJUST, body={"agent_id": agent.id, "score_delta": -10, "reason": "Late"})
    me = agent.ok("GET /api/scores/me")
    board = agent.ok("GET /api/scores/leaderboard")
    rank = 1 + sum(row["total_score"] > -3 for row in board)
    expected = {
        "agent_id": agent.id,
        "agent_name": agent.name,
        "total_score": -3,
        "rank": rank,
        "total_agents": len(board),
        "reward_count": 1,
        "penalty_count": 1,
        "total_records": 2,
    }
    play.equal("me", me, expected)
    play.equal("the admin's look", play.admin.ok("GET /api/scores/{agent_id}", agent.id), expected)
    mine = List(agent, "GET /api/scores/me/logs")
    rows = mine.rows()
    play.equal("log", [row["score_delta"] for row in rows], [-10, 7])
    mine.agents_pages(rows)
    anybodys = List(world.patrol, "GET /api/scores/{agent_id}/logs", agent.id)
    play.equal("anybody's", anybodys.rows(), rows)
    anybodys.agents_pages(rows)
    play.equal("unknown", List(world.patrol, "GET /api/scores/{agent_id}/logs", NOBODY).rows(), [])


def case_what_is_refused(play):
    world = play.world
    right = {"agent_id": world.executor.id, "score_delta": 1, "reason": "x"}

    def refused(refusal, field=None, **body):
        world.reviewer.refused(refusal, ADJUST, body={**right, **body}, field=field)

    before = world.executor.ok("GET /api/scores/me")
    refused("422 no change", "score_delta", score_delta=0)
    play.differs("large numbers")
    refused("422 too large", "score_delta", score_delta=10**30)
    refused("404 no such agent", agent_id=NOBODY)
    play.differs("ids")
    refused("404 no such sub-task", sub_task_id="nope")
    play.differs("own score")
    refused("403 own score", agent_id=world.reviewer.id)
    play.equal("nothing changed", world.executor.ok("GET /api/scores/me"), before)
    play.admin.refused("404 no such agent", "GET /api/scores/{agent_id}", NOBODY)
