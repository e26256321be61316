-- Process insight and migration ask for all instances of one definition.
CREATE INDEX flow_inst_def ON flow_inst (def_key, def_version, state);
-- The open incidents, oldest first.
CREATE INDEX flow_incident_open ON flow_incident (at, id) WHERE closed = 0;
