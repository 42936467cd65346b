-- Texts by any part of them, through the groups of three characters that they have, with small ASCII
-- letters as a keyword is compared. Only which row has which group is kept (detail=none): what is
-- found by them is compared again. Two ends of lines follow, so that a keyword of one or two
-- characters begins a group wherever it stands. Rows get numbers of their own, since those that
-- SQLite gives them may change with VACUUM.

CREATE TABLE sub_task_text_row (number INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE sub_task_text USING fts5 (
    words, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
);
CREATE VIRTUAL TABLE sub_task_text_group USING fts5vocab (sub_task_text, 'row');
INSERT INTO sub_task_text_row (id) SELECT id FROM sub_task ORDER BY created_at;
INSERT INTO sub_task_text (rowid, words)
    SELECT number, lower(name || char(10) || description || char(10, 10)) FROM sub_task_text_row JOIN sub_task USING (id) ORDER BY number;
CREATE TRIGGER sub_task_text_new AFTER INSERT ON sub_task BEGIN
    INSERT INTO sub_task_text_row (id) VALUES (NEW.id);
    INSERT INTO sub_task_text (rowid, words) VALUES (
        last_insert_rowid(),
        lower(NEW.name || char(10) || NEW.description || char(10, 10))
    );
END;
CREATE TRIGGER sub_task_text_old AFTER DELETE ON sub_task BEGIN
    DELETE FROM sub_task_text WHERE rowid = (SELECT number FROM sub_task_text_row WHERE id = OLD.id);
    DELETE FROM sub_task_text_row WHERE id = OLD.id;
END;
CREATE TRIGGER sub_task_text_edited AFTER UPDATE OF name, description ON sub_task
WHEN NEW.name <> OLD.name OR NEW.description <> OLD.description BEGIN
    UPDATE sub_task_text
        SET words = lower(NEW.name || char(10) || NEW.description || char(10, 10))
        WHERE rowid = (SELECT number FROM sub_task_text_row WHERE id = NEW.id);
END;

CREATE TABLE review_text_row (number INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE review_text USING fts5 (
    words, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
);
CREATE VIRTUAL TABLE review_text_group USING fts5vocab (review_text, 'row');
INSERT INTO review_text_row (id) SELECT id FROM review_record ORDER BY created_at;
INSERT INTO review_text (rowid, words)
    SELECT number, lower(issues || char(10) || comment || char(10, 10)) FROM review_text_row JOIN review_record USING (id) ORDER BY number;
CREATE TRIGGER review_text_new AFTER INSERT ON review_record BEGIN
    INSERT INTO review_text_row (id) VALUES (NEW.id);
    INSERT INTO review_text (rowid, words) VALUES (
        last_insert_rowid(),
        lower(NEW.issues || char(10) || NEW.comment || char(10, 10))
    );
END;
CREATE TRIGGER review_text_old AFTER DELETE ON review_record BEGIN
    DELETE FROM review_text WHERE rowid = (SELECT number FROM review_text_row WHERE id = OLD.id);
    DELETE FROM review_text_row WHERE id = OLD.id;
END;
CREATE TRIGGER review_text_edited AFTER UPDATE OF issues, comment ON review_record
WHEN NEW.issues <> OLD.issues OR NEW.comment <> OLD.comment BEGIN
    UPDATE review_text
        SET words = lower(NEW.issues || char(10) || NEW.comment || char(10, 10))
        WHERE rowid = (SELECT number FROM review_text_row WHERE id = NEW.id);
END;

CREATE TABLE activity_text_row (number INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE activity_text USING fts5 (
    words, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
);
CREATE VIRTUAL TABLE activity_text_group USING fts5vocab (activity_text, 'row');
INSERT INTO activity_text_row (id) SELECT id FROM activity_log ORDER BY created_at;
INSERT INTO activity_text (rowid, words)
    SELECT number, lower(summary || char(10, 10)) FROM activity_text_row JOIN activity_log USING (id) ORDER BY number;
CREATE TRIGGER activity_text_new AFTER INSERT ON activity_log BEGIN
    INSERT INTO activity_text_row (id) VALUES (NEW.id);
    INSERT INTO activity_text (rowid, words) VALUES (
        last_insert_rowid(),
        lower(NEW.summary || char(10, 10))
    );
END;
CREATE TRIGGER activity_text_old AFTER DELETE ON activity_log BEGIN
    DELETE FROM activity_text WHERE rowid = (SELECT number FROM activity_text_row WHERE id = OLD.id);
    DELETE FROM activity_text_row WHERE id = OLD.id;
END;

CREATE TABLE score_text_row (number INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE score_text USING fts5 (
    words, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
);
CREATE VIRTUAL TABLE score_text_group USING fts5vocab (score_text, 'row');
INSERT INTO score_text_row (id) SELECT id FROM score_log ORDER BY created_at;
INSERT INTO score_text (rowid, words)
    SELECT number, lower(reason || char(10, 10)) FROM score_text_row JOIN score_log USING (id) ORDER BY number;
CREATE TRIGGER score_text_new AFTER INSERT ON score_log BEGIN
    INSERT INTO score_text_row (id) VALUES (NEW.id);
    INSERT INTO score_text (rowid, words) VALUES (
        last_insert_rowid(),
        lower(NEW.reason || char(10, 10))
    );
END;
CREATE TRIGGER score_text_old AFTER DELETE ON score_log BEGIN
    DELETE FROM score_text WHERE rowid = (SELECT number FROM score_text_row WHERE id = OLD.id);
    DELETE FROM score_text_row WHERE id = OLD.id;
END;

-- A review is found by the names of its agents, too.
CREATE INDEX review_by_rework_agent ON review_record (rework_agent)
    WHERE rework_agent IS NOT NULL;
