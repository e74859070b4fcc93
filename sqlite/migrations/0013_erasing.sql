-- +goose Up

-- Users who were erased and whose rows are still being deleted. Nobody is shown them any more: their id was given to a row of its own,
-- which is a new person, and the row here has one that nobody knows. pos_a and pos_b are how far the events were looked at.
CREATE TABLE erasing (
    user  INTEGER PRIMARY KEY REFERENCES user,
    pos_a INTEGER NOT NULL DEFAULT 0,
    pos_b INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A booking goes over to the new row, active or not.
DROP INDEX booking_boater;
DROP INDEX booking_owner;
CREATE INDEX booking_boater ON booking (boater, status);
CREATE INDEX booking_owner ON booking (owner, status);
