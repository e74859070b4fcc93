-- +goose Up

-- Ids of users and conversations are 16 bytes where they are looked up, and small integers wherever rows refer to them.
CREATE TABLE user (
    key  INTEGER PRIMARY KEY,
    id   BLOB NOT NULL UNIQUE,
    seen INTEGER NOT NULL DEFAULT 0 -- 1: in a token or a booking, so that the short id finds it
) STRICT;
CREATE INDEX user_seen ON user (id) WHERE seen = 1; -- short ids are not slowed by users whom somebody made up

-- low and high are the two users in the order of their ids. The last message is not kept here: it is in event.
CREATE TABLE conversation (
    key          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    low          INTEGER NOT NULL REFERENCES user,
    high         INTEGER NOT NULL REFERENCES user,
    low_read     INTEGER NOT NULL DEFAULT 0, -- seq up to which low has read, and since when
    low_read_at  INTEGER NOT NULL DEFAULT 0,
    high_read    INTEGER NOT NULL DEFAULT 0,
    high_read_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (low, high)
) STRICT;
CREATE INDEX conversation_high ON conversation (high);

-- One row per durable event, append only; it is both the inbox of its one or two receivers and, for a message, the message.
-- data is the payload as it was sent: a replay copies it, and what else is asked of a message is read out of it. Only what is
-- searched for has a column of its own.
-- There are no foreign keys here, the one hot table: the writer takes each key from the row it names.
CREATE TABLE event (
    key          INTEGER PRIMARY KEY, -- in commit order
    name         TEXT NOT NULL,
    time         INTEGER NOT NULL,    -- milliseconds since 1970
    origin       TEXT NOT NULL,       -- the session that does not get it back, '' for none
    user_a       INTEGER NOT NULL,    -- of a message: the recipient
    pos_a        INTEGER NOT NULL,
    user_b       INTEGER,             -- of a message: the sender
    pos_b        INTEGER,
    id           BLOB,                -- of the message or notification
    conversation INTEGER,             -- these four for messages only
    seq          INTEGER,
    low_sent     INTEGER,             -- how many of the messages 1 to seq are from low: counts what is unread in two look-ups
    client_key   TEXT,
    read_at      INTEGER,             -- of a notification: when its user read it
    data         TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_a ON event (user_a, pos_a);
CREATE UNIQUE INDEX event_b ON event (user_b, pos_b) WHERE user_b IS NOT NULL;
CREATE UNIQUE INDEX event_id ON event (id) WHERE id IS NOT NULL;
CREATE UNIQUE INDEX event_seq ON event (conversation, seq) WHERE seq IS NOT NULL;
CREATE UNIQUE INDEX event_client ON event (user_b, client_key) WHERE client_key IS NOT NULL;
CREATE INDEX event_notification ON event (user_a, key) WHERE name = 'notification.new';
CREATE INDEX event_unread ON event (user_a) WHERE name = 'notification.new' AND read_at IS NULL;

CREATE TABLE booking (
    key     INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE,
    listing BLOB NOT NULL,
    boater  INTEGER NOT NULL REFERENCES user,
    owner   INTEGER NOT NULL REFERENCES user,
    status  TEXT NOT NULL,
    version INTEGER NOT NULL,
    time    INTEGER NOT NULL -- of the last change
) STRICT;
CREATE INDEX booking_listing ON booking (listing);
CREATE INDEX booking_boater ON booking (boater) WHERE status IN ('pending', 'confirmed', 'active');
CREATE INDEX booking_owner ON booking (owner) WHERE status IN ('pending', 'confirmed', 'active');

CREATE TABLE payment (
    key      INTEGER PRIMARY KEY,
    id       BLOB NOT NULL UNIQUE,
    booking  INTEGER NOT NULL REFERENCES booking,
    amount   INTEGER NOT NULL, -- minor units
    currency TEXT NOT NULL,
    status   TEXT NOT NULL,
    version  INTEGER NOT NULL,
    time     INTEGER NOT NULL -- of the last change
) STRICT;
CREATE INDEX payment_booking ON payment (booking);

-- What the back end was answered, by its idempotency key.
CREATE TABLE answer (
    key  TEXT PRIMARY KEY,
    body BLOB NOT NULL, -- SHA-256 of what was asked
    data TEXT NOT NULL, -- JSON
    time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_time ON answer (time);
