-- Texts by any part of them, through the groups of three characters that they have (pg_trgm), with
-- small ASCII letters as a keyword is compared. A sub-task's texts stand apart: its row is written
-- anew at each step, and would be in this index as often.
CREATE TABLE sub_task_text (
    id TEXT NOT NULL PRIMARY KEY REFERENCES sub_task (id) ON DELETE CASCADE,
    words TEXT NOT NULL
);
INSERT INTO sub_task_text (id, words)
    SELECT id, lower((name || chr(10) || description) COLLATE "C") FROM sub_task;
CREATE FUNCTION write_sub_task_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sub_task_text (id, words)
        VALUES (NEW.id, lower((NEW.name || chr(10) || NEW.description) COLLATE "C"))
        ON CONFLICT (id) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$;
CREATE TRIGGER sub_task_text_new AFTER INSERT ON sub_task
    FOR EACH ROW EXECUTE FUNCTION write_sub_task_text();
CREATE TRIGGER sub_task_text_edited AFTER UPDATE OF name, description ON sub_task
    FOR EACH ROW WHEN (NEW.name <> OLD.name OR NEW.description <> OLD.description)
    EXECUTE FUNCTION write_sub_task_text();

-- A review is found by the names of its agents, too.
CREATE INDEX review_by_rework_agent ON review_record (rework_agent)
    WHERE rework_agent IS NOT NULL;

-- An extension may be missing, or not allowed. Everything works without it, only slower with many
-- rows; docs/configuration.md says how to make the indexes later.
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX sub_task_by_text ON sub_task_text USING gin (words gin_trgm_ops);
    CREATE INDEX review_by_text ON review_record USING gin
        (lower((issues || chr(10) || comment) COLLATE "C") gin_trgm_ops);
    CREATE INDEX activity_by_text ON activity_log USING gin
        (lower(summary COLLATE "C") gin_trgm_ops);
    CREATE INDEX score_log_by_text ON score_log USING gin
        (lower(reason COLLATE "C") gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'keywords are searched without an index: %', SQLERRM;
END $$;
