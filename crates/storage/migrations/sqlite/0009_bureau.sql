-- The establishment's desk: the accounts of its people, their sessions, attempts to enter, who did what.

CREATE TABLE compte (
    id             INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again: histories and traces name it
    etablissement  TEXT    NOT NULL REFERENCES etablissement (num_finiss),
    login          TEXT    NOT NULL CHECK (login <> ''),
    sujet          TEXT,             -- by whom OpenID Connect knows the person
    prive          BLOB    NOT NULL, -- JSON: the name, the secret of the second factor
    mot_de_passe   TEXT    NOT NULL, -- Argon2id, a PHC string
    provisoire_fin INTEGER,          -- the password is the operator's, to be replaced, and worth nothing from then on
    second_le      INTEGER,          -- since when there is a second factor
    second_pas     INTEGER NOT NULL DEFAULT 0, -- the time step of the last code used
    cree_le        INTEGER NOT NULL,
    entre_le       INTEGER,
    ferme_le       INTEGER           -- disabled by the operator
) STRICT;
CREATE UNIQUE INDEX compte_login ON compte (login);
CREATE UNIQUE INDEX compte_sujet ON compte (sujet) WHERE sujet IS NOT NULL;
CREATE INDEX compte_etablissement ON compte (etablissement);

CREATE TABLE session_bureau (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- by which its owner names it
    sha256     BLOB    NOT NULL UNIQUE CHECK (length(sha256) = 32), -- of the cookie
    compte     INTEGER NOT NULL REFERENCES compte (id),
    second_vu  INTEGER NOT NULL CHECK (second_vu IN (0, 1)), -- the second factor was shown
    essais     INTEGER NOT NULL DEFAULT 0, -- wrong codes
    navigateur TEXT    NOT NULL, -- as its owner will recognise it: Firefox, Windows
    attente    BLOB,             -- JSON: the secret of a second factor that is being set up
    inactivite INTEGER NOT NULL, -- idle limit, milliseconds
    ouverte_le INTEGER NOT NULL,
    vue_le     INTEGER NOT NULL,
    fin_le     INTEGER NOT NULL  -- absolute limit
) STRICT;
CREATE INDEX session_bureau_compte ON session_bureau (compte);
CREATE INDEX session_bureau_fin_le ON session_bureau (fin_le);

-- Browsers that have entered an account before: strangers' failures do not make them wait.
CREATE TABLE navigateur_connu (
    sha256 BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of the cookie
    compte INTEGER NOT NULL REFERENCES compte (id),
    vu_le  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX navigateur_connu_compte ON navigateur_connu (compte);

-- Failed attempts, by the SHA-256 of what they were made on or from.
CREATE TABLE essai (
    cle        BLOB    NOT NULL PRIMARY KEY CHECK (length(cle) = 32),
    echecs     INTEGER NOT NULL,
    dernier_le INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX essai_dernier_le ON essai (dernier_le);

ALTER TABLE demande_historique ADD COLUMN compte INTEGER REFERENCES compte (id); -- who did it, at the desk
CREATE INDEX demande_etablissement ON demande (etablissement, statut, statut_le);
