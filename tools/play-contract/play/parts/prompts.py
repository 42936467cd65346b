"""Prompts: templates, agents' prompts, and how they are put together."""

from play.contract import ROLES

TEMPLATES, TEMPLATE = "GET /api/admin/prompts/templates", "GET /api/admin/prompts/templates/{role}"
WRITE = "PUT /api/admin/prompts/templates/{role}"
PROMPTS, PROMPT = "GET /api/admin/prompts/agents", "GET /api/admin/prompts/agents/{slug}"
CREATE, EDIT = "POST /api/admin/prompts/agents", "PUT /api/admin/prompts/agents/{slug}"
DELETE, COMPOSE = "DELETE /api/admin/prompts/agents/{slug}", "GET /api/admin/prompts/compose/{slug}"
ONBOARDING = "GET /api/admin/prompts/onboarding/{role}"
MARKER = "## 🔧 平台对接"


def case_templates(play):
    admin = play.admin
    play.differs("prompts")
    rows = admin.ok(TEMPLATES)
    play.equal("each role once", [row["role"] for row in rows], sorted(ROLES))
    before = admin.ok(TEMPLATE, "planner")
    play.check(before in rows and before["content"], "one is as in the list")
    play.equal(
        "written", admin.ok(WRITE, "planner", body={"content": "Plan."})["filename"], "planner.md"
    )
    play.equal("hot", admin.ok(TEMPLATE, "planner")["content"], "Plan.")
    admin.ok(WRITE, "planner", body={"content": before["content"]})
    admin.refused("404 no such role", TEMPLATE, "boss")
    admin.refused("422 no such role", WRITE, "boss", body={"content": "x"}, field="role")


def case_prompts(play):
    admin, slug = play.admin, "eve-" + play.world.mark
    body = {
        "slug": slug,
        "name": "Ada",
        "role": "executor",
        "description": "Writes.",
        "content": "\n You write.\n\n",
    }
    made = admin.ok(CREATE, body=body)
    play.equal("made", made, {"slug": f"executor-{slug}", "filename": f"executor-{slug}.md"})
    one = admin.ok(PROMPT, made["slug"])
    play.equal(
        "one",
        [
            one[key]
            for key in ("name", "role", "description", "content", "status", "has_frontmatter")
        ],
        ["Ada", "executor", "Writes.", "You write.", "ok", True],
    )
    rows = admin.ok(PROMPTS)
    play.equal(
        "by file name", [row["filename"] for row in rows], sorted(row["filename"] for row in rows)
    )
    play.check(made["slug"] in {row["slug"] for row in rows}, "it is listed")
    admin.refused("409 taken", CREATE, body=body)
    kept = admin.ok(EDIT, made["slug"], body={"description": "Draws.", "role": None})
    play.equal("kept", kept["slug"], made["slug"])
    admin.ok(CREATE, body={**body, "role": "planner"})
    admin.refused("409 taken", EDIT, f"planner-{slug}", body={"role": "executor"})
    moved = admin.ok(EDIT, made["slug"], body={"role": "reviewer", "content": "You check."})
    play.equal("moved", moved["slug"], f"reviewer-{slug}")
    admin.refused("404 no such prompt", PROMPT, made["slug"])
    play.equal("description", admin.ok(PROMPT, moved["slug"])["description"], "Draws.")
    compose(play, moved["slug"])
    for left in (moved["slug"], f"planner-{slug}"):
        admin.ok(DELETE, left)
        admin.refused("404 no such prompt", DELETE, left)


def compose(play, slug):
    admin = play.admin
    prompt = admin.ok(COMPOSE, slug)["prompt"]
    own, rest = prompt.split("\n\n---\n\n", 1)
    onboarding = admin.ok(ONBOARDING, "reviewer")["content"]
    play.equal("own text", own, "You check.")
    play.check(MARKER in rest and f"{play.url}/api/agents/register" in rest, "how to connect")
    for part in (
        play.token,
        "/api/tools/cli",
        "/api/agents/me/skill",
        play.url,
        "X-Registration-Token",
    ):
        play.check(part in onboarding, f"the onboarding text has {part}")
    alone = f"Mine.\n\n{MARKER}\n\nMy way."
    admin.ok(EDIT, slug, body={"content": alone})
    play.equal("alone", admin.ok(COMPOSE, slug)["prompt"], alone)


def case_what_is_refused(play):
    admin = play.admin
    right = {"slug": "x-" + play.world.mark, "name": "X", "role": "executor", "content": "x"}
    before = admin.ok(PROMPTS)
    admin.refused("422 bad role", CREATE, body={**right, "role": "boss"}, field="role")
    play.differs("prompts")
    for slug in ("../x", "a/b", "n\n", "A", "x.md", ""):
        admin.refused("422 bad slug", CREATE, body={**right, "slug": slug}, field="slug")
    play.equal("nothing written", admin.ok(PROMPTS), before)
    for slug in ("none", "../config", "a\n"):
        admin.refused("404 no such prompt", PROMPT, slug)
        admin.refused("404 no such prompt", COMPOSE, slug)
        admin.refused("404 no such prompt", EDIT, slug, body={"name": "x"})
    made = admin.ok(CREATE, body=right)["slug"]
    admin.refused("422 bad role", EDIT, made, body={"role": "boss"}, field="role")
    admin.ok(DELETE, made)
    admin.refused("422 no such role", ONBOARDING, "boss", field="role")
