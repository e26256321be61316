-- A repeated creation names the record again.
ALTER TABLE server_request ADD COLUMN location TEXT NOT NULL DEFAULT '';
