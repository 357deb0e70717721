-- Which keys encrypt what is personal: crates/storage/src/coffre.rs. A row is there as long as a value may be stored under
-- its key; eight zero bytes stand for values that are not encrypted.
CREATE TABLE cle_coffre (
    id       BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 8), -- first bytes of the key's SHA-256
    courante INTEGER NOT NULL CHECK (courante IN (0, 1)),         -- 1: writes
    cree_le  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cle_coffre_courante ON cle_coffre (courante) WHERE courante = 1;
INSERT INTO cle_coffre (id, courante, cree_le)
    VALUES (x'0000000000000000', 1, CAST(ROUND(unixepoch('now', 'subsec') * 1000) AS INTEGER));

-- Remarks are free text about a person, so they become bytes as all that is encrypted.
ALTER TABLE demande ADD COLUMN remarque_coffre BLOB;
UPDATE demande SET remarque_coffre = CAST(remarque AS BLOB) WHERE remarque IS NOT NULL;
ALTER TABLE demande DROP COLUMN remarque;
ALTER TABLE demande RENAME COLUMN remarque_coffre TO remarque;

ALTER TABLE demande_historique ADD COLUMN remarque_coffre BLOB;
UPDATE demande_historique SET remarque_coffre = CAST(remarque AS BLOB) WHERE remarque IS NOT NULL;
ALTER TABLE demande_historique DROP COLUMN remarque;
ALTER TABLE demande_historique RENAME COLUMN remarque_coffre TO remarque;
