"""Agents as agents see them: registration, the list, the skill and the client."""

from play.client import Caller
from play.contract import ROLES
from play.lists import List, exactly

REGISTER = "POST /api/agents/register"


def headers(play, token=None):
    return {"X-Registration-Token": play.token if token is None else token}


def case_registration(play):
    world, nobody = play.world, play.nobody
    for role in ROLES:
        name = world.name(role)
        made = nobody.ok(
            REGISTER, headers=headers(play), body={"name": name, "role": role, "unknown": 1}
        )
        play.equal("made", (made["name"], made["role"]), (name, role))
        key = made["api_key"]
        play.check(key.startswith("ak_") and len(key) >= 35, f"a key is ak_ and digits: {key[:3]}")
        me = play.agent(made).ok("GET /api/scores/me")
        play.equal("score", (me["agent_id"], me["total_score"]), (made["id"], 0))
    right = {"name": world.name("late"), "role": "executor"}

    def refused(refusal, body, field=None, token=None):
        nobody.refused(
            refusal, REGISTER, headers=headers(play, token), body={**right, **body}, field=field
        )

    refused("403 wrong token", {}, token="wrong")
    nobody.refused("401 no token", REGISTER, body=right)
    refused("422 unknown role", {"role": "boss"}, "role")
    refused("422 long name", {"name": "x" * 101}, "name")
    refused("409 name taken", {"name": world.executor.name})
    play.differs("sizes and blanks")
    nobody.problem(
        nobody.ask(REGISTER, headers=headers(play), body={**right, "name": " "}), 422, "name"
    )
    nobody.refused(
        "422 missing field", REGISTER, headers=headers(play), body={"name": "x"}, field="role"
    )


def case_registration_switch(play):
    play.admin.ok("PUT /api/admin/config", body={"agent": {"allow_registration": False}})
    body = {"name": play.world.name("late"), "role": "executor"}
    play.nobody.refused("403 switched off", REGISTER, headers=headers(play), body=body)
    play.nobody.problem(play.nobody.ask(REGISTER, headers=headers(play, "wrong"), body=body), 403)
    play.admin.ok("PUT /api/admin/config", body={"agent": {"allow_registration": True}})
    play.nobody.ok(REGISTER, headers=headers(play), body=body)


def case_empty_token(play):
    play.differs("registration token")
    play.admin.ok("PUT /api/admin/config", body={"agent": {"registration_token": ""}})
    body = {"name": play.world.name("late"), "role": "executor"}
    for token in ("", play.token):
        play.nobody.problem(play.nobody.ask(REGISTER, headers=headers(play, token), body=body), 403)
    play.admin.ok("PUT /api/admin/config", body={"agent": {"registration_token": play.token}})


def case_by_the_admin(play):
    world, admin = play.world, play.admin
    body = {"name": world.name("by admin"), "role": "patrol", "description": "Looks."}
    made = admin.ok("POST /api/agents", body=body)
    play.agent(made).ok("GET /api/scores/me")
    admin.refused("409 name taken", "POST /api/agents", body=body)
    admin.refused(
        "422 unknown role", "POST /api/agents", body={**body, "role": "boss"}, field="role"
    )


def case_the_list(play):
    world = play.world
    agents = List(world.patrol, "GET /api/agents")
    rows = agents.rows()
    play.check(
        {world.planner.id, world.disabled.id} <= {row["id"] for row in rows}, "all are listed"
    )
    agents.filters([exactly("role", role, nothing="boss") for role in ROLES], rows)
    agents.filters(
        [exactly("status", one, nothing="asleep") for one in ("active", "disabled")], rows
    )
    agents.same("empty filters", agents.rows(role="", status=""), rows)


def case_switching(play):
    world, admin, name = play.world, play.admin, "PUT /api/agents/{agent_id}/status"
    agent = world.register("patrol")
    play.equal("off", admin.ok(name, agent.id, body={"status": "disabled"})["status"], "disabled")
    agent.problem(agent.ask("GET /api/scores/me"), 403)
    play.equal("on", admin.ok(name, agent.id, body={"status": "active"})["status"], "active")
    agent.ok("GET /api/scores/me")
    admin.refused("422 unknown status", name, agent.id, body={"status": "busy"}, field="status")
    admin.refused("404 no such agent", name, "nobody", body={"status": "active"})


def case_downloads(play):
    world = play.world
    for agent in (world.planner, world.executor, world.reviewer, world.patrol):
        skill = agent.ok("GET /api/agents/me/skill")
        play.check(
            agent.key in skill and "<注册后填入>" not in skill,
            f"{agent.role}: the key is filled in",
        )
        play.check(skill.startswith("---"), f"{agent.role}: it begins with front matter")
    client = world.executor.ok("GET /api/tools/cli")
    play.check(f'BASE_URL = "{play.url}"' in client, "the client knows this server")
    external = Caller(play, {**world.executor.headers, "Host": "moss.example:81"})
    play.check(
        'BASE_URL = "http://moss.example:81"' in external.ok("GET /api/tools/cli"), "Host is used"
    )
    admin = play.admin
    admin.ok("PUT /api/admin/config", body={"server": {"external_url": "https://moss.example/"}})
    play.check(
        'BASE_URL = "https://moss.example"' in world.executor.ok("GET /api/tools/cli"),
        "external_url",
    )
    play.equal("status", play.nobody.ok("GET /api/setup/status")["has_external_url"], True)
    admin.ok("PUT /api/admin/config", body={"server": {"external_url": ""}})
    notification = world.patrol.ok("GET /api/config/notification")
    play.equal("notification", notification, admin.ok("GET /api/admin/config")["notification"])
