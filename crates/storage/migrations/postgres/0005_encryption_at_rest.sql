-- Which keys encrypt what is personal: crates/storage/src/coffre.rs. A row is there as long as a value may be stored under
-- its key; eight zero bytes stand for values that are not encrypted.
CREATE TABLE cle_coffre (
    id       BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(id) = 8), -- first bytes of the key's SHA-256
    courante BIGINT NOT NULL CHECK (courante IN (0, 1)),               -- 1: writes
    cree_le  BIGINT NOT NULL
);
CREATE UNIQUE INDEX cle_coffre_courante ON cle_coffre (courante) WHERE courante = 1;
INSERT INTO cle_coffre (id, courante, cree_le)
    VALUES (decode('0000000000000000', 'hex'), 1, CAST(floor(extract(epoch FROM statement_timestamp()) * 1000) AS BIGINT));

-- Remarks are free text about a person, so they become bytes as all that is encrypted.
ALTER TABLE demande ALTER COLUMN remarque TYPE BYTEA USING convert_to(remarque, 'UTF8');
ALTER TABLE demande_historique ALTER COLUMN remarque TYPE BYTEA USING convert_to(remarque, 'UTF8');
