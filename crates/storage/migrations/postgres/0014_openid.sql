-- Signing in at the desk by OpenID Connect: who was sent to the provider and is awaited back, and which sessions began so.
CREATE TABLE openid_depart (
    etat       BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(etat) = 32), -- SHA-256 of the request's state
    navigateur BYTEA  NOT NULL CHECK (octet_length(navigateur) = 32),       -- SHA-256 of the browser's cookie
    expire_le  BIGINT NOT NULL
);
CREATE INDEX openid_depart_expire_le ON openid_depart (expire_le);

ALTER TABLE session_bureau ADD COLUMN par_openid BIGINT NOT NULL DEFAULT 0; -- 1: the provider asked for every factor
