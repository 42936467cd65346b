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
