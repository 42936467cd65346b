//! Whether everything that is kept beside the rows it counts is what a real count gives.

use crate::database::TestDb;

/// Every number that `counter` should hold, counted.
const COUNTED: &str = "
    SELECT 'tasks' AS scope, status || ':' || kind AS key, COUNT(*) AS n FROM task
        GROUP BY status, kind
    UNION ALL SELECT 'scores', 'rewards', COUNT(*) FROM score_log WHERE score_delta > 0
    UNION ALL SELECT 'scores', 'penalties', COUNT(*) FROM score_log WHERE score_delta < 0
    UNION ALL SELECT 'scores', 'agents_above', COUNT(*) FROM agent WHERE total_score > 0
    UNION ALL SELECT 'scores', 'agents_below', COUNT(*) FROM agent WHERE total_score < 0
    UNION ALL SELECT 'scores', 'sum', CAST(COALESCE(SUM(total_score), 0) AS BIGINT) FROM agent
    UNION ALL SELECT 'logs', action, COUNT(*) FROM activity_log GROUP BY action
    UNION ALL SELECT 'agents', role || ':' || status, COUNT(*) FROM agent GROUP BY role, status
    UNION ALL SELECT 'patrol:' || severity, status, COUNT(*) FROM patrol_record
        GROUP BY severity, status
    UNION ALL SELECT 'deliveries', status, COUNT(*) FROM delivery GROUP BY status
    UNION ALL SELECT 'reviews', result, COUNT(*) FROM review_record GROUP BY result
    UNION ALL SELECT 'sub_tasks', status || ':' || priority || ':' || kind, COUNT(*) FROM sub_task
        GROUP BY status, priority, kind
    UNION ALL SELECT 'task:' || task_id, status, COUNT(*) FROM sub_task GROUP BY task_id, status
    UNION ALL SELECT 'module:' || module_id, status, COUNT(*) FROM sub_task
        WHERE module_id IS NOT NULL GROUP BY module_id, status
    UNION ALL SELECT 'agent:' || assigned_agent, status, COUNT(*) FROM sub_task
        WHERE assigned_agent IS NOT NULL GROUP BY assigned_agent, status
    UNION ALL SELECT 'sub_tasks', 'claimable', COUNT(*) FROM sub_task
        WHERE status = 'pending' AND open_prerequisites = 0 AND NOT held
    UNION ALL SELECT 'task:' || task_id, 'claimable', COUNT(*) FROM sub_task
        WHERE status = 'pending' AND open_prerequisites = 0 AND NOT held GROUP BY task_id";

/// Agents whose own numbers are wrong, each as a sentence.
const WRONG_AGENTS: &str = "
    SELECT 'agent ' || id || ': its score or the counts beside it are not those of its log'
        AS text FROM agent WHERE total_score <> (
            SELECT COALESCE(SUM(score_delta), 0) FROM score_log WHERE agent_id = agent.id)
        OR reward_count <> (SELECT COUNT(*) FROM score_log
            WHERE agent_id = agent.id AND score_delta > 0)
        OR penalty_count <> (SELECT COUNT(*) FROM score_log
            WHERE agent_id = agent.id AND score_delta < 0)";

/// Sub-tasks whose own numbers are wrong, each as a sentence.
const WRONG_SUB_TASKS: [&str; 5] = [
    "SELECT 'sub-task ' || id || ': wrong number of prerequisites' AS text FROM sub_task
        WHERE prerequisites <> (
            SELECT COUNT(*) FROM prerequisite WHERE sub_task_id = sub_task.id)",
    "SELECT 'sub-task ' || id || ': wrong number of open prerequisites' AS text FROM sub_task
        WHERE open_prerequisites <> (SELECT COUNT(*) FROM prerequisite
            JOIN sub_task needed ON needed.id = prerequisite_id
            WHERE sub_task_id = sub_task.id AND needed.status <> 'done')",
    "SELECT 'sub-task ' || sub_task.id || ': held, or not, against its task' AS text
        FROM sub_task JOIN task ON task.id = task_id
        WHERE held <> (is_stopped OR task.status IN ('completed', 'archived', 'cancelled'))",
    "SELECT 'sub-task ' || id || ': wrong number of notes' AS text FROM sub_task
        WHERE notes <> (SELECT COUNT(*) FROM note WHERE sub_task_id = sub_task.id)",
    "SELECT 'sub-task ' || id || ': an attempt without an owner on record' AS text FROM sub_task
        WHERE attempt <> (SELECT COUNT(*) FROM ownership WHERE sub_task_id = sub_task.id)",
];

/// Every counter and every agent's number that differs from a real count.
#[must_use]
pub fn counter_differences(db: &TestDb) -> Vec<String> {
    let mut raw = db.raw();
    let mut found = raw.texts(&format!(
        "SELECT scope || ' ' || key || ': kept ' || CAST(SUM(kept) AS TEXT) || ', counted '
                || CAST(SUM(counted) AS TEXT) AS text
            FROM (SELECT scope, key, n AS kept, 0 AS counted FROM counter
                UNION ALL SELECT scope, key, 0, n FROM ({COUNTED}) AS counts) AS both_counts
            GROUP BY scope, key HAVING SUM(kept) <> SUM(counted)"
    ));
    found.extend(raw.texts(WRONG_AGENTS));
    found
}

/// The same, and every number of a sub-task that is not what its prerequisites, its task under the
/// default policy, or its owners make it.
#[must_use]
pub fn differences(db: &TestDb) -> Vec<String> {
    let mut found = counter_differences(db);
    for query in WRONG_SUB_TASKS {
        found.extend(db.raw().texts(query));
    }
    found
}

/// How many rounds a race runs: `OPENMOSS_RACE_ROUNDS`, or a number that suits the backend.
#[must_use]
pub fn rounds(db: &TestDb, on_sqlite: usize, on_postgres: usize) -> usize {
    let asked = std::env::var("OPENMOSS_RACE_ROUNDS").ok();
    let default = if db.is_postgres() { on_postgres } else { on_sqlite };
    asked.map_or(default, |rounds| rounds.parse().expect("OPENMOSS_RACE_ROUNDS is a number"))
}
