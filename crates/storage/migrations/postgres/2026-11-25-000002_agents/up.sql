-- When an agent last called, wrote the activity log, and had its score changed; 0 is never, so that
-- both databases put those who never did at the same end of a list.
ALTER TABLE agent ADD COLUMN last_request_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN last_activity_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN last_score_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX agent_by_time ON agent (created_at);
CREATE INDEX agent_by_last_request ON agent (last_request_at);
CREATE INDEX agent_by_last_activity ON agent (last_activity_at);
CREATE INDEX agent_by_last_score ON agent (last_score_at);
UPDATE agent SET
    last_activity_at = COALESCE((SELECT MAX(created_at) FROM activity_log WHERE agent_id = agent.id), 0),
    last_score_at = COALESCE((SELECT MAX(created_at) FROM score_log WHERE agent_id = agent.id), 0);

-- What agents asked, without secrets. Rows are deleted when they are older than the settings say.
CREATE TABLE request_log (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    agent_id TEXT COLLATE "C" NOT NULL REFERENCES agent (id),
    method TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    request_body TEXT,
    response_status SMALLINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX request_log_by_time ON request_log (created_at, id);
CREATE INDEX request_log_by_agent ON request_log (agent_id, created_at, id, method, path);

-- How much an agent did on a day of the configured time zone, such as 2026-11-25.
CREATE TABLE request_day (
    agent_id TEXT COLLATE "C" NOT NULL REFERENCES agent (id),
    day TEXT COLLATE "C" NOT NULL,
    request_count BIGINT NOT NULL,
    submit_count BIGINT NOT NULL,
    review_count BIGINT NOT NULL,
    PRIMARY KEY (agent_id, day)
);
CREATE INDEX request_day_by_day ON request_day (day, agent_id);

-- The admin's lists of score changes and of the activity log.
CREATE INDEX score_log_by_sub_task ON score_log (sub_task_id, created_at, id);
CREATE INDEX activity_by_agent_action ON activity_log (agent_id, action, created_at, id);

-- What those lists and the score summary would count.
INSERT INTO counter (scope, key, shard, n)
    SELECT 'scores', CASE WHEN score_delta > 0 THEN 'rewards' ELSE 'penalties' END, 0, COUNT(*)
        FROM score_log GROUP BY 2;
INSERT INTO counter (scope, key, shard, n)
    SELECT 'scores', CASE WHEN total_score > 0 THEN 'agents_above' ELSE 'agents_below' END, 0, COUNT(*)
        FROM agent WHERE total_score <> 0 GROUP BY 2;
INSERT INTO counter (scope, key, shard, n)
    SELECT 'scores', 'sum', 0, SUM(total_score) FROM agent HAVING SUM(total_score) <> 0;
INSERT INTO counter (scope, key, shard, n)
    SELECT 'logs', action, 0, COUNT(*) FROM activity_log GROUP BY action;
