-- Who stands in for whom, by date and record type (empty: all).
CREATE TABLE flow_standin (
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  deputy TEXT NOT NULL,
  typ TEXT NOT NULL,
  begins BIGINT NOT NULL,
  until BIGINT NOT NULL,
  reason TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made BIGINT NOT NULL
);
CREATE INDEX flow_standin_deputy ON flow_standin (deputy, until);
