-- The three parts of a dossier, as the family answers them on the site. EstRenseigneVolet… are still the columns of the
-- table dossier: saving a part sets or clears them by its completeness, the operator may set them by hand.
CREATE TABLE volet (
    cle        TEXT    NOT NULL PRIMARY KEY, -- dossier and part: what `contenu` is sealed for
    dossier    INTEGER NOT NULL REFERENCES dossier (id),
    volet      TEXT    NOT NULL CHECK (volet IN ('administratif', 'autonomie', 'medical')),
    contenu    BLOB    NOT NULL, -- JSON: dossier::volet::Reponses
    complet_le INTEGER,          -- since when nothing is missing
    revision   INTEGER NOT NULL, -- counts the changes, so that no one overwrites what they have not seen
    modifie_le INTEGER NOT NULL,
    UNIQUE (dossier, volet)
) STRICT, WITHOUT ROWID;
