-- Who acts in whose posts, by days, first and last included.
CREATE TABLE identity_standin (
  id      TEXT NOT NULL PRIMARY KEY,
  person  TEXT NOT NULL REFERENCES identity_person (id), -- stood in for
  deputy  TEXT NOT NULL REFERENCES identity_person (id),
  post    TEXT NOT NULL, -- one post of the person, empty for all
  first   TEXT NOT NULL, -- yyyy-mm-dd
  last    TEXT NOT NULL,
  reason  TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL -- before its last day; 0 for not
);
CREATE INDEX identity_standin_person ON identity_standin (person);
CREATE INDEX identity_standin_deputy ON identity_standin (deputy);
