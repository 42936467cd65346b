-- What models cost, added up: by day (kind day), by agent and day (agent), by task and day (task), and by
-- task from its beginning (whole_task, without a day). A day is one of the configured time zone. tokens are
-- both kinds together, cost is in millionths.
CREATE TABLE usage_sum (
    kind TEXT COLLATE "C" NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    reports BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (kind, day, id)
);
CREATE INDEX usage_task_by_tokens ON usage_sum (tokens) WHERE kind = 'whole_task';
CREATE INDEX usage_task_by_cost ON usage_sum (cost) WHERE kind = 'whole_task';

-- Agents and tasks with a budget of their own; NULL leaves it to the settings, 0 is no limit.
CREATE TABLE budget (
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    tokens BIGINT,
    cost BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- Whether the task's budget is used up: its work is held then.
ALTER TABLE task ADD COLUMN is_stopped BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX task_stopped ON task (id) WHERE is_stopped;
