-- A record has one piece, and more where its text has too many positions for one tsvector.
CREATE TABLE search_doc (
  type  TEXT NOT NULL,
  id    TEXT NOT NULL,
  piece BIGINT NOT NULL,
  body  TSVECTOR NOT NULL,
  PRIMARY KEY (type, id, piece)
);
CREATE INDEX search_doc_body ON search_doc USING gin (body);
