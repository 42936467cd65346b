"""What is said of the dashboard's version: it is part of the program."""


def case_the_version(play):
    version = play.nobody.ok("GET /api/health")["version"]
    for caller, name in (
        (play.nobody, "GET /api/webui/version"),
        (play.admin, "GET /api/webui/version/check"),
    ):
        seen = caller.ok(name)
        play.equal("no update", (seen["update_available"], seen["error"]), (False, None))
        play.equal("versions", seen["current_version"].lstrip("v"), version.lstrip("v"))


def case_the_update(play):
    play.differs("dashboard files")
    answer = play.admin.ok("POST /api/admin/webui/update")
    play.check(answer["success"] is False and answer["message"], "it says why not")


def case_files(play):
    play.differs("files")
    for path in (
        "/../config.yaml",
        "/..%2fdata/tasks.db",
        "//etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../config.yaml",
    ):
        reply = play.nobody.send("GET", path)
        leaks = any(
            word in reply.text for word in ("registration_token", "SQLite format", "root:x:")
        )
        play.check(not leaks, f"{path} leaks: {reply.text[:80]}")
