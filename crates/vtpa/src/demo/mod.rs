//! What `vtpa demo` makes and runs.

pub(crate) mod files;
pub(crate) mod pki;
pub(crate) mod portal;
pub(crate) mod seed;
