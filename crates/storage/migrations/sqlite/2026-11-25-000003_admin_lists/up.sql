-- The admin's lists: each property and each order has an index, or a list that is short enough to
-- be sorted. What changes with a step of a sub-task is in as few of them as possible.
CREATE INDEX sub_task_by_change ON sub_task (updated_at, id);
CREATE INDEX sub_task_by_status_change ON sub_task (status, updated_at, id);
CREATE INDEX sub_task_by_priority ON sub_task (priority_rank, created_at, id);
CREATE INDEX sub_task_by_rework ON sub_task (rework_count, created_at, id);
CREATE INDEX sub_task_recurring ON sub_task (created_at, id) WHERE kind = 'recurring';
CREATE INDEX task_by_change ON task (updated_at, id);
CREATE INDEX task_by_name ON task (name, id);
CREATE INDEX task_recurring ON task (created_at, id) WHERE kind = 'recurring';
CREATE INDEX review_by_reviewer ON review_record (reviewer_agent, created_at, id, result);
CREATE INDEX review_by_result ON review_record (result, created_at, id);

-- Counted by more than the status, so that every filter of these lists has its length.
DELETE FROM counter WHERE scope = 'tasks' OR (scope = 'sub_tasks' AND key <> 'claimable');
INSERT INTO counter (scope, key, shard, n)
    SELECT 'tasks', status || ':' || kind, 0, COUNT(*) FROM task GROUP BY status, kind;
INSERT INTO counter (scope, key, shard, n)
    SELECT 'sub_tasks', status || ':' || priority || ':' || kind, 0, COUNT(*) FROM sub_task
        GROUP BY status, priority, kind;
INSERT INTO counter (scope, key, shard, n)
    SELECT 'reviews', result, 0, COUNT(*) FROM review_record GROUP BY result;
