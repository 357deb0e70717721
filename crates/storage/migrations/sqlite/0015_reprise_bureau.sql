-- What was typed into a form of the desk when its session was over, until its writer is back (an hour).
CREATE TABLE reprise_bureau (
    id          INTEGER PRIMARY KEY,
    sha256      BLOB    NOT NULL CHECK (length(sha256) = 32), -- of the cookie of the session that was over
    compte      INTEGER NOT NULL REFERENCES compte (id) ON DELETE CASCADE,
    demande     INTEGER NOT NULL REFERENCES demande (id) ON DELETE CASCADE,
    chemin      TEXT    NOT NULL, -- where the form was sent
    scelle      BLOB    NOT NULL, -- the form, encrypted by what the browser alone has
    gardee_le   INTEGER NOT NULL,
    fin_le      INTEGER NOT NULL,
    UNIQUE (sha256, chemin)
) STRICT;
CREATE INDEX reprise_bureau_fin_le ON reprise_bureau (fin_le);
CREATE INDEX reprise_bureau_demande ON reprise_bureau (demande);
