ALTER TABLE admin_session DROP COLUMN address;
ALTER TABLE admin_session DROP COLUMN last_used_at;
DROP TABLE patrol_record;
ALTER TABLE sub_task DROP COLUMN notes;
DROP TABLE note;
