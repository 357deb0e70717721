-- The audit trail: who did or saw what. A row is written once and never changed; it is deleted with its month alone, of which
-- `trace_oubli` keeps a signed record. src/trace says what is hashed and signed. Times are the database's, as elsewhere.

CREATE TABLE trace (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again, so that a row that was cut off is missed
    le          INTEGER NOT NULL, -- when it happened; rows of reads are written up to a second later
    acteur      TEXT    NOT NULL, -- partenaire, famille, etablissement, operateur, systeme
    application INTEGER,          -- the partner's, also where a family acts that came from there
    certificat  BLOB,             -- SHA-256 of the certificate that signed
    id_local    TEXT,             -- the user that the partner named
    compte      TEXT,             -- the account of an establishment, the system user of an operator
    action      TEXT    NOT NULL,
    dossier     INTEGER,
    demande     INTEGER,
    code        TEXT,             -- what was answered
    detail      TEXT,             -- what was changed to what, without personal data
    message_id  TEXT,             -- wsa:MessageID
    reference   TEXT,             -- the id of the log
    requete     BLOB,             -- SHA-256 of the request as it came
    assertion   BLOB              -- SHA-256 of what the assertion said
) STRICT;
CREATE INDEX trace_dossier ON trace (dossier, id) WHERE dossier IS NOT NULL;

-- What rows name by its SHA-256 and an erasure may delete without breaking the chain: requests kept verbatim, assertions.
CREATE TABLE trace_piece (
    sha256  TEXT    NOT NULL PRIMARY KEY CHECK (length(sha256) = 64), -- hexadecimal, of the contents before encryption
    le      INTEGER NOT NULL,
    contenu BLOB    NOT NULL
) STRICT;
CREATE INDEX trace_piece_le ON trace_piece (le);

-- Rows that are not chained yet. A row that is neither here nor in the chain was written by someone else.
CREATE TABLE trace_attente (
    trace INTEGER NOT NULL PRIMARY KEY,
    le    INTEGER NOT NULL
) STRICT;

-- The chain: each link hashes the one before it and its row.
CREATE TABLE trace_maillon (
    rang      INTEGER NOT NULL PRIMARY KEY,
    le        INTEGER NOT NULL, -- never before its row's, nor before the last link's
    trace     INTEGER NOT NULL,
    trace_le  INTEGER NOT NULL,
    ligne     BLOB    NOT NULL CHECK (length(ligne) = 32), -- SHA-256 of the row
    empreinte BLOB    NOT NULL CHECK (length(empreinte) = 32)
) STRICT;
CREATE INDEX trace_maillon_trace ON trace_maillon (trace);

-- One row: the last link, who writes links now, and the last signature over a head.
CREATE TABLE trace_tete (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    rang            INTEGER NOT NULL,
    le              INTEGER NOT NULL,
    empreinte       BLOB    NOT NULL CHECK (length(empreinte) = 32),
    tenant          TEXT,
    bail_le         INTEGER NOT NULL, -- the lease's end
    signe_rang      INTEGER,
    signe_le        INTEGER,
    signe_jour      TEXT,
    signe_empreinte BLOB,
    signature       BLOB,
    certificat      BLOB              -- DER
) STRICT;
INSERT INTO trace_tete (id, rang, le, empreinte, bail_le) VALUES (1, 0, 0, zeroblob(32), 0);

-- The head of each day, and that at each stop.
CREATE TABLE trace_signature (
    jour       TEXT    NOT NULL, -- of UTC
    rang       INTEGER NOT NULL,
    le         INTEGER NOT NULL,
    empreinte  BLOB    NOT NULL CHECK (length(empreinte) = 32),
    signature  BLOB    NOT NULL,
    certificat BLOB    NOT NULL,
    PRIMARY KEY (jour, rang)
) STRICT;

-- What retention dropped: every row and link before `jusqu_a`. The chain goes on from this link.
CREATE TABLE trace_oubli (
    jusqu_a    INTEGER NOT NULL PRIMARY KEY, -- the first instant of the first month that is kept
    rang       INTEGER NOT NULL, -- of the last link dropped
    lignes     INTEGER NOT NULL,
    le         INTEGER NOT NULL,
    empreinte  BLOB    NOT NULL CHECK (length(empreinte) = 32),
    signature  BLOB    NOT NULL,
    certificat BLOB    NOT NULL
) STRICT;

CREATE TRIGGER trace_jamais_changee BEFORE UPDATE ON trace
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER trace_effacee_par_mois BEFORE DELETE ON trace
WHEN OLD.le >= (SELECT COALESCE(MAX(jusqu_a), 0) FROM trace_oubli)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER trace_maillon_jamais_change BEFORE UPDATE ON trace_maillon
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER trace_maillon_efface_par_mois BEFORE DELETE ON trace_maillon
WHEN OLD.le >= (SELECT COALESCE(MAX(jusqu_a), 0) FROM trace_oubli)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER trace_signature_jamais_changee BEFORE UPDATE ON trace_signature
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER trace_signature_jamais_effacee BEFORE DELETE ON trace_signature
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER trace_oubli_jamais_change BEFORE UPDATE ON trace_oubli
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER trace_oubli_jamais_efface BEFORE DELETE ON trace_oubli
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
