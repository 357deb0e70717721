-- How long a dossier is kept: src/retention.rs; and what is known of one that was erased: src/effacement.rs.

-- The first instant of the day on which someone last asked for the dossier; what changed it later counts too.
ALTER TABLE dossier ADD COLUMN dernier_contact_le INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dossier ADD COLUMN archive_le INTEGER; -- closed to partners and families
ALTER TABLE dossier ADD COLUMN gel_le INTEGER;     -- legal hold: neither archived nor erased
ALTER TABLE dossier ADD COLUMN gel_motif TEXT;     -- a reference, without personal data
CREATE INDEX dossier_actif ON dossier (modifie_le) WHERE archive_le IS NULL;
CREATE INDEX dossier_archive ON dossier (archive_le) WHERE archive_le IS NOT NULL;

-- One row for each dossier that was erased: a restored backup is held against it.
CREATE TABLE effacement (
    dossier INTEGER NOT NULL PRIMARY KEY,
    le      INTEGER NOT NULL, -- the first instant of the day
    motif   TEXT    NOT NULL,
    sha256  BLOB    NOT NULL CHECK (length(sha256) = 32) -- of the content, as `vtpa dossier export` tells it
) STRICT;

-- Work that one server does for all (src/bail.rs), and when it was last done to its end.
CREATE TABLE bail (
    nom     TEXT    NOT NULL PRIMARY KEY,
    tenant  TEXT    NOT NULL,
    fin_le  INTEGER NOT NULL,
    fait_le INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
