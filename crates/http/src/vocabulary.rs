//! Names of the domain's enums in the OpenAPI document, built from their own lists of tokens.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

macro_rules! vocabulary {
    ($(#[doc = $text:literal] $name:ident => $domain:ty),+ $(,)?) => {$(
        #[doc = $text]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let tokens = <$domain>::ALL.iter().map(|value| value.as_str());
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .description(Some($text.trim_start()))
                    .enum_values(Some(tokens))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

vocabulary! {
    /// What can be done with a sub-task.
    SubTaskAction => openmoss_domain::Action,
    /// Where a sub-task stands.
    SubTaskStatus => openmoss_domain::sub_task::Status,
    /// How soon.
    Priority => openmoss_domain::sub_task::Priority,
    /// Once or recurring.
    WorkKind => openmoss_domain::sub_task::WorkKind,
    /// Why something is blocked.
    BlockedKind => openmoss_domain::sub_task::BlockedKind,
    /// Of what something is a budget.
    BudgetScope => openmoss_domain::usage::BudgetScope,
    /// What a budget is measured in.
    BudgetMeasure => openmoss_domain::usage::Measure,
    /// What happens when a round is due and the last one still runs.
    Overlap => openmoss_domain::recurrence::Overlap,
    /// What happens to rounds that were due while the server was away.
    CatchUp => openmoss_domain::recurrence::CatchUp,
    /// What something waits for.
    WaitingKind => openmoss_domain::waiting::WaitingKind,
    /// What an agent should do next.
    NextAction => openmoss_domain::NextAction,
    /// How far a goal is.
    TaskStatus => openmoss_domain::TaskStatus,
    /// An agent's role.
    Role => openmoss_domain::Role,
    /// As what somebody acts.
    ActorKind => openmoss_domain::ActorKind,
    /// Whether an agent may work.
    AgentStatus => openmoss_domain::AgentStatus,
    /// What a review says.
    ReviewResult => openmoss_domain::ReviewResult,
    /// What an artifact is.
    ArtifactKind => openmoss_domain::ArtifactKind,
    /// What a log entry is about.
    LogAction => openmoss_domain::log::LogAction,
    /// What a rule applies to.
    RuleScope => openmoss_domain::RuleScope,
    /// How bad something is.
    Severity => openmoss_domain::Severity,
    /// What became of a finding.
    PatrolStatus => openmoss_domain::PatrolStatus,
    /// What an agent can earn.
    Achievement => openmoss_domain::Achievement,
    /// What agents are sorted by.
    AgentSort => openmoss_domain::agent::AgentSort,
    /// What the leaderboard is sorted by.
    LeaderboardSort => openmoss_domain::agent::LeaderboardSort,
    /// Which way a score changed.
    ScoreSign => openmoss_domain::score::ScoreSign,
    /// How a prompt's file is.
    PromptStatus => openmoss_domain::prompt::PromptStatus,
    /// In which language a text is written.
    Language => openmoss_domain::prompt::Language,
    /// What an agent lives in.
    Runtime => openmoss_domain::onboarding::Runtime,
    /// What wakes an agent.
    WakeBy => openmoss_domain::onboarding::WakeBy,
    /// What became of a command that connects an agent.
    OnboardingStatus => openmoss_domain::onboarding::OnboardingStatus,
    /// What happened.
    EventKind => openmoss_domain::EventKind,
    /// What people can be told about.
    NotificationKind => openmoss_domain::notification::NotificationKind,
    /// What became of a message.
    DeliveryStatus => openmoss_domain::outbox::DeliveryStatus,
    /// How an agent's runtime is woken.
    WakeKind => openmoss_domain::wake::WakeKind,
    /// Which end of a sorted list comes first.
    SortOrder => openmoss_domain::SortOrder,
    /// What tasks are sorted by.
    TaskSort => openmoss_domain::TaskSort,
    /// What modules are sorted by.
    ModuleSort => openmoss_domain::ModuleSort,
    /// What sub-tasks are sorted by.
    SubTaskSort => openmoss_domain::SubTaskSort,
}

/// A point in time: RFC 3339, UTC.
pub(crate) struct Time;

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some("A point in time: RFC 3339, UTC."))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Time {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Time")
    }
}
