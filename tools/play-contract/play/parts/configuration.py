"""The configuration and the password."""

CONFIG, CHANGE, PASSWORD = (
    "GET /api/admin/config",
    "PUT /api/admin/config",
    "PUT /api/admin/config/password",
)


def case_reading(play):
    config = play.admin.ok(CONFIG)
    play.equal("masked", config["admin"]["password"], "***")
    play.equal("token", config["agent"]["registration_token"], play.token)
    play.check("setup" not in config, "setup is not shown")


def case_changing(play):
    admin, before = play.admin, play.admin.ok(CONFIG)
    body = {
        "project": {"name": "Apollo"},
        "notification": {"enabled": False, "events": ["all_done"]},
        "workspace": {"root": "/srv/work"},
        "webui": {"feed_retention_days": 30},
        "unknown": {"x": 1},
    }
    answer = admin.ok(CHANGE, body=body)
    play.equal(
        "keys", sorted(answer["updated_keys"]), ["notification", "project", "webui", "workspace"]
    )
    after = admin.ok(CONFIG)
    play.equal(
        "merged",
        (after["notification"]["channels"], after["webui"]["public_feed"]),
        (before["notification"]["channels"], before["webui"]["public_feed"]),
    )
    play.equal("at once", play.nobody.ok("GET /api/health")["service"], "Apollo")
    play.equal("rest", after["agent"], before["agent"])
    sections = ("project", "notification", "workspace", "webui")
    admin.ok(CHANGE, body={key: before[key] for key in sections})
    play.equal("back", admin.ok(CONFIG), before)


def case_what_is_refused(play):
    admin, before = play.admin, play.admin.ok(CONFIG)
    for body in ({}, {"unknown": {"x": 1}}, {"agent": None}):
        admin.refused("422 nothing usable", CHANGE, body=body)
    admin.refused("422 fixed key", CHANGE, body={"server": {"port": 1}}, field="server.port")
    admin.refused("422 no object", CHANGE, body={"project": "x"}, field="project")
    play.differs("configuration")
    body = {"project": {"name": "Apollo"}, "webui": {"feed_retention_days": "abc"}}
    admin.refused("422 wrong value", CHANGE, body=body, field="webui.feed_retention_days")
    play.equal("nothing changed", admin.ok(CONFIG), before)


def case_the_password(play):
    admin, new = play.admin, "yet another password"
    play.differs("password change")

    def refused(refusal, old, fresh, field):
        admin.refused(
            refusal, PASSWORD, body={"old_password": old, "new_password": fresh}, field=field
        )

    refused("422 wrong old password", "wrong", new, "old_password")
    refused("422 short password", play.password, "12345", "new_password")
    play.differs("passwords")
    refused("422 long password", play.password, "é" * 37, "new_password")
    other = play.log_in()
    admin.ok(PASSWORD, body={"old_password": play.password, "new_password": new})
    reply = play.nobody.ask("POST /api/admin/login", body={"password": play.password})
    play.nobody.problem(reply, 403)
    play.differs("sessions")
    other.problem(other.ask(CONFIG), 403)
    admin.ok(PASSWORD, body={"old_password": new, "new_password": play.password})
    play.log_in()
