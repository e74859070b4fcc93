-- +goose Up

-- Events that are no more than deliveries: they are deleted when they are too old. Messages and notifications stay.
CREATE INDEX event_passing ON event (time) WHERE id IS NULL;

-- How far a user's events were deleted for their age: the highest position, its event's session, and the highest of any other
-- session. A session's own do not count as missed.
ALTER TABLE user ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user ADD COLUMN trimmed_origin TEXT NOT NULL DEFAULT '';
ALTER TABLE user ADD COLUMN trimmed_other INTEGER NOT NULL DEFAULT 0;
