DROP INDEX sub_task_by_module;
CREATE INDEX sub_task_by_module ON sub_task (module_id, created_at, id);
DROP INDEX sub_task_by_module_status;
CREATE INDEX sub_task_by_module_status ON sub_task (module_id, status, created_at, id);
DROP INDEX sub_task_by_agent;
CREATE INDEX sub_task_by_agent ON sub_task (assigned_agent, created_at, id);
DROP INDEX sub_task_by_agent_status;
CREATE INDEX sub_task_by_agent_status ON sub_task (assigned_agent, status, created_at, id);
DROP INDEX sub_task_latest;
CREATE INDEX sub_task_latest ON sub_task (assigned_agent, task_id, updated_at);
DROP INDEX sub_task_completed;
CREATE INDEX sub_task_completed ON sub_task (completed_at);

CREATE INDEX review_by_sub_task ON review_record (sub_task_id, created_at, id);

CREATE TABLE prerequisite_new (
    sub_task_id TEXT NOT NULL REFERENCES sub_task (id),
    prerequisite_id TEXT NOT NULL REFERENCES sub_task (id),
    PRIMARY KEY (sub_task_id, prerequisite_id)
);
INSERT INTO prerequisite_new SELECT * FROM prerequisite;
DROP TABLE prerequisite;
ALTER TABLE prerequisite_new RENAME TO prerequisite;
CREATE INDEX prerequisite_dependents ON prerequisite (prerequisite_id, sub_task_id);

CREATE TABLE ownership_new (
    sub_task_id TEXT NOT NULL REFERENCES sub_task (id),
    attempt INTEGER NOT NULL,
    agent_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (sub_task_id, attempt)
);
INSERT INTO ownership_new SELECT * FROM ownership;
DROP TABLE ownership;
ALTER TABLE ownership_new RENAME TO ownership;

CREATE TABLE counter_new (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    shard SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (scope, key, shard)
);
INSERT INTO counter_new SELECT * FROM counter;
DROP TABLE counter;
ALTER TABLE counter_new RENAME TO counter;
