-- What an agent can do, and what a sub-task asks for: tags in the order of their bytes, a space
-- between. Most sub-tasks ask for nothing.
ALTER TABLE agent ADD COLUMN capabilities TEXT NOT NULL DEFAULT '';
ALTER TABLE sub_task ADD COLUMN required_capabilities TEXT NOT NULL DEFAULT '';

-- The queue of claimable work: what asks for the same lies together, so that whoever looks for work
-- leaps over what it cannot do. Within that by priority, task by task.
DROP INDEX sub_task_queue;
DROP INDEX sub_task_queue_of_task;
CREATE INDEX sub_task_queue ON sub_task (required_capabilities, priority_rank, task_id, created_at, id) WHERE claimable;
