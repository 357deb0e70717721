-- What was typed into a form when its session was over, until the person is back (an hour).
CREATE TABLE reprise (
    id          INTEGER PRIMARY KEY,
    sha256      BLOB    NOT NULL CHECK (length(sha256) = 32), -- of the cookie of the session that was over
    dossier     INTEGER NOT NULL REFERENCES dossier (id) ON DELETE CASCADE,
    application INTEGER NOT NULL REFERENCES application (id),
    chemin      TEXT    NOT NULL, -- where the form was sent
    scelle      BLOB    NOT NULL, -- the form, encrypted by what the browser alone has
    gardee_le   INTEGER NOT NULL,
    fin_le      INTEGER NOT NULL,
    UNIQUE (sha256, chemin)
) STRICT;
CREATE INDEX reprise_fin_le ON reprise (fin_le);
CREATE INDEX reprise_dossier ON reprise (dossier);
