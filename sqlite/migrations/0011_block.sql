-- +goose Up

-- Who has blocked whom.
CREATE TABLE block (
    user  INTEGER NOT NULL REFERENCES user,
    other INTEGER NOT NULL REFERENCES user,
    time  INTEGER NOT NULL, -- milliseconds since 1970
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX block_other ON block (other);
