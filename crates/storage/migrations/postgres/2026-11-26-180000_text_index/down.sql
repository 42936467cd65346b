DROP INDEX IF EXISTS score_log_by_text;
DROP INDEX IF EXISTS activity_by_text;
DROP INDEX IF EXISTS review_by_text;
DROP INDEX review_by_rework_agent;
DROP TRIGGER sub_task_text_edited ON sub_task;
DROP TRIGGER sub_task_text_new ON sub_task;
DROP FUNCTION write_sub_task_text();
DROP TABLE sub_task_text;
