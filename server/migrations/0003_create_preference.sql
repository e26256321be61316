-- How a person likes the desk: columns, saved views, layers of the map. Kept here and not in the browser, which at a
-- counter serves many.
CREATE TABLE server_preference (
	person TEXT NOT NULL,
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (person, name)
);
