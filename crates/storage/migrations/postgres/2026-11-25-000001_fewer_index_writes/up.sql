-- Work that has no owner, no module or no end yet has no entry in the indexes that find it by those.
DROP INDEX sub_task_by_module;
CREATE INDEX sub_task_by_module ON sub_task (module_id, created_at, id) WHERE module_id IS NOT NULL;
DROP INDEX sub_task_by_module_status;
CREATE INDEX sub_task_by_module_status ON sub_task (module_id, status, created_at, id) WHERE module_id IS NOT NULL;
DROP INDEX sub_task_by_agent;
CREATE INDEX sub_task_by_agent ON sub_task (assigned_agent, created_at, id) WHERE assigned_agent IS NOT NULL;
DROP INDEX sub_task_by_agent_status;
CREATE INDEX sub_task_by_agent_status ON sub_task (assigned_agent, status, created_at, id) WHERE assigned_agent IS NOT NULL;
DROP INDEX sub_task_latest;
CREATE INDEX sub_task_latest ON sub_task (assigned_agent, task_id, updated_at) WHERE assigned_agent IS NOT NULL;
DROP INDEX sub_task_completed;
CREATE INDEX sub_task_completed ON sub_task (completed_at) WHERE completed_at IS NOT NULL;

-- The rounds of a sub-task are in order of time, and have a unique index.
DROP INDEX review_by_sub_task;
