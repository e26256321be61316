-- Which of the three clocks of a matter it is, the clause it rests on, and what remained when it was paused.
ALTER TABLE flow_sla ADD COLUMN kind TEXT NOT NULL DEFAULT 'step';
UPDATE flow_sla SET kind = 'promised' WHERE task = '';
ALTER TABLE flow_sla ADD COLUMN basis TEXT NOT NULL DEFAULT '';
ALTER TABLE flow_sla ADD COLUMN left_n BIGINT NOT NULL DEFAULT 0;

-- The document that told the applicant, and the promised length as it was given.
ALTER TABLE flow_clock ADD COLUMN notice TEXT NOT NULL DEFAULT '';
ALTER TABLE flow_clock ADD COLUMN promise TEXT NOT NULL DEFAULT '';

-- A timer in working time: its length, when it was set, and the calendar its due was derived from. Empty for the others.
ALTER TABLE flow_timer ADD COLUMN span TEXT NOT NULL DEFAULT '';
ALTER TABLE flow_timer ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE flow_timer ADD COLUMN calendar TEXT NOT NULL DEFAULT '';
