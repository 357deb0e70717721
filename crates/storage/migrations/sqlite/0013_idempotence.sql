-- Keys under which partners created dossiers (CleIdempotence), for a day: a call that comes again makes no second one.
CREATE TABLE cle_idempotence (
    application INTEGER NOT NULL REFERENCES application (id),
    cle         BLOB    NOT NULL CHECK (length(cle) = 32), -- SHA-256 of the key
    contenu     BLOB             CHECK (length(contenu) = 32), -- HMAC-SHA256 of the content, its key the key itself; NULL: erased
    dossier     INTEGER          REFERENCES dossier (id), -- NULL: erased
    cree_le     INTEGER NOT NULL,
    PRIMARY KEY (application, cle)
) STRICT, WITHOUT ROWID;
CREATE INDEX cle_idempotence_cree_le ON cle_idempotence (cree_le);
CREATE INDEX cle_idempotence_dossier ON cle_idempotence (dossier);
