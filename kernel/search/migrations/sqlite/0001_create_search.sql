-- The full-text table holds tokens only (contentless); search_doc says which record a row of it stands for.
CREATE TABLE search_doc (
  doc  INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  id   TEXT NOT NULL,
  UNIQUE (type, id)
);
-- The tokens are made by base/text; ascii keeps every character outside ASCII together.
CREATE VIRTUAL TABLE search_text USING fts5(body, keys, content='', contentless_delete=1, tokenize='ascii');
