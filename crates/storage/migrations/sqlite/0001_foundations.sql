-- Times are milliseconds since 1970-01-01 UTC, by the database's clock. A name that ends in _le is such a time;
-- NULL there means "has not happened". Columns of JSON are documents of the crate dossier's types, as bytes, so
-- that they can be encrypted one day without another type.

CREATE TABLE application (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again, so that old links stay with the old application
    name       TEXT    NOT NULL CHECK (name <> ''),
    suspended  INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
    rights     TEXT    NOT NULL, -- names of operations, separated by a space
    settings   TEXT    NOT NULL, -- JSON, the keys of `vtpa partner set`
    cree_le    INTEGER NOT NULL,
    retire_le  INTEGER
) STRICT;
CREATE UNIQUE INDEX application_name ON application (name) WHERE retire_le IS NULL;

CREATE TABLE certificat (
    sha256      BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of the DER
    application INTEGER NOT NULL REFERENCES application (id),
    der         BLOB    NOT NULL,
    cree_le     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX certificat_application ON certificat (application);

CREATE TABLE etablissement (
    num_finiss     TEXT NOT NULL PRIMARY KEY,
    raison_sociale TEXT,
    adresse        BLOB, -- JSON
    telephone      TEXT,
    cree_le        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE dossier (
    id                 INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 9999999999999), -- the 13 digits as a number
    demandeur          BLOB    NOT NULL, -- JSON
    revision           INTEGER NOT NULL DEFAULT 1, -- counts the changes an establishment has to read
    demandes           INTEGER NOT NULL DEFAULT 0 CHECK (demandes BETWEEN 0 AND 40),
    cree_le            INTEGER NOT NULL,
    modifie_le         INTEGER NOT NULL,
    annule_le          INTEGER,
    volet_admin_le     INTEGER,
    volet_medical_le   INTEGER,
    volet_autonomie_le INTEGER
) STRICT;

CREATE TABLE lien (
    dossier     INTEGER NOT NULL REFERENCES dossier (id),
    application INTEGER NOT NULL REFERENCES application (id),
    id_local    TEXT    NOT NULL,
    cree_le     INTEGER NOT NULL,
    PRIMARY KEY (dossier, application, id_local)
) STRICT, WITHOUT ROWID;

CREATE TABLE demande (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    dossier       INTEGER NOT NULL REFERENCES dossier (id),
    etablissement TEXT    NOT NULL REFERENCES etablissement (num_finiss),
    statut        INTEGER NOT NULL CHECK (statut IN (-1, 0, 1, 2, 3, 4, 5, 6, 7, 9)), -- specification §2.4.1
    motif         TEXT,    -- of the last transition that had one
    remarque      TEXT,    -- of the last transition that had one
    hebergement   TEXT    NOT NULL,
    urgence       TEXT    NOT NULL,
    annulee_le    INTEGER,
    revision_lue  INTEGER, -- the dossier's revision when the establishment last opened the demande
    lue_le        INTEGER,
    statut_le     INTEGER NOT NULL,
    cree_le       INTEGER NOT NULL
) STRICT;
CREATE INDEX demande_dossier ON demande (dossier);
-- An establishment has at most one demande of a dossier that is not over.
CREATE UNIQUE INDEX demande_en_cours ON demande (dossier, etablissement) WHERE statut NOT IN (-1, 0, 7, 9);

CREATE TABLE demande_historique (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    demande  INTEGER NOT NULL REFERENCES demande (id),
    de       INTEGER, -- NULL: the demande's birth
    vers     INTEGER NOT NULL,
    motif    TEXT,
    remarque TEXT,
    le       INTEGER NOT NULL
) STRICT;
CREATE INDEX demande_historique_demande ON demande_historique (demande);

CREATE TABLE jeton (
    sha256      BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    dossier     INTEGER NOT NULL REFERENCES dossier (id),
    application INTEGER NOT NULL REFERENCES application (id),
    expire_le   INTEGER NOT NULL,
    pris_le     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX jeton_expire_le ON jeton (expire_le);

CREATE TABLE session (
    sha256      BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of the cookie
    dossier     INTEGER NOT NULL REFERENCES dossier (id),
    application INTEGER NOT NULL REFERENCES application (id),
    inactivite  INTEGER NOT NULL, -- idle limit, milliseconds
    vue_le      INTEGER NOT NULL,
    fin_le      INTEGER NOT NULL  -- absolute limit
) STRICT, WITHOUT ROWID;
CREATE INDEX session_fin_le ON session (fin_le);

CREATE TABLE rejeu (
    empreinte BLOB    NOT NULL PRIMARY KEY CHECK (length(empreinte) = 32),
    expire_le INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rejeu_expire_le ON rejeu (expire_le);

-- One row: whether the last server process ended after it had written all replay entries.
CREATE TABLE marche (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    propre INTEGER NOT NULL CHECK (propre IN (0, 1))
) STRICT;
INSERT INTO marche (id, propre) VALUES (1, 1);
