-- Answers by Idempotency-Key, kept for a day.
CREATE TABLE server_request (
	scope TEXT NOT NULL,
	key TEXT NOT NULL,
	hash TEXT NOT NULL,
	status BIGINT NOT NULL,
	etag TEXT NOT NULL,
	body TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (scope, key)
);
CREATE INDEX server_request_at ON server_request (at);
