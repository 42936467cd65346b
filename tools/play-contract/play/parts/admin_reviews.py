"""Reviews as an admin reads them."""

from play.client import NOBODY
from play.lists import Filter, List, contains, exactly

ALL, ONE = "GET /api/admin/review-records", "GET /api/admin/review-records/{review_id}"


def case_the_list(play):
    world = play.world
    reviews = List(play.admin, ALL)
    rows = reviews.everything()
    work = next(row["sub_task_id"] for row in rows if row["round"] == 2)
    reviews.filters(
        [
            exactly("task_id", world.task, nothing=NOBODY),
            exactly("sub_task_id", work, nothing="nonsense"),
            exactly("reviewer_agent", world.reviewer.id, nothing=NOBODY),
            exactly("result", "approved"),
            exactly("result", "rejected"),
            Filter("days", 1, lambda row: True, None),
            Filter("days", 10**6, lambda row: True, None),
            contains("keyword", "rows are missing", "issues", "comment"),
            contains("keyword", " FINE.", "issues", "comment"),
        ],
        rows,
    )
    play.differs("keywords")
    texts = (
        "issues",
        "comment",
        "task_name",
        "sub_task_name",
        "reviewer_agent_name",
        "rework_agent_name",
    )
    reviews.filters([contains("keyword", "50%", *texts)], rows)
    reviews.same(
        "empty filters",
        reviews.everything(task_id="", sub_task_id="", reviewer_agent="", result="", keyword=""),
        rows,
    )
    reviews.orders(rows)
    reviews.pages(rows)
    reviews.wrong(page=0, page_size=101, result="maybe", days=0, sort_order="")
    play.differs("large numbers")
    reviews.refuses("page", 10**25)
    reviews.same("long ago", reviews.everything(days=10**12), rows)


def case_one(play):
    row = play.admin.ok(ALL)["items"][0]
    one = play.admin.ok(ONE, row["id"])
    play.equal("one", {key: one[key] for key in row}, row)
    seen = play.admin.ok("GET /api/admin/sub-tasks/{sub_task_id}", row["sub_task_id"])
    for key in ("description", "deliverable", "acceptance"):
        play.equal(key, one["sub_task_" + key], seen[key])
    play.equal("names", (row["task_name"], row["sub_task_name"]), (seen["task_name"], seen["name"]))
    play.admin.refused("404 no such review", ONE, NOBODY)
