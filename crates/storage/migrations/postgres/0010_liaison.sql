-- A partner's request to be linked to a dossier that exists, while its person decides (/liaison).
CREATE TABLE liaison (
    sha256      BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(sha256) = 32), -- of the browser's cookie
    jti         BYTEA   NOT NULL UNIQUE CHECK (octet_length(jti) = 32), -- SHA-256 of the application and the request's jti
    application BIGINT NOT NULL REFERENCES application (id),
    id_local    TEXT COLLATE "C" NOT NULL,
    retour      TEXT COLLATE "C" NOT NULL, -- the partner's page that the person goes back to
    echecs      BIGINT NOT NULL DEFAULT 0,
    expire_le   BIGINT NOT NULL, -- the person decides before
    oubli_le    BIGINT NOT NULL  -- its jti is remembered until then
);
CREATE INDEX liaison_oubli_le ON liaison (oubli_le);

-- The code by which a person proves at another partner that the dossier is theirs: shown once, kept as PBKDF2.
CREATE TABLE code_acces (
    dossier     BIGINT PRIMARY KEY REFERENCES dossier (id),
    sel         BYTEA   NOT NULL CHECK (octet_length(sel) = 16),
    empreinte   BYTEA   NOT NULL CHECK (octet_length(empreinte) = 32),
    echecs      BIGINT NOT NULL DEFAULT 0, -- since the last success
    attendre_le BIGINT NOT NULL DEFAULT 0, -- no proof is taken before
    cree_le     BIGINT NOT NULL
);
