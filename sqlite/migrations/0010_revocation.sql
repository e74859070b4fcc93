-- +goose Up

-- Tokens that are refused although they verify: those of a user, or of one of its sessions, that were issued until a time; or one.
CREATE TABLE revocation (
    user  INTEGER NOT NULL REFERENCES user,
    kind  TEXT NOT NULL,    -- 'user', 'session' or 'token'
    name  TEXT NOT NULL,    -- of the session or token, else ''
    time  INTEGER NOT NULL, -- milliseconds since 1970
    until INTEGER NOT NULL, -- no token that it hits is valid from then on
    PRIMARY KEY (user, kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX revocation_until ON revocation (until);
