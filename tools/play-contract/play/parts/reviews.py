"""Reviews, and what they do to the work and to scores."""

from play.client import NOBODY
from play.lists import List, exactly

PATH = "POST /api/review-records"
CHANGES = {5: 5, 4: 5, 3: 0, 2: -5, 1: -5}


def total(agent):
    return agent.ok("GET /api/scores/me")["total_score"]


def case_scores(play):
    """Both results with every score: the change goes to whoever did the work."""
    world = play.world
    for result in ("approved", "rejected"):
        for score, change in CHANGES.items():
            owner = world.register("executor")
            work = world.work_in("review", owner)
            more = {"issues": "Some."} if result == "rejected" else {}
            review = world.review(work, result, score, comment="Read.", **more)
            if change and (change > 0) != (result == "approved"):
                play.differs("scores never contradict")
                change = 0
            play.equal("round", (review["round"], review["reviewer_agent"]), (1, world.reviewer.id))
            play.equal(f"{result} with {score}", total(owner), change)
            log = List(owner, "GET /api/scores/me/logs").rows()
            expected = [(work, change)] if change else []
            play.equal("log", [(row["sub_task_id"], row["score_delta"]) for row in log], expected)


def case_rounds(play):
    world = play.world
    owner, other = world.register("executor"), world.register("executor")
    work = world.work_in("review", owner)
    first = world.review(work, "rejected", "2", issues="The table.", rework_agent=other.id)
    play.equal("first", (first["round"], first["rework_agent"], first["score"]), (1, other.id, 2))
    seen = world.planner.ok("GET /api/sub-tasks/{sub_task_id}", work)
    play.equal(
        "rework",
        (seen["rework_count"], seen["assigned_agent"], seen["completed_at"]),
        (1, other.id, None),
    )
    play.equal("who did it pays", (total(owner), total(other)), (-5, 0))
    world.step(other, "start", work)
    world.step(other, "submit", work)
    play.equal("second", world.review(work, "approved", 4.0)["round"], 2)
    seen = world.planner.ok("GET /api/sub-tasks/{sub_task_id}", work)
    play.check(seen["status"] == "done" and seen["completed_at"], "approved work is completed")
    play.equal("who mended it is paid", total(other), 5)


def case_what_is_refused(play):
    world = play.world
    work = world.work_in("review")

    def refused(refusal, field=None, **body):
        body = {"sub_task_id": work, "result": "approved", "score": 5, **body}
        world.reviewer.refused(refusal, PATH, body=body, field=field)

    refused("422 unknown result", "result", result="maybe")
    for score in (0, 6, -1):
        refused("422 score out of bounds", "score", score=score)
    play.differs("large numbers")
    refused("422 score out of bounds", "score", score=10**30)
    for issues in ("", "  "):
        refused("422 blank issues", "issues", result="rejected", issues=issues)
    refused("404 no such sub-task", sub_task_id=NOBODY)
    refused("404 no such agent", result="rejected", issues="x", rework_agent=NOBODY)
    refused("409 wrong status", sub_task_id=world.work["pending"])
    play.equal(
        "still", world.planner.ok("GET /api/sub-tasks/{sub_task_id}", work)["status"], "review"
    )


def case_the_list(play):
    world = play.world
    reviews = List(world.planner, "GET /api/review-records")
    rows = reviews.rows()
    reviews.in_order(reviews.name, rows, "created_at")
    reviews.filters([exactly("sub_task_id", world.work["done"], nothing=NOBODY)], rows)
    reviews.same("empty filter", reviews.rows(sub_task_id=""), rows)
    reviews.agents_pages(rows)
    one = world.planner.ok("GET /api/review-records/{review_id}", rows[0]["id"])
    play.equal("one", one, rows[0])
    world.planner.refused("404 no such review", "GET /api/review-records/{review_id}", NOBODY)
