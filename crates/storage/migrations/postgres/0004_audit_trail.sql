-- The audit trail: who did or saw what. A row is written once and never changed; it is dropped with its month alone, of which
-- `trace_oubli` keeps a signed record. src/trace says what is hashed and signed. Times are the database's, as elsewhere.
-- What grows without end is partitioned by month of UTC: `vtpa_partitions` makes the tables, `vtpa_oublier` drops them.

CREATE SEQUENCE trace_id;
CREATE TABLE trace (
    id          BIGINT NOT NULL DEFAULT nextval('trace_id'),
    le          BIGINT NOT NULL, -- when it happened; rows of reads are written up to a second later
    acteur      TEXT COLLATE "C" NOT NULL, -- partenaire, famille, etablissement, operateur, systeme
    application BIGINT,          -- the partner's, also where a family acts that came from there
    certificat  BYTEA,           -- SHA-256 of the certificate that signed
    id_local    TEXT COLLATE "C", -- the user that the partner named
    compte      TEXT COLLATE "C", -- the account of an establishment, the system user of an operator
    action      TEXT COLLATE "C" NOT NULL,
    dossier     BIGINT,
    demande     BIGINT,
    code        TEXT COLLATE "C", -- what was answered
    detail      TEXT COLLATE "C", -- what was changed to what, without personal data
    message_id  TEXT COLLATE "C", -- wsa:MessageID
    reference   TEXT COLLATE "C", -- the id of the log
    requete     BYTEA,           -- SHA-256 of the request as it came
    assertion   BYTEA,           -- SHA-256 of what the assertion said
    PRIMARY KEY (id, le)
) PARTITION BY RANGE (le);
CREATE INDEX trace_dossier ON trace (dossier, id) WHERE dossier IS NOT NULL;

-- What rows name by its SHA-256 and an erasure may delete without breaking the chain: requests kept verbatim, assertions.
CREATE TABLE trace_piece (
    sha256  TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64), -- hexadecimal, of the contents before encryption
    le      BIGINT NOT NULL,
    contenu BYTEA NOT NULL,
    PRIMARY KEY (sha256, le)
) PARTITION BY RANGE (le);

-- Rows that are not chained yet. A row that is neither here nor in the chain was written by someone else.
CREATE TABLE trace_attente (
    trace BIGINT NOT NULL PRIMARY KEY,
    le    BIGINT NOT NULL
);

-- The chain: each link hashes the one before it and its row.
CREATE TABLE trace_maillon (
    rang      BIGINT NOT NULL,
    le        BIGINT NOT NULL, -- never before its row's, nor before the last link's
    trace     BIGINT NOT NULL,
    trace_le  BIGINT NOT NULL,
    ligne     BYTEA  NOT NULL CHECK (octet_length(ligne) = 32), -- SHA-256 of the row
    empreinte BYTEA  NOT NULL CHECK (octet_length(empreinte) = 32),
    PRIMARY KEY (rang, le)
) PARTITION BY RANGE (le);
CREATE INDEX trace_maillon_trace ON trace_maillon (trace);

-- One row: the last link, who writes links now, and the last signature over a head.
CREATE TABLE trace_tete (
    id              BIGINT PRIMARY KEY CHECK (id = 1),
    rang            BIGINT NOT NULL,
    le              BIGINT NOT NULL,
    empreinte       BYTEA  NOT NULL CHECK (octet_length(empreinte) = 32),
    tenant          TEXT COLLATE "C",
    bail_le         BIGINT NOT NULL, -- the lease's end
    signe_rang      BIGINT,
    signe_le        BIGINT,
    signe_jour      TEXT COLLATE "C",
    signe_empreinte BYTEA,
    signature       BYTEA,
    certificat      BYTEA            -- DER
);
INSERT INTO trace_tete (id, rang, le, empreinte, bail_le) VALUES (1, 0, 0, decode(repeat('00', 32), 'hex'), 0);

-- The head of each day, and that at each stop.
CREATE TABLE trace_signature (
    jour       TEXT COLLATE "C" NOT NULL, -- of UTC
    rang       BIGINT NOT NULL,
    le         BIGINT NOT NULL,
    empreinte  BYTEA  NOT NULL CHECK (octet_length(empreinte) = 32),
    signature  BYTEA  NOT NULL,
    certificat BYTEA  NOT NULL,
    PRIMARY KEY (jour, rang)
);

-- What retention dropped: every row and link before `jusqu_a`. The chain goes on from this link.
CREATE TABLE trace_oubli (
    jusqu_a    BIGINT NOT NULL PRIMARY KEY, -- the first instant of the first month that is kept
    rang       BIGINT NOT NULL, -- of the last link dropped
    lignes     BIGINT NOT NULL,
    le         BIGINT NOT NULL,
    empreinte  BYTEA  NOT NULL CHECK (octet_length(empreinte) = 32),
    signature  BYTEA  NOT NULL,
    certificat BYTEA  NOT NULL
);

