"""The activity log as an admin reads it."""

from play.client import NOBODY
from play.lists import Filter, List, contains, exactly
from play.parts.logs import ACTIONS

NAME = "GET /api/admin/logs"


def case_the_log(play):
    world = play.world
    log = List(play.admin, NAME)
    rows = log.everything()
    log.filters([exactly("action", one) for one in ACTIONS], rows)
    log.filters(
        [
            exactly("agent_id", world.executor.id, nothing=NOBODY),
            exactly("sub_task_id", world.work["in_progress"], nothing="nonsense"),
            contains("keyword", " DID ", "summary"),
            Filter("days", 1, lambda row: True, None),
            Filter("days", 1000, lambda row: True, None),
        ],
        rows,
    )
    play.differs("keywords")
    log.filters([contains("keyword", "0%", "summary")], rows)
    play.equal("no wildcard", log.rows(keyword="_"), [row for row in rows if "_" in row["summary"]])
    log.same("empty filters", log.everything(agent_id="", sub_task_id="", keyword=""), rows)
    log.orders(rows)
    log.pages(rows)
    log.wrong(page=0, page_size=101, action="sleep", days="x", sort_order="up")
    log.refuses("action", "")
    agents = {row["id"]: (row["name"], row["role"]) for row in world.planner.ok("GET /api/agents")}
    for row in rows:
        play.equal("who", (row["agent_name"], row["agent_role"]), agents[row["agent_id"]])
