DROP TABLE request_day;
DROP TABLE request_log;
DROP INDEX agent_by_last_score;
DROP INDEX agent_by_last_activity;
DROP INDEX agent_by_last_request;
DROP INDEX agent_by_time;
ALTER TABLE agent DROP COLUMN last_score_at;
ALTER TABLE agent DROP COLUMN last_activity_at;
ALTER TABLE agent DROP COLUMN last_request_at;
