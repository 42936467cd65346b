-- When a goal's work was over: patrol asks for it each round until somebody closes the goal, however
-- much was written since.
CREATE INDEX event_of_end ON event (task_id, seq) WHERE kind = 'all_done';
