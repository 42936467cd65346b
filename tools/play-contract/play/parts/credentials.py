"""Who may call what: every operation with no credential, a wrong one, and the wrong role's."""

from play.client import NOBODY, Caller
from play.contract import ROLES


def bodies(world):
    """Where a role is compared after the body, a right body is needed to get there."""
    return {
        "POST /api/tasks": {"name": "x"},
        "PUT /api/tasks/{task_id}": {"name": "x"},
        "PUT /api/tasks/{task_id}/status": {"status": "active"},
        "POST /api/tasks/{task_id}/modules": {"name": "x"},
        "POST /api/sub-tasks": {"task_id": world.task, "name": "x"},
        "PUT /api/sub-tasks/{sub_task_id}": {"name": "x"},
        "POST /api/sub-tasks/{sub_task_id}/session": {"session_id": "x"},
        "POST /api/sub-tasks/{sub_task_id}/reassign": {"agent_id": world.executor.id},
        "POST /api/review-records": {
            "sub_task_id": world.work["review"],
            "result": "approved",
            "score": 5,
        },
        "POST /api/scores/adjust": {"agent_id": world.second.id, "score_delta": 1, "reason": "x"},
    }


def ask(caller, operation):
    """Calls an operation with everything right but the caller."""
    world = caller.play.world
    there = {
        "{task_id}": world.task,
        "{sub_task_id}": world.work["assigned"],
        "{agent_id}": world.executor.id,
    }
    ids = [there.get(part, NOBODY) for part in operation.path.split("/") if part.startswith("{")]
    body = (
        {}
        if operation.method in ("GET", "DELETE")
        else {"body": bodies(world).get(operation.name, {})}
    )
    query = {"task_id": world.task} if operation.name == "GET /api/sub-tasks/latest" else None
    return caller.ask(operation.name, *ids, query=query, **body)


def case_agents_operations(play):
    play.differs("no credential")
    world = play.world
    # The contract's agents are those of its own header; ours know one more.
    by_key = Caller(play, {"X-Agent-Key": world.executor.key}, name="by X-Agent-Key")
    by_key.ok("GET /api/scores/me")
    wrong = [
        play.nobody,
        Caller(play, {"Authorization": "Bearer ak_" + "0" * 32}),
        Caller(play, {"Authorization": "Basic " + world.executor.key}),
        Caller(play, {"X-Admin-Token": world.executor.key}),
    ]
    for operation in play.ledger.operations.values():
        roles = [role for role in operation.callers if role in ROLES]
        if "agent" not in operation.callers and not roles:
            continue
        for caller in wrong[:3]:
            caller.problem(ask(caller, operation), 401)
        wrong[3].problem(ask(wrong[3], operation), 403 if also_admins(operation) else 401)
        play.world.disabled.problem(ask(world.disabled, operation), 403)
        for caller in (world.planner, world.executor, world.reviewer, world.patrol):
            if "+" + caller.role in operation.callers:
                play.differs("blocking")
            elif roles and caller.role not in roles:
                problem = caller.problem(ask(caller, operation), 403)
                play.equal(
                    f"{operation.name} as {caller.role}", problem.get("code"), "role_not_allowed"
                )


def also_admins(operation):
    """Ours lets an admin do what a planner or a reviewer does: there a dead session is told."""
    alone = {
        "/api/scores/adjust",
        "/api/scores/me",
        "/api/scores/me/logs",
        "/api/logs/mine",
        "/api/sub-tasks/mine",
        "/api/sub-tasks/latest",
        "/api/agents/me/skill",
        "/api/rules",
        "/api/config/notification",
        "/api/tools/cli",
    }
    steps = ("/claim", "/start", "/submit", "/session")
    only_agents = operation.path in alone or operation.path.endswith(steps)
    return not only_agents and operation.name != "POST /api/logs"


def case_admins_operations(play):
    key = play.world.executor.key
    wrong = [
        play.nobody,
        Caller(play, {"X-Admin-Token": ""}),
        Caller(play, {"X-Admin-Token": "0" * 64}),
        Caller(play, {"X-Admin-Token": key}),
        play.world.planner,
    ]
    for operation in play.ledger.operations.values():
        if operation.callers == ["admin"]:
            for caller in wrong:
                caller.problem(ask(caller, operation), 403)
