//! A team, and work for it, made through the use cases.

use std::sync::atomic::Ordering;

use openmoss_domain::review::Verdict;
use openmoss_domain::sub_task::{BlockedKind, Draft, Priority, Status, WorkKind};
use openmoss_domain::{
    Actor, Agent, AgentId, Deliverable, ModuleId, ReviewResult, Role, SubTask, SubTaskId, Task,
    TaskId, TaskStatus,
};
use openmoss_service::Context;
use openmoss_service::agent::NewAgent;
use openmoss_service::event::Filter;
use openmoss_service::sub_task::{NewSubTask, Obstacle};

use crate::service::TestService;

/// What an agent sends with a request.
#[must_use]
pub fn by(agent: &Agent) -> Context {
    Context::of(agent.actor())
}

/// The texts of a sub-task of this name.
#[must_use]
pub fn draft(name: &str) -> Draft {
    Draft {
        name: name.to_owned(),
        description: "Two pages.".to_owned(),
        deliverable: "report.md".to_owned(),
        acceptance: "No open question.".to_owned(),
        kind: WorkKind::Once,
        priority: Priority::Medium,
        recurrence: None,
        required_capabilities: Vec::new(),
    }
}

impl TestService {
    /// What an admin sends with a request.
    #[must_use]
    pub fn admin(&self) -> Context {
        Context::of(Actor::Admin)
    }

    /// A new agent.
    #[must_use]
    pub fn agent(&self, role: Role) -> Agent {
        let name = format!("{role} {}", self.named.fetch_add(1, Ordering::Relaxed));
        let new = NewAgent { name, role, description: String::new(), capabilities: Vec::new() };
        self.create_agent(&self.admin(), &new).expect("an agent").agent
    }

    /// Several new agents of one role.
    #[must_use]
    pub fn agents(&self, role: Role, n: usize) -> Vec<Agent> {
        (0..n).map(|_| self.agent(role)).collect()
    }

    /// A new task, active.
    #[must_use]
    pub fn task(&self) -> Task {
        let cx = self.admin();
        let name = format!("Goal {}", self.named.fetch_add(1, Ordering::Relaxed));
        let task = self.create_task(&cx, &name, "", WorkKind::Once).expect("a task");
        self.move_task(&cx, task.id, TaskStatus::Active).expect("an active task")
    }

    /// A new sub-task of `task`, pending; more can be said before it is created.
    #[must_use]
    pub fn work(&self, task: TaskId) -> NewWork<'_> {
        let name = format!("Work {}", self.named.fetch_add(1, Ordering::Relaxed));
        let new = NewSubTask {
            task_id: task,
            module_id: None,
            draft: draft(&name),
            assigned_agent: None,
            depends_on: Vec::new(),
        };
        NewWork { service: self, new }
    }

    /// A sub-task as it is stored now.
    #[must_use]
    pub fn found(&self, id: SubTaskId) -> SubTask {
        self.find_sub_task(Actor::Admin, id).expect("a sub-task").sub_task
    }

    /// Brings a pending sub-task to `status`, done by `owner`, and judged by an admin.
    #[must_use]
    pub fn brought(&self, sub_task: &SubTask, status: Status, owner: &Agent) -> SubTask {
        let (id, admin, owner) = (sub_task.id, self.admin(), by(owner));
        let claim = || self.claim_sub_task(&owner, id, None).expect("a claim");
        let start = || {
            claim();
            self.start_sub_task(&owner, id, None, None).expect("a start")
        };
        let submit = || {
            start();
            self.submit_sub_task(&owner, id, &Deliverable::default(), None).expect("a submit")
        };
        match status {
            Status::Pending => self.found(id),
            Status::Assigned => claim(),
            Status::InProgress => start(),
            Status::Review => submit(),
            Status::Rework => {
                submit();
                self.rework_sub_task(&admin, id, None).expect("a rejection")
            }
            Status::Done => {
                submit();
                self.complete_sub_task(&admin, id).expect("an approval")
            }
            Status::Blocked => {
                claim();
                let (kind, detail) = (BlockedKind::NeedsInput, "Which currency?".to_owned());
                let obstacle = Obstacle { kind, detail, waits_for: None };
                self.block_sub_task(&owner, id, &obstacle).expect("a block")
            }
            Status::Cancelled => self.cancel_sub_task(&admin, id).expect("a cancellation"),
        }
    }

    /// A verdict with this score, as a reviewer sends it.
    #[must_use]
    pub fn verdict(result: ReviewResult, score: i64) -> Verdict {
        Verdict::checked(result, score, "The table is missing.", "", None).expect("a verdict")
    }

    /// The filter for what concerns one sub-task.
    #[must_use]
    pub fn about(sub_task: SubTaskId) -> Filter {
        Filter { sub_task_id: Some(sub_task), ..Filter::default() }
    }
}

/// A sub-task that is about to be created.
pub struct NewWork<'a> {
    service: &'a TestService,
    new: NewSubTask,
}

impl NewWork<'_> {
    /// How soon.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.new.draft.priority = priority;
        self
    }

    /// What it is called.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.new.draft.name);
        self
    }

    /// Which part of the goal.
    #[must_use]
    pub fn module(mut self, module: ModuleId) -> Self {
        self.new.module_id = Some(module);
        self
    }

    /// To whom it is given at once.
    #[must_use]
    pub fn given_to(mut self, agent: AgentId) -> Self {
        self.new.assigned_agent = Some(agent);
        self
    }

    /// What must be done before it.
    #[must_use]
    pub fn after(mut self, prerequisites: &[&SubTask]) -> Self {
        self.new.depends_on = prerequisites.iter().map(|sub_task| sub_task.id).collect();
        self
    }

    /// Creates it, as an admin.
    #[must_use]
    pub fn create(self) -> SubTask {
        let cx = self.service.admin();
        self.service.create_sub_task(&cx, &self.new).expect("a sub-task")
    }
}
