-- What admins and agents say about a sub-task. How many there are stands in the sub-task's row, so that
-- whoever reads one without notes asks for none.
CREATE TABLE note (
    id TEXT NOT NULL PRIMARY KEY,
    sub_task_id TEXT NOT NULL REFERENCES sub_task (id),
    author_kind TEXT NOT NULL,
    author_id TEXT,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX note_by_sub_task ON note (sub_task_id, created_at, id);
ALTER TABLE sub_task ADD COLUMN notes INTEGER NOT NULL DEFAULT 0;

-- What somebody who watches found. dedup_key names the condition: while a record with it is not
-- resolved, there is no second one.
CREATE TABLE patrol_record (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    task_id TEXT,
    sub_task_id TEXT,
    agent_id TEXT,
    description TEXT NOT NULL,
    action_taken TEXT NOT NULL,
    status TEXT NOT NULL,
    dedup_key TEXT,
    opened_by_kind TEXT NOT NULL,
    opened_by TEXT,
    created_at BIGINT NOT NULL,
    resolved_at BIGINT
);
CREATE UNIQUE INDEX patrol_condition_unique ON patrol_record (dedup_key) WHERE status <> 'resolved';
CREATE INDEX patrol_by_time ON patrol_record (created_at, id);
CREATE INDEX patrol_by_status ON patrol_record (status, created_at, id);
CREATE INDEX patrol_by_severity ON patrol_record (severity, created_at, id);
CREATE INDEX patrol_by_kind ON patrol_record (kind, created_at, id);
CREATE INDEX patrol_by_task ON patrol_record (task_id, created_at, id);
CREATE INDEX patrol_by_sub_task ON patrol_record (sub_task_id, created_at, id);
CREATE INDEX patrol_by_agent ON patrol_record (agent_id, created_at, id);

-- last_used_at: to the minute. address: from where the login came.
ALTER TABLE admin_session ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE admin_session ADD COLUMN address TEXT;
UPDATE admin_session SET last_used_at = created_at;
