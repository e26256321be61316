-- One row an act. seq is NULL on PostgreSQL between the commit and the sequencer.
CREATE TABLE journal (
  id        BIGINT PRIMARY KEY,
  seq       BIGINT UNIQUE,
  at        BIGINT NOT NULL,
  actor     TEXT NOT NULL,
  post      TEXT NOT NULL,
  on_behalf TEXT NOT NULL,
  via       TEXT NOT NULL,
  action    TEXT NOT NULL,
  subject   TEXT NOT NULL,
  rev       BIGINT NOT NULL,
  reason    TEXT NOT NULL,
  request   TEXT NOT NULL,
  body      TEXT NOT NULL,
  sm3       BLOB NOT NULL,
  sha256    BLOB NOT NULL
);
CREATE INDEX journal_subject ON journal (subject, id);
CREATE INDEX journal_actor ON journal (actor, id);
CREATE INDEX journal_action ON journal (action, id);
-- The sequencer of PostgreSQL looks for these; on SQLite the index stays empty.
CREATE INDEX journal_unsequenced ON journal (id) WHERE seq IS NULL;

-- One row. writers counts the starts, so that two processes never make the same id; size is the size of the trees.
CREATE TABLE journal_head (
  id      BIGINT PRIMARY KEY CHECK (id = 1),
  size    BIGINT NOT NULL,
  writers BIGINT NOT NULL
);
INSERT INTO journal_head (id, size, writers) VALUES (1, 0, 0);

-- Roots of complete subtrees of 2^level leaves; idx counts them from 0. Leaves (level 0) stand in journal.
CREATE TABLE journal_node (
  level  BIGINT NOT NULL,
  idx    BIGINT NOT NULL,
  sm3    BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (level, idx)
);

-- sm3 is the digest of the note. A note whose one signature is spoilt still opens by the other; the digest shows it.
CREATE TABLE journal_checkpoint (
  size BIGINT PRIMARY KEY,
  at   BIGINT NOT NULL,
  note TEXT NOT NULL,
  sm3  BLOB NOT NULL
);

CREATE TABLE journal_cursor (
  name TEXT PRIMARY KEY,
  seq  BIGINT NOT NULL
);
