-- The servers that serve this database, each a row that it renews every second (PostgreSQL: several of them).
CREATE TABLE instance (
    id      TEXT    NOT NULL PRIMARY KEY, -- drawn at start
    charges TEXT    NOT NULL, -- JSON: [application, requests admitted since the start, requests being answered], …
    vu_le   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
