//! An OpenID Connect provider that is not ours: npm's `oidc-provider` on Node (`testkit/openid`, its modules brought by
//! `cargo xtask install`), over TLS with the test authority's certificate.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::pki::pki;

/// What the provider knows the client by.
pub const CLIENT_ID: &str = "vtpa";
/// And its secret, with characters that have to be encoded.
pub const CLIENT_SECRET: &str = "a secret: of 100 %";

/// The provider; it ends with its value.
pub struct OpenIdProvider {
    node: Child,
    issuer: String,
}

impl OpenIdProvider {
    /// One that sends browsers back to `back`, and those who sign out to `left`. Its certificate is put into `directory`.
    ///
    /// # Panics
    /// Without Node or its modules.
    pub fn start(directory: &Path, back: &str, left: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openid");
        assert!(
            folder.join("node_modules/oidc-provider").exists(),
            "{}: its modules are missing; cargo xtask install brings them",
            folder.display()
        );
        let (certificate, key) = pki().server.write(directory);
        let mut node = Command::new("node")
            .arg(folder.join("provider.mjs"))
            .args([certificate, key])
            .args([back, left])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut said = String::new();
        BufReader::new(node.stdout.take().expect("a pipe")).read_line(&mut said).expect("a line of text");
        // what it said instead is in the test's output: its standard error is ours
        let issuer =
            said.trim().strip_prefix("ready ").expect("the provider says that it is ready").to_owned();
        Self { node, issuer }
    }

    /// Its address.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Drop for OpenIdProvider {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}
