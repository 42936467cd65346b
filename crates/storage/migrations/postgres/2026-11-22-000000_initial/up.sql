CREATE TABLE task (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX task_by_time ON task (created_at, id);
CREATE INDEX task_by_status ON task (status, created_at, id);

CREATE TABLE module (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX module_by_task ON module (task_id, created_at, id);

-- key_hash: SHA-256 of the API key, hex. The counts of rewards and penalties are kept with the
-- total, so that no answer counts the log.
CREATE TABLE agent (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    key_hash TEXT COLLATE "C" NOT NULL,
    total_score BIGINT NOT NULL,
    reward_count BIGINT NOT NULL,
    penalty_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX agent_name_unique ON agent (name);
CREATE UNIQUE INDEX agent_key_unique ON agent (key_hash);
CREATE INDEX agent_by_role ON agent (role, status);
CREATE INDEX agent_by_score ON agent (total_score DESC, created_at);

-- claimable and priority_rank are derived, so that the queue of claimable work is an index.
-- claimable is the same condition as SubTask::is_claimable; a test compares them.
CREATE TABLE sub_task (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id),
    module_id TEXT COLLATE "C" REFERENCES module (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    deliverable TEXT NOT NULL,
    acceptance TEXT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    priority TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    assigned_agent TEXT COLLATE "C" REFERENCES agent (id),
    session_id TEXT COLLATE "C",
    attempt INTEGER NOT NULL,
    version BIGINT NOT NULL,
    rework_count INTEGER NOT NULL,
    lease_expires_at BIGINT,
    blocked TEXT,
    progress TEXT,
    prerequisites INTEGER NOT NULL,
    open_prerequisites INTEGER NOT NULL,
    held BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    completed_at BIGINT,
    claimable BOOLEAN NOT NULL GENERATED ALWAYS AS (status = 'pending' AND open_prerequisites = 0 AND NOT held) STORED,
    priority_rank SMALLINT NOT NULL GENERATED ALWAYS AS (CASE priority WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END) STORED
);
CREATE INDEX sub_task_by_time ON sub_task (created_at, id);
CREATE INDEX sub_task_by_status ON sub_task (status, created_at, id);
CREATE INDEX sub_task_by_task ON sub_task (task_id, created_at, id);
CREATE INDEX sub_task_by_task_status ON sub_task (task_id, status, created_at, id);
CREATE INDEX sub_task_by_module ON sub_task (module_id, created_at, id);
CREATE INDEX sub_task_by_module_status ON sub_task (module_id, status, created_at, id);
CREATE INDEX sub_task_by_agent ON sub_task (assigned_agent, created_at, id);
CREATE INDEX sub_task_by_agent_status ON sub_task (assigned_agent, status, created_at, id);
CREATE INDEX sub_task_latest ON sub_task (assigned_agent, task_id, updated_at);
CREATE INDEX sub_task_completed ON sub_task (completed_at);
CREATE INDEX sub_task_claimable ON sub_task (created_at, id) WHERE claimable;
CREATE INDEX sub_task_queue ON sub_task (priority_rank, created_at, id) WHERE claimable;
CREATE INDEX sub_task_queue_of_task ON sub_task (task_id, priority_rank, created_at, id) WHERE claimable;

CREATE TABLE prerequisite (
    sub_task_id TEXT COLLATE "C" NOT NULL REFERENCES sub_task (id),
    prerequisite_id TEXT COLLATE "C" NOT NULL REFERENCES sub_task (id),
    PRIMARY KEY (sub_task_id, prerequisite_id)
);
CREATE INDEX prerequisite_dependents ON prerequisite (prerequisite_id, sub_task_id);

-- Who owned which attempt: a deliverable from any of them is kept, however late.
CREATE TABLE ownership (
    sub_task_id TEXT COLLATE "C" NOT NULL REFERENCES sub_task (id),
    attempt INTEGER NOT NULL,
    agent_id TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (sub_task_id, attempt)
);

CREATE TABLE submission (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sub_task_id TEXT COLLATE "C" NOT NULL REFERENCES sub_task (id),
    agent_id TEXT COLLATE "C" NOT NULL,
    attempt INTEGER NOT NULL,
    is_late BOOLEAN NOT NULL,
    summary TEXT NOT NULL,
    artifacts TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX submission_by_sub_task ON submission (sub_task_id, created_at, id);

CREATE TABLE review_record (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sub_task_id TEXT COLLATE "C" NOT NULL REFERENCES sub_task (id),
    reviewer_agent TEXT COLLATE "C",
    round INTEGER NOT NULL,
    result TEXT NOT NULL,
    score SMALLINT NOT NULL,
    issues TEXT NOT NULL,
    comment TEXT NOT NULL,
    rework_agent TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX review_round_unique ON review_record (sub_task_id, round);
CREATE INDEX review_by_sub_task ON review_record (sub_task_id, created_at, id);
CREATE INDEX review_by_time ON review_record (created_at, id, result);

CREATE TABLE score_log (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    agent_id TEXT COLLATE "C" NOT NULL REFERENCES agent (id),
    sub_task_id TEXT COLLATE "C",
    reason TEXT NOT NULL,
    score_delta BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX score_log_by_agent ON score_log (agent_id, created_at, id);
CREATE INDEX score_log_by_time ON score_log (created_at, score_delta);

CREATE TABLE activity_log (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    agent_id TEXT COLLATE "C" NOT NULL REFERENCES agent (id),
    sub_task_id TEXT COLLATE "C",
    action TEXT COLLATE "C" NOT NULL,
    summary TEXT NOT NULL,
    session_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);
CREATE INDEX activity_by_time ON activity_log (created_at, id);
CREATE INDEX activity_by_agent ON activity_log (agent_id, created_at, id);
CREATE INDEX activity_by_sub_task ON activity_log (sub_task_id, created_at, id);
CREATE INDEX activity_by_action ON activity_log (action, created_at, id);

CREATE TABLE rule (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    scope TEXT COLLATE "C" NOT NULL,
    task_id TEXT COLLATE "C",
    sub_task_id TEXT COLLATE "C",
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX rule_global_unique ON rule (scope) WHERE scope = 'global';
CREATE INDEX rule_by_time ON rule (created_at, id);
CREATE INDEX rule_by_scope ON rule (scope, created_at, id);
CREATE INDEX rule_by_task ON rule (task_id, created_at, id);
CREATE INDEX rule_by_sub_task ON rule (sub_task_id);

-- Append only. seq is not the order of commits here: readers stop before the first event that a
-- transaction that still runs may have appended.
CREATE TABLE event (
    seq BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT COLLATE "C",
    task_id TEXT COLLATE "C",
    sub_task_id TEXT COLLATE "C",
    agent_id TEXT COLLATE "C",
    payload TEXT NOT NULL
);
CREATE INDEX event_by_task ON event (task_id, seq);
CREATE INDEX event_by_sub_task ON event (sub_task_id, seq);

-- How many rows of a kind lie in a scope: lists and the dashboard read these and never count.
-- On PostgreSQL one number is spread over several rows, so that writers do not queue for it.
CREATE TABLE counter (
    scope TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    shard SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (scope, key, shard)
);

CREATE TABLE admin_session (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token_hash TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX admin_session_token_unique ON admin_session (token_hash);
CREATE INDEX admin_session_by_expiry ON admin_session (expires_at);

-- Settings changed while running: one JSON value for each key such as project.name.
CREATE TABLE setting (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The first answer to a request that carried an Idempotency-Key. token is a hash of caller and key.
CREATE TABLE idempotency (
    token TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_by_time ON idempotency (created_at);
