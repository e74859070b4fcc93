-- +goose Up

-- How far the events of a user's device have provably arrived.
CREATE TABLE confirmed (
    user   INTEGER NOT NULL REFERENCES user,
    device TEXT NOT NULL,    -- '' for those without a name
    pos    INTEGER NOT NULL,
    time   INTEGER NOT NULL, -- of the last sign of the device, milliseconds since 1970
    PRIMARY KEY (user, device)
) STRICT, WITHOUT ROWID;

-- Keys that the service made for itself.
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
