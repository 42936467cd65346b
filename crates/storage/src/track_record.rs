//! What agents did, in numbers, and what they earned with it.
//!
//! A record is one row, added to in the transaction of the deed: whoever adds sees the new numbers, so
//! that an achievement is earned by exactly one deed.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use openmoss_domain::{Achievement, AgentId, Deed, TaskId, Timestamp, TrackRecord};

use crate::convert::parse;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::schema::{achievement, contribution, track_record};
use crate::statement::Statement;
use crate::store::{Reader, Writer};

/// Makes the records of agents that have none from what an import brought. As the migration that made
/// the tables, it knows nothing of reopened work and of former owners.
const SETTLE: &str = "
    INSERT INTO contribution (agent_id, task_id)
        SELECT DISTINCT assigned_agent, task_id FROM sub_task
            WHERE status = 'done' AND assigned_agent IN (SELECT id FROM agent
                WHERE NOT EXISTS (SELECT 1 FROM track_record WHERE agent_id = agent.id))
        ON CONFLICT DO NOTHING;
    INSERT INTO partner (agent_id, partner_id, reviews, hand_overs, last_at)
        SELECT one, other, COUNT(*), 0, MAX(at) FROM (
            SELECT sub_task.assigned_agent AS one, agent.id AS other, review_record.created_at AS at
                FROM review_record JOIN sub_task ON sub_task.id = review_record.sub_task_id
                JOIN agent ON agent.id = review_record.reviewer_agent
                WHERE sub_task.assigned_agent <> agent.id
            UNION ALL
            SELECT agent.id, sub_task.assigned_agent, review_record.created_at
                FROM review_record JOIN sub_task ON sub_task.id = review_record.sub_task_id
                JOIN agent ON agent.id = review_record.reviewer_agent
                WHERE sub_task.assigned_agent <> agent.id
        ) AS verdicts
        WHERE NOT EXISTS (SELECT 1 FROM track_record WHERE agent_id = one)
            OR NOT EXISTS (SELECT 1 FROM track_record WHERE agent_id = other)
        GROUP BY one, other
        ON CONFLICT DO NOTHING;
    INSERT INTO track_record
            (agent_id, approvals, streak, top_marks, comebacks, goals, leads, verdicts, deliveries, findings)
        SELECT agent.id,
            (SELECT COUNT(*) FROM sub_task WHERE assigned_agent = agent.id AND status = 'done'),
            0,
            COALESCE(top.marks, 0),
            (SELECT COUNT(*) FROM sub_task
                WHERE assigned_agent = agent.id AND status = 'done' AND rework_count > 0),
            (SELECT COUNT(*) FROM contribution WHERE agent_id = agent.id),
            0,
            (SELECT COUNT(*) FROM review_record WHERE reviewer_agent = agent.id),
            0,
            (SELECT COUNT(*) FROM patrol_record
                WHERE opened_by_kind = 'patrol' AND opened_by = agent.id)
        FROM agent LEFT JOIN (
            SELECT sub_task.assigned_agent AS owner, COUNT(*) AS marks FROM review_record
                JOIN sub_task ON sub_task.id = review_record.sub_task_id
                WHERE result = 'approved' AND score = 5 GROUP BY sub_task.assigned_agent
        ) AS top ON top.owner = agent.id
        WHERE NOT EXISTS (SELECT 1 FROM track_record WHERE agent_id = agent.id)";

type Numbers = (i64, i64, i64, i64, i64, i64, i64, i64, i64);
type NumberTypes = (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);

fn record(numbers: Numbers) -> TrackRecord {
    let (approvals, streak, top_marks, comebacks, goals, leads, verdicts, deliveries, findings) =
        numbers;
    TrackRecord {
        approvals,
        streak,
        top_marks,
        comebacks,
        goals,
        leads,
        verdicts,
        deliveries,
        findings,
    }
}

