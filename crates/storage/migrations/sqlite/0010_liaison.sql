-- A partner's request to be linked to a dossier that exists, while its person decides (/liaison).
CREATE TABLE liaison (
    sha256      BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of the browser's cookie
    jti         BLOB    NOT NULL UNIQUE CHECK (length(jti) = 32), -- SHA-256 of the application and the request's jti
    application INTEGER NOT NULL REFERENCES application (id),
    id_local    TEXT    NOT NULL,
    retour      TEXT    NOT NULL, -- the partner's page that the person goes back to
    echecs      INTEGER NOT NULL DEFAULT 0,
    expire_le   INTEGER NOT NULL, -- the person decides before
    oubli_le    INTEGER NOT NULL  -- its jti is remembered until then
) STRICT, WITHOUT ROWID;
CREATE INDEX liaison_oubli_le ON liaison (oubli_le);

-- The code by which a person proves at another partner that the dossier is theirs: shown once, kept as PBKDF2.
CREATE TABLE code_acces (
    dossier     INTEGER PRIMARY KEY REFERENCES dossier (id),
    sel         BLOB    NOT NULL CHECK (length(sel) = 16),
    empreinte   BLOB    NOT NULL CHECK (length(empreinte) = 32),
    echecs      INTEGER NOT NULL DEFAULT 0, -- since the last success
    attendre_le INTEGER NOT NULL DEFAULT 0, -- no proof is taken before
    cree_le     INTEGER NOT NULL
) STRICT;
