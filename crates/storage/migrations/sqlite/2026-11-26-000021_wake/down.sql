DROP TABLE wake_up;
DROP TABLE wake_target;
