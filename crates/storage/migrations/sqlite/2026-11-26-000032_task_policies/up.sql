-- What an admin decided for the sub-tasks of single tasks; NULL leaves it to the settings.
CREATE TABLE task_policy (
    task_id TEXT NOT NULL PRIMARY KEY REFERENCES task (id),
    require_module BOOLEAN,
    require_description BOOLEAN,
    require_deliverable BOOLEAN,
    require_acceptance BOOLEAN,
    approvals INTEGER,
    updated_at BIGINT NOT NULL
);
