DROP TABLE partner;
DROP TABLE achievement;
DROP TABLE contribution;
DROP TABLE track_record;
ALTER TABLE agent DROP COLUMN work_style;
ALTER TABLE agent DROP COLUMN signature;
ALTER TABLE agent DROP COLUMN avatar;
