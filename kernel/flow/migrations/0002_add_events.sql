-- kind: message, signal (corr is empty: it reaches everybody) or condition (name is its last value, "true" or "false").
ALTER TABLE flow_sub ADD COLUMN kind TEXT NOT NULL DEFAULT 'message';

-- What starts the active version of a definition by itself: kind message, signal, condition. A row of kind watch says that a
-- version, active or not, holds conditional events, so that changes of records of its type are looked at.
CREATE TABLE flow_start (
  def_key TEXT NOT NULL,
  version BIGINT NOT NULL,
  typ TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  node TEXT NOT NULL,
  PRIMARY KEY (def_key, version, kind, node)
);
CREATE INDEX flow_start_name ON flow_start (kind, name);

-- Completed activities that can be compensated. by is the group of the throw event that is about to; 0 for none.
CREATE TABLE flow_comp (
  inst TEXT NOT NULL,
  id BIGINT NOT NULL,
  node TEXT NOT NULL,
  stack TEXT NOT NULL,
  taken BIGINT NOT NULL,
  PRIMARY KEY (inst, id)
);

-- Calls to other systems: written by the step, made after its commit. The id is the idempotency key.
CREATE TABLE flow_job (
  id TEXT PRIMARY KEY,
  inst TEXT NOT NULL,
  token BIGINT NOT NULL,
  node TEXT NOT NULL,
  part BIGINT NOT NULL,
  name TEXT NOT NULL,
  payload TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  fault TEXT NOT NULL,
  created BIGINT NOT NULL
);
CREATE INDEX flow_job_next ON flow_job (next_at) WHERE state = 'ready';
CREATE INDEX flow_job_inst ON flow_job (inst, token);

-- What only an administrator can set going again.
CREATE TABLE flow_incident (
  id TEXT PRIMARY KEY,
  inst TEXT NOT NULL,
  token BIGINT NOT NULL,
  node TEXT NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  job TEXT NOT NULL,
  at BIGINT NOT NULL,
  closed BIGINT NOT NULL,
  closed_by TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX flow_incident_inst ON flow_incident (inst, token);
