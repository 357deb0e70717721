-- What was asked and how it was answered, a row for each request: in production without the message and without a person.
CREATE TABLE journal (
    reference   TEXT    NOT NULL PRIMARY KEY, -- the id of the log
    recu_le     INTEGER NOT NULL,
    service     TEXT    NOT NULL,
    operation   TEXT,
    application INTEGER,          -- whose signature held; it may have been removed since
    issue       TEXT    NOT NULL, -- the code answered, or fault
    explication TEXT,             -- of a security failure
    message_id  TEXT,             -- wsa:MessageID, where it is a UUID
    duree       INTEGER NOT NULL, -- microseconds
    rejoue      INTEGER NOT NULL, -- 1: refused as received before
    message     BLOB              -- in a sandbox alone
) STRICT;
CREATE INDEX journal_recu_le ON journal (recu_le);
CREATE INDEX journal_application ON journal (application, recu_le);
