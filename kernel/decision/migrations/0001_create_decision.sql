-- The bytes of decision models by their SHA-256; never changed.
CREATE TABLE decision_model (
  sha TEXT PRIMARY KEY,
  xml BLOB NOT NULL,
  stored BIGINT NOT NULL
);

-- Which edition was in force on which days, as known from when until when: retired 0 is what holds now. Only retired is
-- ever set. header says what the edition's inputs are filled from; models names the model and those it imports, in order.
CREATE TABLE decision_edition (
  dkey TEXT NOT NULL,
  sha TEXT NOT NULL,
  version TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL,
  header TEXT NOT NULL,
  models TEXT NOT NULL,
  deployed BIGINT NOT NULL,
  retired BIGINT NOT NULL,
  PRIMARY KEY (dkey, version, sha, valid_from, valid_to, deployed)
);

-- What was decided about records, with the values; the journal holds the digests of personal ones, made with the salt.
CREATE TABLE decision_log (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  inst TEXT NOT NULL,
  node TEXT NOT NULL,
  dkey TEXT NOT NULL,
  version TEXT NOT NULL,
  sha TEXT NOT NULL,
  body TEXT NOT NULL,
  salt TEXT NOT NULL
);
CREATE INDEX decision_log_subject ON decision_log (subject, at);
