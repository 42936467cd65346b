-- What the server tells people about, written with the event that it tells of and sent afterwards.
-- Secrets of a channel are masked. Rows that are over are deleted when they are older than the
-- settings say.
CREATE TABLE delivery (
    id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    event_id TEXT NOT NULL,
    task_id TEXT,
    sub_task_id TEXT,
    agent_id TEXT,
    payload TEXT NOT NULL,
    status TEXT NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX delivery_due ON delivery (status, next_try_at, id);
CREATE INDEX delivery_over ON delivery (finished_at, id) WHERE status <> 'pending';
CREATE INDEX delivery_by_time ON delivery (created_at, id);
CREATE INDEX delivery_by_status ON delivery (status, created_at, id);
