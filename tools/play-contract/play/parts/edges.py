"""What holds below /api for every request."""

from play.client import NOBODY


def case_unknown_paths(play):
    play.differs("unknown paths")
    for path in ("/api/no-such-thing", "/api/tasks/", "/api", "/api/admin/no-such-thing"):
        play.nobody.problem(play.nobody.send("GET", path), 404)
    play.nobody.problem(play.nobody.send("PATCH", "/api/health"), 405)


def case_bodies(play):
    world = play.world
    planner = world.planner
    for content, status in (
        (b"{", 400),
        (b'{"name": "x"} trailing', 400),
        (b"[]", 422),
        (b'"x"', 422),
    ):
        planner.problem(planner.send("POST", "/api/tasks", content=content), status)
    play.differs("sizes and blanks")
    reply = planner.send("POST", "/api/tasks", body={"name": "x", "description": "x" * (1 << 21)})
    planner.problem(reply, 413)
    text = planner.send(
        "POST",
        "/api/tasks",
        content=b'{"name": "typed"}',
        headers={"Content-Type": "application/vnd.x+json"},
    )
    play.equal("any +json", text.status, 200)


def case_fields(play):
    play.differs("fields of ours")
    for kind in (
        "SubTaskResponse",
        "AdminAgentDetail",
        "AdminDashboardTrendsResponse",
        "FeedLogResponse",
    ):
        play.check(kind in play.shapes.seen, f"{kind} was compared")
    play.world.planner.problem(play.world.planner.send("GET", f"/api/tasks/{NOBODY}"), 404)
