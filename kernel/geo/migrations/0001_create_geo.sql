-- Areas of the national division (12-digit codes) down to community and village.
CREATE TABLE geo_area (
  code TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  level TEXT NOT NULL,
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  shape BLOB,
  synthetic BOOLEAN NOT NULL,
  square_metres DOUBLE PRECISION NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL
);
CREATE INDEX geo_area_parent ON geo_area (parent);
CREATE INDEX geo_area_path ON geo_area (path);

-- Grids of the three layers: cell, duty, general. A code may come back with other borders at a later date.
CREATE TABLE geo_grid (
  layer TEXT NOT NULL,
  code TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL,
  area TEXT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  land_use TEXT NOT NULL,
  grade TEXT NOT NULL,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  shape BLOB,
  synthetic BOOLEAN NOT NULL,
  square_metres DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (layer, code, valid_from)
);
CREATE INDEX geo_grid_area ON geo_grid (area);
CREATE INDEX geo_grid_path ON geo_grid (path);

-- Which grids of one layer belong to a grid of another, many to many.
CREATE TABLE geo_grid_link (
  from_layer TEXT NOT NULL,
  from_code TEXT NOT NULL,
  to_layer TEXT NOT NULL,
  to_code TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL,
  PRIMARY KEY (from_layer, from_code, to_layer, to_code, valid_from)
);
CREATE INDEX geo_grid_link_to ON geo_grid_link (to_layer, to_code);
