-- +goose Up

-- Where the message is that a sender's key was used for, by a hash of the two. There is no order in hashes, so what comes in goes in
-- later, sorted, many to a page: the keys of the newest messages are in their rows and in memory alone. Open puts in those of a file
-- that had none here.
CREATE TABLE message_key (
    hash  INTEGER NOT NULL,
    event INTEGER NOT NULL, -- its key; the row tells whether it is the message, since hashes may be equal and messages erased
    PRIMARY KEY (hash, event)
) STRICT, WITHOUT ROWID;

-- The keys of all events up to this one are in message_key.
CREATE TABLE message_key_mark (event INTEGER NOT NULL) STRICT;
INSERT INTO message_key_mark VALUES (0);

DROP INDEX event_client;
