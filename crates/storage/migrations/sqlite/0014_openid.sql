-- Signing in at the desk by OpenID Connect: who was sent to the provider and is awaited back, and which sessions began so.
CREATE TABLE openid_depart (
    etat       BLOB    NOT NULL PRIMARY KEY CHECK (length(etat) = 32), -- SHA-256 of the request's state
    navigateur BLOB    NOT NULL CHECK (length(navigateur) = 32),       -- SHA-256 of the browser's cookie
    expire_le  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX openid_depart_expire_le ON openid_depart (expire_le);

ALTER TABLE session_bureau ADD COLUMN par_openid INTEGER NOT NULL DEFAULT 0; -- 1: the provider asked for every factor