CREATE FUNCTION vtpa_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = '42501'; END $$;
-- Rows' triggers reach every partition; those of a whole table are each partition's own.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON trace FOR EACH ROW EXECUTE FUNCTION vtpa_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON trace_maillon FOR EACH ROW EXECUTE FUNCTION vtpa_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON trace_signature FOR EACH ROW EXECUTE FUNCTION vtpa_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON trace_oubli FOR EACH ROW EXECUTE FUNCTION vtpa_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON trace EXECUTE FUNCTION vtpa_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON trace_maillon EXECUTE FUNCTION vtpa_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON trace_signature EXECUTE FUNCTION vtpa_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON trace_oubli EXECUTE FUNCTION vtpa_append_only();

-- The journal, partitioned too. Its times are the servers', who may be wrong: what falls into no month has a table of its own.
ALTER TABLE journal RENAME TO journal_avant;
CREATE TABLE journal (
    reference   TEXT COLLATE "C" NOT NULL, -- the id of the log
    recu_le     BIGINT NOT NULL,
    service     TEXT COLLATE "C" NOT NULL,
    operation   TEXT COLLATE "C",
    application BIGINT,          -- whose signature held; it may have been removed since
    issue       TEXT COLLATE "C" NOT NULL, -- the code answered, or fault
    explication TEXT COLLATE "C", -- of a security failure
    message_id  TEXT COLLATE "C", -- wsa:MessageID, where it is a UUID
    duree       BIGINT NOT NULL, -- microseconds
    rejoue      BIGINT NOT NULL, -- 1: refused as received before
    message     BYTEA,           -- in a sandbox alone
    PRIMARY KEY (reference, recu_le)
) PARTITION BY RANGE (recu_le);
CREATE TABLE journal_hors_mois PARTITION OF journal DEFAULT;

-- The first instant of a month, so many after the present one, in milliseconds.
CREATE FUNCTION vtpa_mois(decalage INT) RETURNS BIGINT LANGUAGE sql STABLE AS $$
    SELECT CAST(extract(epoch FROM date_trunc('month', statement_timestamp() AT TIME ZONE 'UTC')
        + make_interval(months => decalage)) * 1000 AS BIGINT)
$$;

-- Makes the tables of the month before, the present one, and `avance` more, as far as they are missing; gives how many.
CREATE FUNCTION vtpa_partitions(avance INT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    parent TEXT;
    part TEXT;
    faites BIGINT := 0;
BEGIN
    FOR decalage IN -1..avance LOOP
        FOREACH parent IN ARRAY ARRAY['trace', 'trace_piece', 'trace_maillon', 'journal'] LOOP
            part := parent || to_char(to_timestamp(vtpa_mois(decalage) / 1000) AT TIME ZONE 'UTC', '"_"YYYYMM');
            CONTINUE WHEN to_regclass(part) IS NOT NULL;
            BEGIN
                -- made apart and attached, since that waits for nobody who writes
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                    parent, part, vtpa_mois(decalage), vtpa_mois(decalage + 1));
                IF parent IN ('trace', 'trace_maillon') THEN
                    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION vtpa_append_only()', part);
                END IF;
                faites := faites + 1;
            EXCEPTION WHEN check_violation THEN
                -- entries of the journal came before their month's table: they stay where they are, and that month's with them
                RAISE NOTICE 'no table %', part;
            END;
        END LOOP;
    END LOOP;
    RETURN faites;
END $$;

-- Drops the tables of `parent` whose months ended before `jusqu_a`; gives how many.
CREATE FUNCTION vtpa_oublier(parent TEXT, jusqu_a BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    part TEXT;
    otees BIGINT := 0;
    premier TEXT := to_char(to_timestamp(jusqu_a / 1000) AT TIME ZONE 'UTC', 'YYYYMM');
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass(parent) AND c.relname ~ ('^' || parent || '_[0-9]{6}$')
            AND right(c.relname, 6) < premier
    LOOP
        EXECUTE format('DROP TABLE %I', part);
        otees := otees + 1;
    END LOOP;
    RETURN otees;
END $$;

SELECT vtpa_partitions(3);

INSERT INTO journal (reference, recu_le, service, operation, application, issue, explication, message_id, duree, rejoue, message)
    SELECT reference, recu_le, service, operation, application, issue, explication, message_id, duree, rejoue, message
    FROM journal_avant;
DROP TABLE journal_avant;
CREATE INDEX journal_recu_le ON journal (recu_le);
CREATE INDEX journal_application ON journal (application, recu_le);
