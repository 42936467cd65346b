DELETE FROM counter
    WHERE scope IN ('tasks', 'reviews') OR (scope = 'sub_tasks' AND key <> 'claimable');
INSERT INTO counter (scope, key, shard, n)
    SELECT 'tasks', status, 0, COUNT(*) FROM task GROUP BY status;
INSERT INTO counter (scope, key, shard, n)
    SELECT 'sub_tasks', status, 0, COUNT(*) FROM sub_task GROUP BY status;
INSERT INTO counter (scope, key, shard, n)
    SELECT 'sub_tasks', 'reviews', 0, COUNT(*) FROM review_record;
DROP INDEX review_by_result;
DROP INDEX review_by_reviewer;
DROP INDEX task_recurring;
DROP INDEX task_by_name;
DROP INDEX task_by_change;
DROP INDEX sub_task_recurring;
DROP INDEX sub_task_by_rework;
DROP INDEX sub_task_by_priority;
DROP INDEX sub_task_by_status_change;
DROP INDEX sub_task_by_change;
