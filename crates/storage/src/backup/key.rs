use aws_lc_rs::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    hkdf,
};
use zeroize::Zeroizing;

use crate::effacement::hex;

/// The key of backups: 256 bits, apart from those of the database, so that who holds one cannot read the other.
pub struct BackupKey(Zeroizing<[u8; Self::LEN]>);

impl BackupKey {
    /// Bytes of a key.
    pub const LEN: usize = 32;

    /// The key of these bytes, which the caller wipes. None if they are all equal: no generator gives that.
    pub fn new(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let [first, rest @ ..] = bytes;
        let drawn = rest.iter().any(|byte| byte != first);
        drawn.then(|| Self(Zeroizing::new(*bytes)))
    }

    /// Sixteen hexadecimal digits that name the key and tell nothing of it.
    pub fn fingerprint(&self) -> String {
        let mut name = [0; 8];
        self.derive(&[], b"vtpa backup: fingerprint", &mut name);
        hex(&name)
    }

    /// The key of one backup: no two have the same, so that chunks may be counted as nonces.
    pub(super) fn of_backup(&self, salt: &[u8; 32]) -> Option<LessSafeKey> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.derive(salt, b"vtpa backup: AES-256-GCM", &mut *bytes);
        UnboundKey::new(&AES_256_GCM, &*bytes).ok().map(LessSafeKey::new)
    }

    /// HKDF-SHA256 (RFC 5869).
    fn derive(&self, salt: &[u8], info: &[u8], out: &mut [u8]) {
        struct Length(usize);
        impl hkdf::KeyType for Length {
            fn len(&self) -> usize {
                self.0
            }
        }
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&*self.0);
        // It fails for lengths of more than 255 hashes alone; then the output stays zero and nothing opens.
        let _ = secret.expand(&[info], Length(out.len())).and_then(|okm| okm.fill(out));
    }
}

impl std::fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("BackupKey").field(&self.fingerprint()).finish()
    }
}
