//! A server with a small team on a fresh database, for tools that drive the API from outside: a
//! browser, or schemathesis (see `tests/schemathesis`).
//!
//! Takes the port, 0 for a free one. Prints where it listens, who there is and the ids of some of
//! everything as lines `NAME=value` for a shell, and runs until its standard input ends.
use std::io::Read as _;
use std::sync::Arc;

use openmoss_domain::review::Verdict;
use openmoss_domain::sub_task::{Draft, Priority, WorkKind};
use openmoss_domain::{Actor, Agent, Deliverable, ReviewResult, Role, RuleScope, SubTask, TaskId};
use openmoss_http::{Server, ServerOptions};
use openmoss_service::agent::NewAgent;
use openmoss_service::rule::NewRule;
use openmoss_service::settings::{Secret, Settings};
use openmoss_service::sub_task::NewSubTask;
use openmoss_service::{Context, Service, ServiceError, SystemClock};
use openmoss_testkit::{MemoryLayers, TestDb};

/// A cheap hash of this password: a tool logs in often.
const PASSWORD: &str = "correct horse";
const PASSWORD_HASH: &str = "bcrypt:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const REGISTRATION_TOKEN: &str = "registration-token";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).unwrap_or_default().parse().unwrap_or(0);
    let db = database();
    let mut settings = Settings::default();
    db.url().clone_into(&mut settings.database.path);
    settings.admin.password = Secret::new(PASSWORD_HASH);
    settings.agent.registration_token = Secret::new(REGISTRATION_TOKEN);
    settings.setup.initialized = true;
    "/nonexistent".clone_into(&mut settings.content.root);
    let layers = Arc::new(MemoryLayers(settings));
    let service = Arc::new(Service::open(layers, Arc::new(SystemClock))?);
    let options =
        ServerOptions { host: "127.0.0.1".to_owned(), port, shutdown_seconds: 5, workers: None };
    let server = Server::start(Arc::clone(&service), &options)?;

    println!("OPENMOSS_URL=http://{}", server.address());
    println!("OPENMOSS_PASSWORD='{PASSWORD}'");
    println!("OPENMOSS_REGISTRATION_TOKEN={REGISTRATION_TOKEN}");
    println!("OPENMOSS_ADMIN_TOKEN={}", service.log_in(PASSWORD, None)?.expose());
    populate(&service)?;

    // Until whoever started this hangs up.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    server.stop()?;
    Ok(())
}

/// On the server that `TEST_DATABASE_URL` names, if this is built for PostgreSQL; else a file.
fn database() -> TestDb {
    #[cfg(feature = "postgres")]
    if std::env::var_os("TEST_DATABASE_URL").is_some_and(|url| !url.is_empty())
        && let Some(db) = TestDb::postgres()
    {
        return db;
    }
    TestDb::sqlite()
}

fn populate(service: &Service) -> Result<(), ServiceError> {
    let admin = Context::of(Actor::Admin);
    agent(service, Role::Planner, "PLANNER")?;
    let executor = agent(service, Role::Executor, "EXECUTOR")?;
    let reviewer = agent(service, Role::Reviewer, "REVIEWER")?;
    agent(service, Role::Patrol, "PATROL")?;

    let task = service.create_task(&admin, "Ship it", "All of it.", WorkKind::Once)?.id;
    service.create_module(&admin, task, "Core", "The heart of it.")?;
    let finished = work(service, task, "Draw")?;
    hand_in(service, &executor, &finished)?;
    let verdict = Verdict::checked(ReviewResult::Approved, 5, "", "Fine.", None)?;
    let review = service.review_sub_task(&by(&reviewer), finished.id, &verdict)?.id;
    hand_in(service, &executor, &work(service, task, "Build")?)?;
    let open = work(service, task, "Test")?.id;
    let scope = RuleScope::Task;
    let content = "Measure twice.".to_owned();
    let rule = NewRule { scope, task_id: Some(task), sub_task_id: None, content };
    let rule = service.create_rule(&admin, &rule)?.id;

    println!("OPENMOSS_TASK={task}");
    println!("OPENMOSS_SUB_TASK={open}");
    println!("OPENMOSS_REVIEW={review}");
    println!("OPENMOSS_RULE={rule}");
    println!("OPENMOSS_READY=1");
    Ok(())
}

fn by(agent: &Agent) -> Context {
    Context::of(agent.actor())
}

fn agent(service: &Service, role: Role, name: &str) -> Result<Agent, ServiceError> {
    let new = NewAgent {
        name: format!("The {role}"),
        role,
        description: String::new(),
        capabilities: Vec::new(),
    };
    let made = service.create_agent(&Context::of(Actor::Admin), &new)?;
    println!("OPENMOSS_{name}={}", made.agent.id);
    println!("OPENMOSS_{name}_KEY={}", made.key.expose());
    Ok(made.agent)
}

fn work(service: &Service, task_id: TaskId, name: &str) -> Result<SubTask, ServiceError> {
    let draft = Draft {
        name: name.to_owned(),
        description: String::new(),
        deliverable: String::new(),
        acceptance: String::new(),
        kind: WorkKind::Once,
        priority: Priority::Medium,
        recurrence: None,
        required_capabilities: Vec::new(),
    };
    let new = NewSubTask {
        task_id,
        module_id: None,
        draft,
        assigned_agent: None,
        depends_on: Vec::new(),
    };
    service.create_sub_task(&Context::of(Actor::Admin), &new)
}

fn hand_in(service: &Service, owner: &Agent, work: &SubTask) -> Result<(), ServiceError> {
    let cx = by(owner);
    service.claim_sub_task(&cx, work.id, None)?;
    service.start_sub_task(&cx, work.id, None, None)?;
    service.submit_sub_task(&cx, work.id, &Deliverable::default(), None)?;
    Ok(())
}
