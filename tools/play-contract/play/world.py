"""A small world: agents of each role, and work in every status."""

import uuid

STATUSES = (
    "pending",
    "assigned",
    "in_progress",
    "review",
    "rework",
    "blocked",
    "done",
    "cancelled",
)
TASK_STATUSES = ("planning", "active", "in_progress", "completed", "archived", "cancelled")


class World:
    """What the parts play with. Names carry a mark, so that a world is found among others."""

    def __init__(self, play):
        self.play, self.count = play, 0
        self.mark = "play" + uuid.uuid4().hex[:8]
        roles = ("planner", "executor", "executor", "reviewer", "reviewer", "patrol")
        cast = [self.register(role) for role in roles]
        self.planner, self.executor, self.second, self.reviewer, self.judge, self.patrol = cast
        self.disabled = self.register("executor")
        self.disable(self.disabled)
        self.task = self.new_task("Goal")["id"]
        self.other_task = self.new_task("Side goal", type="recurring")["id"]
        self.module, self.other_module = (
            self.planner.ok(
                "POST /api/tasks/{task_id}/modules",
                task,
                body={"name": self.name("Module"), "description": "A part."},
            )["id"]
            for task in (self.task, self.other_task)
        )
        self.second_module = self.planner.ok(
            "POST /api/tasks/{task_id}/modules", self.task, body={"name": self.name("Amodule")}
        )["id"]
        self.tasks = {status: self.task_in(status) for status in TASK_STATUSES}
        self.work = {status: self.work_in(status) for status in STATUSES}
        self.varied()

    def name(self, what):
        """A name that nobody has."""
        self.count += 1
        return f"{what} {self.count} {self.mark}"

    def register(self, role, **body):
        """A new agent."""
        headers = {"X-Registration-Token": self.play.token}
        body = {"name": self.name(role), "role": role, **body}
        made = self.play.nobody.ok("POST /api/agents/register", body=body, headers=headers)
        return self.play.agent(made)

    def disable(self, agent):
        self.play.admin.ok(
            "PUT /api/agents/{agent_id}/status", agent.id, body={"status": "disabled"}
        )

    def new_task(self, what="Task", **body):
        return self.planner.ok("POST /api/tasks", body={"name": self.name(what), **body})

    def task_in(self, status):
        """A task in a status."""
        task = self.new_task(f"Task {status}")["id"]
        if status == "cancelled":
            self.planner.ok("POST /api/tasks/{task_id}/cancel", task)
        elif status != "planning":
            self.planner.ok("PUT /api/tasks/{task_id}/status", task, body={"status": status})
        return task

    def new_work(self, what="Work", **body):
        """A pending sub-task of the world's task."""
        body = {"task_id": self.task, "name": self.name(what), **body}
        return self.planner.ok("POST /api/sub-tasks", body=body)

    def step(self, caller, step, work, body=None):
        name = "POST /api/sub-tasks/{sub_task_id}/" + step
        return caller.ok(name, work, **({} if body is None else {"body": body}))

    def review(self, work, result="approved", score=3, **body):
        body = {"sub_task_id": work, "result": result, "score": score, **body}
        return self.reviewer.ok("POST /api/review-records", body=body)

    def work_in(self, status, owner=None, **body):
        """A sub-task in a status, by its way there."""
        owner = owner or self.executor
        work = self.new_work(f"Work {status}", **body)["id"]
        way = {
            "assigned": ["claim"],
            "blocked": ["claim"],
            "in_progress": ["claim", "start"],
            "review": ["claim", "start", "submit"],
            "rework": ["claim", "start", "submit"],
            "done": ["claim", "start", "submit"],
        }
        for step in way.get(status, []):
            self.step(owner, step, work, {} if step == "submit" else {"session_id": "session-1"})
        if status == "blocked":
            self.step(self.patrol, "block", work)
        elif status == "cancelled":
            self.step(self.planner, "cancel", work)
        elif status == "done":
            self.review(work)
        elif status == "rework":
            self.review(work, "rejected", issues="Not yet.")
        return work

    def varied(self):
        """Work that differs in everything that lists filter and sort by."""
        self.new_work(
            "Alpha 100% under_score",
            priority="high",
            module_id=self.module,
            description="Reads everything.",
            deliverable="A file.",
            acceptance="It runs.",
        )
        self.new_work("beta", priority="low", type="recurring", module_id=self.module)
        self.new_work("Gamma", priority="low", module_id=self.second_module)
        self.new_work("Given", assigned_agent=self.second.id)
        for round_ in range(2):
            work = self.work_in("review", self.second, module_id=self.module)
            for _ in range(round_ + 1):
                self.review(work, "rejected", 2, issues="Rows are MISSING.", comment="50% done")
                self.step(self.second, "start", work)
                self.step(self.second, "submit", work)
            self.review(work, "approved", 5, comment="Fine.")
