-- How long a dossier is kept: src/retention.rs; and what is known of one that was erased: src/effacement.rs.

-- The first instant of the day on which someone last asked for the dossier; what changed it later counts too.
ALTER TABLE dossier ADD COLUMN dernier_contact_le BIGINT NOT NULL DEFAULT 0;
ALTER TABLE dossier ADD COLUMN archive_le BIGINT; -- closed to partners and families
ALTER TABLE dossier ADD COLUMN gel_le BIGINT;     -- legal hold: neither archived nor erased
ALTER TABLE dossier ADD COLUMN gel_motif TEXT COLLATE "C";     -- a reference, without personal data
CREATE INDEX dossier_actif ON dossier (modifie_le) WHERE archive_le IS NULL;
CREATE INDEX dossier_archive ON dossier (archive_le) WHERE archive_le IS NOT NULL;

-- One row for each dossier that was erased: a restored backup is held against it.
CREATE TABLE effacement (
    dossier BIGINT NOT NULL PRIMARY KEY,
    le      BIGINT NOT NULL, -- the first instant of the day
    motif   TEXT COLLATE "C"    NOT NULL,
    sha256  BYTEA   NOT NULL CHECK (octet_length(sha256) = 32) -- of the content, as `vtpa dossier export` tells it
);

-- Work that one server does for all (src/bail.rs), and when it was last done to its end.
CREATE TABLE bail (
    nom     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant  TEXT COLLATE "C" NOT NULL,
    fin_le  BIGINT NOT NULL,
    fait_le BIGINT NOT NULL
);
