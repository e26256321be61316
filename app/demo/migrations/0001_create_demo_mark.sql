-- One row says which county lies in this database and whether it is whole.
CREATE TABLE demo_mark (
  id      BIGINT NOT NULL PRIMARY KEY,
  seed    BIGINT NOT NULL,
  version BIGINT NOT NULL, -- of the generator
  started BIGINT NOT NULL, -- microseconds
  done    BIGINT NOT NULL  -- 0 while the county is being made
);
