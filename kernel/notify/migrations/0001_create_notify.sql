-- One row for each person told; read_at is 0 until it is read.
CREATE TABLE notify_notice (
  id      TEXT NOT NULL PRIMARY KEY, -- UUIDv7: also the order
  person  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  key     TEXT NOT NULL, -- message key; locale files hold the words
  args    TEXT NOT NULL, -- JSON object, arguments of the words
  subject TEXT NOT NULL, -- "urban.case/<id>", empty where it is about no record
  title   TEXT NOT NULL,
  read_at BIGINT NOT NULL
);
CREATE INDEX notify_notice_person ON notify_notice (person, id);
CREATE INDEX notify_notice_unread ON notify_notice (person) WHERE read_at = 0;
