"""Every number in a query that is none: 422 that names it."""

from play.client import NOBODY
from play.contract import ROLES


def places(play, operation):
    """Ids that exist, so that nothing else is wrong."""
    world = play.world
    ids = {"{agent_id}": world.executor.id, "{task_id}": world.task, "{module_id}": world.module}
    return [ids.get(part, NOBODY) for part in operation.path.split("/") if part.startswith("{")]


def caller_of(play, operation):
    if "admin" in operation.callers:
        return play.admin
    if set(operation.callers) & {"agent", *ROLES}:
        return play.world.executor
    return play.nobody


def case_numbers(play):
    for operation in play.ledger.operations.values():
        for key, kind in operation.query.items():
            if kind.split("|")[0] != "integer" or "feed" in operation.callers:
                continue
            caller = caller_of(play, operation)
            for value in ("x", "", "1.5", 10**25):
                reply = caller.ask(operation.name, *places(play, operation), query={key: value})
                caller.problem(reply, 422, key)
            play.ledger.wrong_parameter(operation, key)
