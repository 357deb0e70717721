-- What operators import: nomenclatures of the ANS over the built-in ones, and the establishments of FINESS.

CREATE TABLE nomenclature (
    oid         TEXT    NOT NULL PRIMARY KEY, -- of the file's table; a second import of it takes the first one's place
    nom         TEXT    NOT NULL,             -- TRE_R13-CommuneOM
    version     TEXT,
    mise_a_jour TEXT,                         -- by its publisher, ISO 8601 without zone
    fichier     TEXT    NOT NULL,
    sha256      BLOB    NOT NULL CHECK (length(sha256) = 32), -- of the file
    importe_le  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE nomenclature_code (
    nomenclature TEXT    NOT NULL REFERENCES nomenclature (oid),
    systeme      TEXT    NOT NULL, -- OID of the code's own table; a value set takes codes of several
    code         TEXT    NOT NULL,
    rang         INTEGER NOT NULL, -- a code may be there several times, each for its years
    libelle      TEXT    NOT NULL,
    valide       TEXT,             -- ISO 8601 without zone, as above
    fin          TEXT,             -- from when it is valid no longer
    PRIMARY KEY (nomenclature, systeme, code, rang)
) STRICT, WITHOUT ROWID;

-- One row: counts the imports of nomenclatures, so that running servers see that there was one.
CREATE TABLE nomenclature_revision (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO nomenclature_revision (id, revision) VALUES (1, 0);

ALTER TABLE etablissement ADD COLUMN rang INTEGER; -- the row of the search index
ALTER TABLE etablissement ADD COLUMN origine TEXT NOT NULL DEFAULT 'operateur' CHECK (origine IN ('operateur', 'finess'));
ALTER TABLE etablissement ADD COLUMN entite_juridique TEXT;
ALTER TABLE etablissement ADD COLUMN categorie TEXT;   -- three digits of FINESS
ALTER TABLE etablissement ADD COLUMN commune TEXT;     -- INSEE code
ALTER TABLE etablissement ADD COLUMN code_postal TEXT;
ALTER TABLE etablissement ADD COLUMN ouvert_le TEXT;   -- ISO 8601
ALTER TABLE etablissement ADD COLUMN ferme_le INTEGER; -- it was in no later extract
ALTER TABLE etablissement ADD COLUMN nom_recherche TEXT NOT NULL DEFAULT '';  -- small letters without accents
ALTER TABLE etablissement ADD COLUMN lieu_recherche TEXT NOT NULL DEFAULT '';

CREATE TABLE finess_import (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    date_du    TEXT,             -- the extract's own date, ISO 8601
    fichier    TEXT    NOT NULL,
    sha256     BLOB    NOT NULL CHECK (length(sha256) = 32),
    lignes     INTEGER NOT NULL,
    refusees   INTEGER NOT NULL,
    ajoutes    INTEGER NOT NULL,
    modifies   INTEGER NOT NULL,
    fermes     INTEGER NOT NULL,
    importe_le INTEGER NOT NULL
) STRICT;

-- The index of words holds no text of its own: each row is that of an establishment's rang. In its third column are
-- codes, each after a letter: i of INSEE, p of La Poste, k the category. The triggers keep it, so that nothing can write
-- an establishment past it.
CREATE VIRTUAL TABLE etablissement_mots USING fts5 (
    nom, lieu, codes, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);

UPDATE etablissement SET
    rang = (SELECT COUNT(*) FROM etablissement e WHERE e.num_finiss <= etablissement.num_finiss),
    commune = CAST(adresse AS TEXT) ->> '$.Localite.Code',
    code_postal = CAST(adresse AS TEXT) ->> '$.CodePostal.Code',
    nom_recherche = lower(coalesce(raison_sociale, '')),
    lieu_recherche = lower(trim(coalesce(CAST(adresse AS TEXT) ->> '$.CodePostal.Code', '') || ' '
        || coalesce(CAST(adresse AS TEXT) ->> '$.Localite.DisplayName', '')));
INSERT INTO etablissement_mots (rowid, nom, lieu, codes)
    SELECT rang, nom_recherche, lieu_recherche, coalesce('i' || commune || ' p' || code_postal, '') FROM etablissement;

CREATE UNIQUE INDEX etablissement_rang ON etablissement (rang);
CREATE INDEX etablissement_nom ON etablissement (nom_recherche, num_finiss);

CREATE TRIGGER etablissement_ajoute AFTER INSERT ON etablissement BEGIN
    INSERT INTO etablissement_mots (rowid, nom, lieu, codes) VALUES (new.rang, new.nom_recherche, new.lieu_recherche,
        coalesce('i' || new.commune, '') || coalesce(' p' || new.code_postal, '') || coalesce(' k' || new.categorie, ''));
END;
CREATE TRIGGER etablissement_modifie
AFTER UPDATE OF nom_recherche, lieu_recherche, commune, code_postal, categorie ON etablissement BEGIN
    DELETE FROM etablissement_mots WHERE rowid = old.rang;
    INSERT INTO etablissement_mots (rowid, nom, lieu, codes) VALUES (new.rang, new.nom_recherche, new.lieu_recherche,
        coalesce('i' || new.commune, '') || coalesce(' p' || new.code_postal, '') || coalesce(' k' || new.categorie, ''));
END;
