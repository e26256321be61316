-- Serial numbers: one row a series, see schema.NumberFormat.
CREATE TABLE record_serial (
	series TEXT NOT NULL PRIMARY KEY,
	last BIGINT NOT NULL
);

-- Uploaded files. The content lies in the blob store under sum; subject is the record that uses the file, empty until
-- one does. A file that no record uses is removed after a day.
CREATE TABLE record_file (
	id TEXT NOT NULL PRIMARY KEY,
	sum TEXT NOT NULL,
	name TEXT NOT NULL,
	size BIGINT NOT NULL,
	type TEXT NOT NULL,
	owner TEXT NOT NULL,
	at BIGINT NOT NULL,
	subject TEXT NOT NULL,
	field TEXT NOT NULL
);
CREATE INDEX record_file_subject ON record_file (subject);
