DROP TABLE series_round;
DROP TABLE series;
