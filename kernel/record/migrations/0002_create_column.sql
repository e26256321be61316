-- What the columns of record tables hold, because the database's own type does not tell a date from a text or cents from
-- mills: "text", "date", "instant", "integer", "scaled:2", "boolean", "number", "secret" or the type of a JSON document.
CREATE TABLE record_column (
	tbl TEXT NOT NULL,
	name TEXT NOT NULL,
	holds TEXT NOT NULL,
	PRIMARY KEY (tbl, name)
);
