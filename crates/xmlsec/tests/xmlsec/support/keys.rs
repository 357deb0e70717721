//! Keys made on the spot, once for each test binary.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use xmlsec::SigningKey;

pub(crate) static RSA_PKCS8: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec()
});

pub(crate) static P256_PKCS8: LazyLock<Vec<u8>> = LazyLock::new(|| {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap().as_ref().to_vec()
});

pub(crate) static P384_PKCS8: LazyLock<Vec<u8>> = LazyLock::new(|| {
    EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap().as_ref().to_vec()
});

pub(crate) static RSA: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_pkcs8(&RSA_PKCS8).unwrap());
pub(crate) static P256: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_pkcs8(&P256_PKCS8).unwrap());
pub(crate) static P384: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_pkcs8(&P384_PKCS8).unwrap());
