//! Tools of whoever watches.

use openmoss_domain::{PatrolRecordId, PatrolStatus, Role, Severity};
use openmoss_service::patrol::Filter;
use serde::Deserialize;
use utoipa::ToSchema;

use super::arguments::Arguments;
use super::catalog::{Effect, Tool};
use super::reading::{ROWS, window};
use super::{Told, Turn, schema, words};
use crate::input::optional_id;
use crate::patrol::CreateBody;
use crate::vocabulary;

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "list_findings",
        title: "List findings",
        description: "List patrol findings, newest first",
        roles: &[Role::Patrol],
        effect: Effect::Reads,
        arguments: schema::of::<ListFindings>,
        run: list_findings,
    },
    Tool {
        name: "report_finding",
        title: "Report a finding",
        description: "Report a patrol finding: silent owners, stuck work, anything that stands still",
        roles: &[Role::Patrol],
        effect: Effect::Adds,
        arguments: schema::of::<CreateBody>,
        run: report_finding,
    },
    Tool {
        name: "close_finding",
        title: "Close a finding",
        description: "Close a patrol finding: resolved when the condition is gone, ignored when it may stay",
        roles: &[Role::Patrol],
        effect: Effect::Adds,
        arguments: || schema::with_id::<CloseFinding>("patrol_record_id", "Which finding."),
        run: close_finding,
    },
];

/// Which findings.
#[derive(Debug, Deserialize, ToSchema)]
struct ListFindings {
    /// Only those in this status.
    #[schema(value_type = Option<vocabulary::PatrolStatus>)]
    status: Option<PatrolStatus>,
    /// Only those that are this bad.
    #[schema(value_type = Option<vocabulary::Severity>)]
    severity: Option<Severity>,
    /// Only those about this sub-task.
    #[schema(format = Uuid)]
    sub_task_id: Option<String>,
    /// 1 is the first page of 20.
    #[schema(minimum = 1)]
    page: Option<u32>,
}

fn list_findings(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let asked: ListFindings = arguments.body()?;
    let filter = Filter {
        status: asked.status,
        severity: asked.severity,
        sub_task_id: optional_id("sub_task", asked.sub_task_id.as_deref())?,
        ..Filter::default()
    };
    let (page, window) = window(asked.page);
    let found = turn.service.list_patrol_records(&filter, window)?;
    Ok(words::page(page, &found, ROWS, words::finding))
}

fn report_finding(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let finding = arguments.body::<CreateBody>()?.into_finding()?;
    let opened = turn.service.open_patrol_record(&turn.cx, &finding)?;
    let id = opened.record.id;
    Ok(if opened.is_new {
        format!("It is finding {id}. When the condition is gone: close_finding.")
    } else {
        format!("It stands already, as finding {id}; nothing was added.")
    })
}

/// How it ended.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Resolved,
    Ignored,
}

/// How it ended.
#[derive(Debug, Deserialize, ToSchema)]
struct CloseFinding {
    outcome: Outcome,
    /// What was done about it.
    #[serde(default)]
    #[schema(max_length = 65_536)]
    action_taken: String,
}

fn close_finding(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id: PatrolRecordId = arguments.id("patrol_record")?;
    let asked: CloseFinding = arguments.body()?;
    let (service, cx, said) = (turn.service, &turn.cx, asked.action_taken.as_str());
    let record = match asked.outcome {
        Outcome::Resolved => service.resolve_patrol_record(cx, id, said)?,
        Outcome::Ignored => service.ignore_patrol_record(cx, id, said)?,
    };
    Ok(format!("Finding {} is {}.", record.id, record.status))
}
