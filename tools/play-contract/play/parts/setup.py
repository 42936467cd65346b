"""The wizard, once, and what is locked before it."""

import hashlib

OPERATION = "POST /api/setup/initialize"


def answers(play, **more):
    return {
        "admin_password": "the second password",
        "current_password": play.password,
        "project_name": "Play",
        "workspace_root": "/workspace",
        **more,
    }


def case_before_it(play):
    """nothing works before the setup, and wrong answers keep nothing"""
    if not play.started:
        return
    play.differs("setup")
    status = play.nobody.ok("GET /api/setup/status")
    play.equal("status", status, {"initialized": False, "has_external_url": False})
    nobody, wrong = play.nobody, play.nobody.refused
    nobody.problem(nobody.ask("POST /api/admin/login", body={"password": "admin123"}), 403)
    body = {"name": "early", "role": "executor"}
    for token in ("openclaw-register-2024", ""):
        headers = {"X-Registration-Token": token}
        nobody.problem(nobody.ask("POST /api/agents/register", body=body, headers=headers), 403)
    without = answers(play)
    del without["current_password"]
    wrong("403 no current password", OPERATION, body=without)
    wrong("403 wrong current password", OPERATION, body=answers(play, current_password="x"))
    wrong(
        "422 short password",
        OPERATION,
        body=answers(play, admin_password="12345"),
        field="admin_password",
    )
    wrong("422 empty project", OPERATION, body=answers(play, project_name=""), field="project_name")
    wrong(
        "422 empty workspace",
        OPERATION,
        body=answers(play, workspace_root=""),
        field="workspace_root",
    )
    wrong(
        "422 wrong type",
        OPERATION,
        body=answers(play, allow_registration="yes"),
        field="allow_registration",
    )
    play.differs("passwords")
    nobody.problem(
        nobody.ask(OPERATION, body=answers(play, admin_password="é" * 37)), 422, "admin_password"
    )
    play.equal("still", nobody.ok("GET /api/setup/status")["initialized"], False)


def case_the_wizard(play):
    """it sets everything, once"""
    if play.started:
        notification = {"enabled": True, "channels": ["chat:x"], "events": ["all_done"]}
        body = answers(
            play,
            registration_token="",
            allow_registration=True,
            external_url="",
            notification=notification,
            unknown=1,
        )
        done = play.nobody.ok(OPERATION, body=body)
        play.password, play.token = body["admin_password"], done["registration_token"]
        digits = len(play.token) == 32 and set(play.token) <= set("0123456789abcdef")
        play.check(digits, "an absent token becomes 32 random hex digits")
        play.equal("service", play.nobody.ok("GET /api/health")["service"], "Play")
        admin = play.log_in()
        play.equal("notification", admin.ok("GET /api/admin/config")["notification"], notification)
        play.equal(
            "workspace", admin.ok("GET /api/admin/config")["workspace"]["root"], "/workspace"
        )
    play.equal("done", play.nobody.ok("GET /api/setup/status")["initialized"], True)
    play.nobody.refused("403 done already", OPERATION, body=answers(play))


def case_health(play):
    """liveness, and the login"""
    health = play.nobody.ok("GET /api/health")
    play.equal("status", health["status"], "ok")
    token = play.nobody.ok("POST /api/admin/login", body={"password": play.password})["token"]
    play.check(
        len(token) == 64 and set(token) <= set("0123456789abcdef"), "a session is 64 hex digits"
    )
    play.nobody.refused("403 wrong password", "POST /api/admin/login", body={"password": "wrong"})
    play.nobody.refused("403 long password", "POST /api/admin/login", body={"password": "x" * 73})
    other = hashlib.sha256(token.encode()).hexdigest()
    reply = play.nobody.ask("GET /api/admin/config", headers={"X-Admin-Token": other})
    play.nobody.problem(reply, 403)
