-- Organisations form a tree by materialised path with a trailing slash: /county/chengguan/.
CREATE TABLE identity_org (
  path   TEXT NOT NULL PRIMARY KEY,
  parent TEXT NOT NULL, -- path of the organisation above, empty for a root
  name   TEXT NOT NULL,
  kind   TEXT NOT NULL  -- free word: bureau, township, village, enterprise …
);

CREATE TABLE identity_person (
  id          TEXT NOT NULL PRIMARY KEY,
  name        TEXT NOT NULL,
  phone       TEXT NOT NULL, -- empty where unknown
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL -- 0 while active
);

CREATE TABLE identity_account (
  username    TEXT NOT NULL PRIMARY KEY, -- case-folded
  person      TEXT NOT NULL UNIQUE REFERENCES identity_person (id),
  hash        TEXT NOT NULL, -- PHC string with its parameters
  past        TEXT NOT NULL, -- JSON list of earlier hashes, newest first
  must_change BOOLEAN NOT NULL,
  changed_at  BIGINT NOT NULL
);

-- A post is an organisation, a set of roles and an area scope, for a term.
CREATE TABLE identity_post (
  id         TEXT NOT NULL PRIMARY KEY,
  person     TEXT NOT NULL REFERENCES identity_person (id),
  org        TEXT NOT NULL REFERENCES identity_org (path),
  area       TEXT NOT NULL, -- path of the area the post covers; / is the whole county, empty is none
  roles      TEXT NOT NULL, -- JSON list, sorted
  valid_from TEXT NOT NULL, -- first day, empty for always
  valid_to   TEXT NOT NULL, -- last day, empty for open
  UNIQUE (person, org, area, roles, valid_from)
);

CREATE TABLE identity_session (
  id         TEXT NOT NULL PRIMARY KEY,
  token      TEXT NOT NULL UNIQUE, -- SM3 of the token; the token itself is nowhere
  person     TEXT NOT NULL REFERENCES identity_person (id),
  post       TEXT NOT NULL,
  via        TEXT NOT NULL,
  agent      TEXT NOT NULL,
  ip         TEXT NOT NULL,
  idle       BIGINT NOT NULL, -- microseconds without a request after which it ends, 0 for never
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL, -- written at most once a minute
  expires_at BIGINT NOT NULL
);
CREATE INDEX identity_session_person ON identity_session (person);

-- Every sign-in that was tried and not throttled. The journal holds the salted digest of the source, this row the source.
CREATE TABLE identity_attempt (
  id      TEXT NOT NULL PRIMARY KEY,
  at      BIGINT NOT NULL,
  account TEXT NOT NULL, -- keyed digest of the username
  person  TEXT NOT NULL, -- empty where there is no such account
  ip      TEXT NOT NULL,
  agent   TEXT NOT NULL,
  salt    TEXT NOT NULL,
  outcome TEXT NOT NULL, -- open, ok, refused
  counts  BOOLEAN NOT NULL -- towards the throttle of the account; a success forgives what was before
);
CREATE INDEX identity_attempt_account ON identity_attempt (account, at);
CREATE INDEX identity_attempt_ip ON identity_attempt (ip, at);
CREATE INDEX identity_attempt_person ON identity_attempt (person, at);

-- One row; the version rises with every change of organisations, people and posts, so that other nodes notice.
CREATE TABLE identity_state (
  id      BIGINT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
);
INSERT INTO identity_state (id, version) VALUES (1, 1);
