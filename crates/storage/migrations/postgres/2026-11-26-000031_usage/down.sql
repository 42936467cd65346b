DROP INDEX task_stopped;
ALTER TABLE task DROP COLUMN is_stopped;
DROP TABLE budget;
DROP TABLE usage_sum;
