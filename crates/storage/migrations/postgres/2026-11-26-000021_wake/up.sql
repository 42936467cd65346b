-- Where an agent is woken, and how it stands with that. outstanding is the wake-up that it has not
-- answered; woken_at is 0 for one that was never woken.
CREATE TABLE wake_target (
    agent_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES agent (id),
    kind TEXT COLLATE "C" NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    runtime_agent TEXT COLLATE "C",
    hook TEXT COLLATE "C",
    outstanding TEXT COLLATE "C",
    action TEXT COLLATE "C",
    woken_at BIGINT NOT NULL,
    unanswered INTEGER NOT NULL,
    not_before BIGINT NOT NULL
);
CREATE INDEX wake_target_by_turn ON wake_target (woken_at, agent_id);

-- The wake-ups themselves. Those that are over are deleted when they are older than the settings say.
CREATE TABLE wake_up (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    agent_id TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    sub_task_id TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    answered_at BIGINT
);
CREATE INDEX wake_up_due ON wake_up (next_try_at, id) WHERE status = 'pending';
CREATE INDEX wake_up_over ON wake_up (finished_at, id) WHERE status <> 'pending';
CREATE INDEX wake_up_by_agent ON wake_up (agent_id, created_at, id);
