-- +goose Up

-- Positions up to used were given, also to events that are gone; those below past were a person's who was erased.
ALTER TABLE user ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user ADD COLUMN past INTEGER NOT NULL DEFAULT 0;
