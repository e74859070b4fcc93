-- +goose Up

-- What the payment provider told, once each. Of the body only the hash is kept: the rest is about people and their cards,
-- and the provider has it under the id.
CREATE TABLE provider_event (
    id      TEXT PRIMARY KEY,
    body    BLOB NOT NULL,    -- SHA-256
    type    TEXT NOT NULL,
    created INTEGER NOT NULL, -- by the provider's clock
    payment BLOB,             -- which payment, and what status it tells; NULL for neither
    status  TEXT,
    outcome TEXT NOT NULL,
    reason  TEXT NOT NULL,    -- why it is parked, '' if it is not
    heard   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX provider_event_attempt ON provider_event (payment, created)
    WHERE outcome = 'applied' AND status IN ('processing', 'failed');
