DROP INDEX sub_task_queue;
CREATE INDEX sub_task_queue ON sub_task (priority_rank, created_at, id) WHERE claimable;
CREATE INDEX sub_task_queue_of_task ON sub_task (task_id, priority_rank, created_at, id) WHERE claimable;
ALTER TABLE sub_task DROP COLUMN required_capabilities;
ALTER TABLE agent DROP COLUMN capabilities;