/// Adds a deed to an agent's record; the record after it, as [`TrackRecord::with`] makes it.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn add(writer: &mut Writer, agent: AgentId, deed: Deed) -> Result<TrackRecord, StorageError> {
    let adds = deed.adds();
    let kept = i64::from(!deed.ends_streak());
    let statement: Statement<'_, NumberTypes> = Statement::new(
        "INSERT INTO track_record (agent_id, approvals, streak, top_marks, comebacks, goals, \
         leads, verdicts, deliveries, findings) VALUES (",
    )
    .value(agent.to_string());
    let numbers = [
        adds.approvals,
        adds.streak,
        adds.top_marks,
        adds.comebacks,
        adds.goals,
        adds.leads,
        adds.verdicts,
        adds.deliveries,
        adds.findings,
    ];
    let statement = numbers.into_iter().fold(statement, |sql, number| sql.sql(", ").value(number));
    let statement = statement
        .sql(
            ") ON CONFLICT (agent_id) DO UPDATE SET \
             approvals = track_record.approvals + excluded.approvals, streak = track_record.streak * ",
        )
        .value(kept)
        .sql(
            " + excluded.streak, top_marks = track_record.top_marks + excluded.top_marks, \
             comebacks = track_record.comebacks + excluded.comebacks, \
             goals = track_record.goals + excluded.goals, \
             leads = track_record.leads + excluded.leads, \
             verdicts = track_record.verdicts + excluded.verdicts, \
             deliveries = track_record.deliveries + excluded.deliveries, \
             findings = track_record.findings + excluded.findings \
             RETURNING approvals, streak, top_marks, comebacks, goals, leads, verdicts, \
             deliveries, findings",
        );
    let numbers: Numbers = each_backend!(&mut writer.connection, c => statement.get_result(c))?;
    Ok(record(numbers))
}

/// An agent's record; nothing but zeros if it did nothing.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, agent: AgentId) -> Result<TrackRecord, StorageError> {
    let numbers: Option<Numbers> = track_record::table
        .filter(track_record::agent_id.eq(agent.to_string()))
        .select((
            track_record::approvals,
            track_record::streak,
            track_record::top_marks,
            track_record::comebacks,
            track_record::goals,
            track_record::leads,
            track_record::verdicts,
            track_record::deliveries,
            track_record::findings,
        ))
        .first(&mut reader.connection)
        .optional()?;
    Ok(numbers.map(record).unwrap_or_default())
}

/// Notes that an agent had a part in a goal; whether that is new.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn note_goal(writer: &mut Writer, agent: AgentId, task: TaskId) -> Result<bool, StorageError> {
    let statement: Statement<'_> =
        Statement::new("INSERT INTO contribution (agent_id, task_id) VALUES (")
            .value(agent.to_string())
            .sql(", ")
            .value(task.to_string())
            .sql(") ON CONFLICT DO NOTHING");
    let new = each_backend!(&mut writer.connection, c => statement.execute(c))?;
    Ok(new > 0)
}

/// Notes what an agent earned; whether it had not earned it before.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn note_earned(
    writer: &mut Writer,
    agent: AgentId,
    kind: Achievement,
    at: Timestamp,
) -> Result<bool, StorageError> {
    let statement: Statement<'_> =
        Statement::new("INSERT INTO achievement (agent_id, kind, earned_at) VALUES (")
            .value(agent.to_string())
            .sql(", ")
            .value(kind.as_str())
            .sql(", ")
            .value(at.as_micros())
            .sql(") ON CONFLICT DO NOTHING");
    let new = each_backend!(&mut writer.connection, c => statement.execute(c))?;
    Ok(new > 0)
}

/// What an agent earned, and when.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_earned(
    reader: &mut Reader,
    agent: AgentId,
) -> Result<Vec<(Achievement, Timestamp)>, StorageError> {
    let id = agent.to_string();
    let rows: Vec<(String, i64)> = achievement::table
        .filter(achievement::agent_id.eq(&id))
        .select((achievement::kind, achievement::earned_at))
        .load(&mut reader.connection)?;
    let earned = rows.into_iter().map(|(kind, at)| {
        Ok((parse("achievement", &id, "kind", &kind)?, Timestamp::from_micros(at)))
    });
    earned.collect()
}

/// Makes the records that an import left out.
pub(crate) fn settle(writer: &mut Writer) -> Result<(), StorageError> {
    Ok(writer.connection.batch_execute(SETTLE)?)
}

/// Forgets all of an agent.
pub(crate) fn delete_all(writer: &mut Writer, agent: AgentId) -> Result<(), StorageError> {
    let id = agent.to_string();
    diesel::delete(achievement::table.filter(achievement::agent_id.eq(&id)))
        .execute(&mut writer.connection)?;
    diesel::delete(contribution::table.filter(contribution::agent_id.eq(&id)))
        .execute(&mut writer.connection)?;
    diesel::delete(track_record::table.filter(track_record::agent_id.eq(&id)))
        .execute(&mut writer.connection)?;
    Ok(())
}
