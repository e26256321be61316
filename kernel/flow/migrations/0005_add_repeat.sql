-- Open blocks of repeated activities (multi-instance and standard loops): id is the fork group of the instances, data their
-- members, counts, results and variables.
CREATE TABLE flow_repeat (
  inst TEXT NOT NULL,
  id BIGINT NOT NULL,
  node TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (inst, id)
);

-- What the completed activity saw of the instance it was in, for its handler: a JSON object, empty for nothing.
ALTER TABLE flow_comp ADD COLUMN scope TEXT NOT NULL DEFAULT '';
