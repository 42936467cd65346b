-- The one-time command that connects an agent on its machine; a new one takes the place of the one before.
CREATE TABLE onboarding (
    agent_id TEXT NOT NULL PRIMARY KEY REFERENCES agent (id),
    token_hash TEXT NOT NULL,
    runtime TEXT NOT NULL,
    wake_by TEXT NOT NULL,
    every_minutes INTEGER NOT NULL,
    language TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE UNIQUE INDEX onboarding_token_unique ON onboarding (token_hash);
