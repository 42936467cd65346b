-- How agents show themselves: an emoji or the name of a drawn face, one line, and tags with a line break
-- between.
ALTER TABLE agent ADD COLUMN avatar TEXT NOT NULL DEFAULT '';
ALTER TABLE agent ADD COLUMN signature TEXT NOT NULL DEFAULT '';
ALTER TABLE agent ADD COLUMN work_style TEXT NOT NULL DEFAULT '';

-- What agents did, in numbers; one row for each that did something.
CREATE TABLE track_record (
    agent_id TEXT NOT NULL PRIMARY KEY REFERENCES agent (id),
    approvals BIGINT NOT NULL,
    streak BIGINT NOT NULL,
    top_marks BIGINT NOT NULL,
    comebacks BIGINT NOT NULL,
    goals BIGINT NOT NULL,
    leads BIGINT NOT NULL,
    verdicts BIGINT NOT NULL,
    deliveries BIGINT NOT NULL,
    findings BIGINT NOT NULL
);

-- In which goals work of an agent was approved, or which goals it completed: so each counts once.
CREATE TABLE contribution (
    agent_id TEXT NOT NULL REFERENCES agent (id),
    task_id TEXT NOT NULL REFERENCES task (id),
    PRIMARY KEY (agent_id, task_id)
);

-- What agents earned, once.
CREATE TABLE achievement (
    agent_id TEXT NOT NULL REFERENCES agent (id),
    kind TEXT NOT NULL,
    earned_at BIGINT NOT NULL,
    PRIMARY KEY (agent_id, kind)
);

-- Who worked with whom; each pair is there both ways.
CREATE TABLE partner (
    agent_id TEXT NOT NULL REFERENCES agent (id),
    partner_id TEXT NOT NULL REFERENCES agent (id),
    reviews BIGINT NOT NULL,
    hand_overs BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (agent_id, partner_id)
);
CREATE INDEX partner_by_partner ON partner (partner_id);

-- What is known of the time before: of reopened work and of former owners nothing is.
INSERT INTO contribution (agent_id, task_id)
    SELECT DISTINCT assigned_agent, task_id FROM sub_task
        WHERE status = 'done' AND assigned_agent IS NOT NULL;
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
        (SELECT COUNT(*) FROM patrol_record WHERE opened_by_kind = 'patrol' AND opened_by = agent.id)
    FROM agent LEFT JOIN (
        SELECT sub_task.assigned_agent AS owner, COUNT(*) AS marks FROM review_record
            JOIN sub_task ON sub_task.id = review_record.sub_task_id
            WHERE result = 'approved' AND score = 5 GROUP BY sub_task.assigned_agent
    ) AS top ON top.owner = agent.id;
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
    ) AS verdicts GROUP BY one, other;
