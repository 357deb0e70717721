-- The servers that serve this database, each a row that it renews every second. Unlogged: a crash may forget it, and no
-- commit waits for the disk because of it.
CREATE UNLOGGED TABLE instance (
    id      TEXT   NOT NULL PRIMARY KEY, -- drawn at start
    charges TEXT   NOT NULL, -- JSON: [application, requests admitted since the start, requests being answered], …
    vu_le   BIGINT NOT NULL
);
