-- Work that comes round again. next_due is NULL while it is paused or over, queued_since while no round
-- waits for the last one to be over. A series of tasks has neither a task nor a template.
CREATE TABLE series (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    task_id TEXT COLLATE "C" REFERENCES task (id),
    template TEXT,
    cron TEXT COLLATE "C" NOT NULL,
    timezone TEXT COLLATE "C" NOT NULL,
    overlap TEXT COLLATE "C" NOT NULL,
    catch_up TEXT COLLATE "C" NOT NULL,
    ends_at BIGINT,
    next_due BIGINT,
    queued_since BIGINT,
    last_round INTEGER NOT NULL,
    is_paused BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX series_by_due ON series (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX series_by_queue ON series (queued_since) WHERE queued_since IS NOT NULL;
CREATE INDEX series_by_task ON series (task_id) WHERE task_id IS NOT NULL;

-- Which round of which series a sub-task is, or a task where sub_task_id is NULL.
CREATE TABLE series_round (
    series_id TEXT COLLATE "C" NOT NULL REFERENCES series (id),
    number INTEGER NOT NULL,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id),
    sub_task_id TEXT COLLATE "C" REFERENCES sub_task (id),
    due BIGINT NOT NULL,
    PRIMARY KEY (series_id, number)
);
CREATE UNIQUE INDEX series_round_of_sub_task ON series_round (sub_task_id) WHERE sub_task_id IS NOT NULL;
CREATE UNIQUE INDEX series_round_of_task ON series_round (task_id) WHERE sub_task_id IS NULL;
