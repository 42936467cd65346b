-- Whose turn a background job is, so that of several servers on one database one does it. away_from
-- and away_to: when it was nobody's for long, because no server ran.
CREATE TABLE turn (
    job TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    until BIGINT NOT NULL,
    away_from BIGINT,
    away_to BIGINT
);
