-- Keys under which partners created dossiers (CleIdempotence), for a day: a call that comes again makes no second one.
CREATE TABLE cle_idempotence (
    application BIGINT NOT NULL REFERENCES application (id),
    cle         BYTEA  NOT NULL CHECK (octet_length(cle) = 32), -- SHA-256 of the key
    contenu     BYTEA           CHECK (octet_length(contenu) = 32), -- HMAC-SHA256 of the content, its key the key itself; NULL: erased
    dossier     BIGINT          REFERENCES dossier (id), -- NULL: erased
    cree_le     BIGINT NOT NULL,
    PRIMARY KEY (application, cle)
);
CREATE INDEX cle_idempotence_cree_le ON cle_idempotence (cree_le);
CREATE INDEX cle_idempotence_dossier ON cle_idempotence (dossier);
