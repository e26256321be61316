-- Definitions: immutable versions, the original bytes are the truth.
CREATE TABLE flow_def (
  def_key TEXT NOT NULL,
  version BIGINT NOT NULL,
  typ TEXT NOT NULL,
  pack TEXT NOT NULL,
  sha TEXT NOT NULL,
  xml BLOB NOT NULL,
  state TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (def_key, version)
);

-- One running or ended process of one record. rev is compared and set by every command.
CREATE TABLE flow_inst (
  id TEXT PRIMARY KEY,
  def_key TEXT NOT NULL,
  def_version BIGINT NOT NULL,
  biz_type TEXT NOT NULL,
  biz_id TEXT NOT NULL,
  org TEXT NOT NULL,
  area TEXT NOT NULL,
  state TEXT NOT NULL,
  vars TEXT NOT NULL,
  rev BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  slas BIGINT NOT NULL,
  pauses BIGINT NOT NULL,
  sides BIGINT NOT NULL,
  starter TEXT NOT NULL,
  parent TEXT NOT NULL,
  parent_token BIGINT NOT NULL,
  started BIGINT NOT NULL,
  ended BIGINT NOT NULL
);
CREATE INDEX flow_inst_biz ON flow_inst (biz_type, biz_id);
CREATE INDEX flow_inst_parent ON flow_inst (parent) WHERE parent <> '';

-- Live tokens only; what a token did stands in flow_hist. stack is the fork stack, "group:block:branch/…".
CREATE TABLE flow_token (
  inst TEXT NOT NULL,
  id BIGINT NOT NULL,
  node TEXT NOT NULL,
  stack TEXT NOT NULL,
  state TEXT NOT NULL,
  mi_index BIGINT NOT NULL,
  member TEXT NOT NULL,
  prev TEXT NOT NULL,
  outcome TEXT NOT NULL,
  back TEXT NOT NULL,
  child TEXT NOT NULL,
  PRIMARY KEY (inst, id)
);

CREATE TABLE flow_task (
  id TEXT PRIMARY KEY,
  inst TEXT NOT NULL,
  token BIGINT NOT NULL,
  grp BIGINT NOT NULL,
  mi_index BIGINT NOT NULL,
  node TEXT NOT NULL,
  kind TEXT NOT NULL,
  biz_type TEXT NOT NULL,
  biz_id TEXT NOT NULL,
  org TEXT NOT NULL,
  area TEXT NOT NULL,
  cand TEXT NOT NULL,
  assignee TEXT NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  data TEXT NOT NULL,
  blocker TEXT NOT NULL,
  prev TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  warn_at BIGINT NOT NULL,
  red_at BIGINT NOT NULL,
  created BIGINT NOT NULL,
  claimed BIGINT NOT NULL,
  done BIGINT NOT NULL,
  done_by TEXT NOT NULL
);
CREATE INDEX flow_task_inst ON flow_task (inst);
CREATE INDEX flow_task_assignee ON flow_task (assignee) WHERE state = 'open' AND assignee <> '';

-- Candidates of open tasks only: the rows go when the task closes, so that a worklist never wades through the past.
CREATE TABLE flow_task_cand (
  task TEXT NOT NULL,
  n BIGINT NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  org TEXT NOT NULL,
  area TEXT NOT NULL,
  PRIMARY KEY (task, n)
);
CREATE INDEX flow_task_cand_ref ON flow_task_cand (kind, ref, org);

-- holder is a token or a fork group of the instance, or the number of an SLA.
CREATE TABLE flow_timer (
  id TEXT PRIMARY KEY,
  inst TEXT NOT NULL,
  holder BIGINT NOT NULL,
  node TEXT NOT NULL,
  kind TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  repeat_left BIGINT NOT NULL
);
CREATE INDEX flow_timer_due ON flow_timer (due_at);
CREATE INDEX flow_timer_inst ON flow_timer (inst, holder);

CREATE TABLE flow_sub (
  inst TEXT NOT NULL,
  holder BIGINT NOT NULL,
  node TEXT NOT NULL,
  name TEXT NOT NULL,
  corr TEXT NOT NULL,
  PRIMARY KEY (inst, holder, node)
);
CREATE INDEX flow_sub_name ON flow_sub (corr, name);

-- Messages nobody waited for when they came.
CREATE TABLE flow_message (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  corr TEXT NOT NULL,
  data TEXT NOT NULL,
  at BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX flow_message_corr ON flow_message (corr, name);

-- Limits of instances and tasks. The dues are a cache of started, limit, extension and pauses.
CREATE TABLE flow_sla (
  inst TEXT NOT NULL,
  id BIGINT NOT NULL,
  task TEXT NOT NULL,
  name TEXT NOT NULL,
  unit TEXT NOT NULL,
  lim BIGINT NOT NULL,
  added BIGINT NOT NULL,
  warn BIGINT NOT NULL,
  yellow BIGINT NOT NULL,
  red BIGINT NOT NULL,
  started BIGINT NOT NULL,
  stopped BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  warn_at BIGINT NOT NULL,
  yellow_at BIGINT NOT NULL,
  red_at BIGINT NOT NULL,
  calendar TEXT NOT NULL,
  provisional BOOLEAN NOT NULL,
  level BIGINT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (inst, id)
);

-- Legal pauses of an instance's clocks; stopped 0 is still running.
CREATE TABLE flow_clock (
  inst TEXT NOT NULL,
  id BIGINT NOT NULL,
  node TEXT NOT NULL,
  reason TEXT NOT NULL,
  basis TEXT NOT NULL,
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  started BIGINT NOT NULL,
  promised BIGINT NOT NULL,
  stopped BIGINT NOT NULL,
  PRIMARY KEY (inst, id)
);

-- The process view of the journal: one row a command, seq is the instance's rev.
CREATE TABLE flow_hist (
  inst TEXT NOT NULL,
  seq BIGINT NOT NULL,
  cmd TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  on_behalf TEXT NOT NULL,
  op TEXT NOT NULL,
  node TEXT NOT NULL,
  task TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  data TEXT NOT NULL,
  entry BIGINT NOT NULL,
  PRIMARY KEY (inst, seq)
);

CREATE TABLE flow_cmd (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  result TEXT NOT NULL
);
