//! The tool that says what to do now.

use openmoss_domain::{NextAction, Role};
use openmoss_service::next::NextAsk;
use serde::Deserialize;
use utoipa::ToSchema;

use super::arguments::Arguments;
use super::catalog::{Effect, Tool};
use super::{Told, Turn, schema};

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "next_work",
    title: "Next work",
    description: "Get the next work to do: continue or claim a sub-task, review, plan, unblock or patrol; idle if none",
    roles: Role::ALL,
    effect: Effect::Sets,
    arguments: schema::of::<Asked>,
    run: next_work,
}];

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
struct Asked {
    /// The name of your session, if you know it.
    #[schema(max_length = 200)]
    session_id: Option<String>,
    /// The `rules_etag` of the last answer: rules that are still the same are left out.
    #[schema(max_length = 64)]
    rules_etag: Option<String>,
}

fn next_work(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let asked: Asked = arguments.body()?;
    let session = turn.session_or(asked.session_id);
    let ask = NextAsk { session, rules_etag: asked.rules_etag, ..NextAsk::default() };
    let mut next = turn.service.next_work(&turn.cx, &ask)?;
    // Commands and paths are for those who have no tools.
    next.report.clear();
    Ok(format!("{}\n## Then\n{}\n", next.to_markdown(), then(next.action)))
}

/// How to report back.
const fn then(action: NextAction) -> &'static str {
    match action {
        NextAction::Rework | NextAction::Continue | NextAction::Start | NextAction::Claim => {
            "report_progress while it takes long, then submit_work; report_blocked if you cannot \
             go on."
        }
        NextAction::Review => {
            "Check what was handed in against the acceptance, then review_work; read_work has what is \
             cut here."
        }
        NextAction::Plan => {
            "create_plan with the task's id, then set_task_status with status active."
        }
        NextAction::Unblock => {
            "change_work to say what was missing, then redirect_work to requeue, assign or cancel."
        }
        NextAction::Deliver => {
            "Put the parts together, then set_task_status with status completed; create_plan if \
             something is missing."
        }
        NextAction::Patrol => {
            "Look into each record, then close_finding; report_blocked takes work from an owner \
             who cannot go on."
        }
        NextAction::Idle => "Stop here. Call next_work again when you are woken.",
    }
}
