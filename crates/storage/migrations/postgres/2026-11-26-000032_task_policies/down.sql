DROP TABLE task_policy;
