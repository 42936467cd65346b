//! The words of notifications, in each language.

use openmoss_domain::notification::NotificationKind;
use openmoss_domain::prompt::Language;

use super::message::{Facts, Named};

/// Stands where a name should be that is gone.
const NAMELESS: &str = "–";

/// Title and text of a message.
pub(super) fn of(language: Language, kind: NotificationKind, facts: &Facts) -> (String, String) {
    let name = |named: &Option<Named>| {
        named.as_ref().map_or_else(|| NAMELESS.to_owned(), |named| named.name.clone())
    };
    let (task, sub_task) = (name(&facts.task), name(&facts.sub_task));
    let (said, degree) = (facts.said.as_str(), facts.degree.as_str());
    let words = Words::of(language);
    let agent = facts.agent.as_ref().map(|agent| (words.agent, agent.name.as_str()));
    let of_task = facts.task.as_ref().map(|task| (words.task, task.name.as_str()));
    let of_sub_task = facts.sub_task.as_ref().map(|one| (words.sub_task, one.name.as_str()));
    let (heading, subject, lines) = match kind {
        NotificationKind::TaskCompleted => (words.task_completed, task, vec![]),
        NotificationKind::AllDone => (words.all_done, task, vec![]),
        NotificationKind::ReviewRejected => (words.review_rejected, sub_task, vec![of_task, agent]),
        NotificationKind::SubTaskBlocked => {
            let why = Some((words.cause, degree)).filter(|(_, degree)| !degree.is_empty());
            (words.sub_task_blocked, sub_task, vec![of_task, agent, why])
        }
        NotificationKind::PatrolAlert => {
            let subject = facts.sub_task.as_ref().or(facts.task.as_ref());
            let subject = subject.map_or_else(|| degree.to_owned(), |named| named.name.clone());
            let severity = Some((words.severity, degree)).filter(|(_, degree)| !degree.is_empty());
            (words.patrol_alert, subject, vec![severity, of_task, of_sub_task, agent])
        }
        NotificationKind::AgentSilent => {
            (words.agent_silent, name(&facts.agent), vec![of_task, of_sub_task])
        }
        NotificationKind::BudgetReached => {
            let subject = facts.agent.as_ref().or(facts.task.as_ref());
            let subject = subject.map_or_else(|| NAMELESS.to_owned(), |named| named.name.clone());
            (words.budget_reached, subject, vec![of_task, agent])
        }
    };
    let lines = lines.into_iter().flatten();
    let lines = lines.map(|(label, value)| format!("{label}{}{value}", words.colon));
    let said = Some(said.to_owned()).filter(|said| !said.is_empty());
    let text = lines.chain(said).collect::<Vec<_>>().join("\n");
    (format!("{heading}{}{subject}", words.colon), text)
}

/// Title and text of a message that says that messages arrive.
pub(super) const fn test(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::English => ("Test message", "Notifications of this server arrive here."),
        Language::Chinese => ("测试消息", "本服务器的通知会送达这里。"),
    }
}

struct Words {
    colon: &'static str,
    task: &'static str,
    sub_task: &'static str,
    agent: &'static str,
    cause: &'static str,
    severity: &'static str,
    task_completed: &'static str,
    all_done: &'static str,
    review_rejected: &'static str,
    sub_task_blocked: &'static str,
    patrol_alert: &'static str,
    agent_silent: &'static str,
    budget_reached: &'static str,
}

impl Words {
    const fn of(language: Language) -> Self {
        match language {
            Language::English => Self {
                colon: ": ",
                task: "Task",
                sub_task: "Sub-task",
                agent: "Agent",
                cause: "Cause",
                severity: "Severity",
                task_completed: "Task completed",
                all_done: "All sub-tasks are over, ready to deliver",
                review_rejected: "Sent back by review",
                sub_task_blocked: "Blocked",
                patrol_alert: "Patrol alert",
                agent_silent: "No sign of life from",
                budget_reached: "Budget used up",
            },
            Language::Chinese => Self {
                colon: "：",
                task: "任务",
                sub_task: "子任务",
                agent: "智能体",
                cause: "原因",
                severity: "严重程度",
                task_completed: "任务已完成",
                all_done: "子任务已全部结束，可以交付",
                review_rejected: "审查未通过，已退回",
                sub_task_blocked: "已阻塞",
                patrol_alert: "巡查告警",
                agent_silent: "智能体失联",
                budget_reached: "预算已用尽",
            },
        }
    }
}
