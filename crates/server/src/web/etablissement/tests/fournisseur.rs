//! An OpenID Connect provider that lies on demand: over TLS, with metadata, keys, tokens and userinfo that a test changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use testkit::pki::{Identity, pki};
use tokio::net::TcpListener;

pub(super) const CLIENT: &str = "vtpa bureau";
pub(super) const SECRET: &str = "geheim:100%";
pub(super) const SUB: &str = "f:550dc1c8:899700218896";
pub(super) const RPPS: &str = "899700218896";

/// How a token is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Signe {
    #[default]
    Rs256,
    Ps256,
    Es256,
    /// By a key that the provider does not have, under the name of one that it has.
    Autre,
    /// By that key, under a name that no key has.
    Inconnue,
    /// By that key, which names itself in the header.
    Incluse,
    /// `none`, and no signature.
    Sans,
    /// HMAC, the public key being the secret.
    Hmac,
    /// As it should, and then a claim is changed.
    Puis,
}

pub(super) type Change = Box<dyn Fn(&mut Value) + Send>;

/// What the provider does otherwise than it should.
#[derive(Default)]
pub(super) struct Scenario {
    pub(super) metadata: Option<Change>,
    pub(super) keys: Option<Change>,
    pub(super) claims: Option<Change>,
    pub(super) userinfo: Option<Change>,
    /// What the token endpoint answers.
    pub(super) tokens: Option<(u16, String)>,
    pub(super) signe: Signe,
    /// It does not hold the verifier against the challenge.
    pub(super) sans_pkce: bool,
}

/// What was asked for under a code.
#[derive(Clone)]
struct Code {
    nonce: String,
    challenge: String,
    retour: String,
}

struct Inside {
    issuer: String,
    now: Arc<Mutex<Timestamp>>,
    scenario: Scenario,
    codes: HashMap<String, Code>,
    drawn: u32,
    /// Each request, and what a form had.
    asked: Vec<(String, HashMap<String, String>)>,
}

#[derive(Clone)]
pub(super) struct Fournisseur(Arc<Mutex<Inside>>);

fn key(of: &Identity) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(of.key_pem.as_bytes()).unwrap()
}

fn rsa(of: &Identity) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(key(of).secret_der()).unwrap()
}

fn ec() -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key(&pki().ec).secret_der()).unwrap()
}

fn rsa_jwk(kid: &str, of: &Identity) -> Value {
    let pair = rsa(of);
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let of = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "RSA", "kid": kid, "use": "sig", "n": of(n.big_endian_without_leading_zero()), "e": of(e.big_endian_without_leading_zero())})
}

fn jwks() -> Value {
    let point = ec().public_key().as_ref().to_vec();
    let of = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let ec = json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": of(&point[1..33]), "y": of(&point[33..])});
    json!({"keys": [{"kty": "oct", "kid": "unusable"}, rsa_jwk("rsa", &pki().partner), ec]})
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn signature(of: &RsaKeyPair, encoding: &'static dyn RsaEncoding, text: &str) -> Vec<u8> {
    let mut signature = vec![0; of.public_modulus_len()];
    of.sign(encoding, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    signature
}

/// A token of these claims.
fn token(claims: &Value, signe: Signe) -> String {
    let header = match signe {
        Signe::Rs256 | Signe::Puis | Signe::Autre => json!({"alg": "RS256", "typ": "JWT", "kid": "rsa"}),
        Signe::Ps256 => json!({"alg": "PS256", "kid": "rsa"}),
        Signe::Es256 => json!({"alg": "ES256", "kid": "ec"}),
        Signe::Inconnue => json!({"alg": "RS256", "kid": "neuve"}),
        Signe::Incluse => json!({"alg": "RS256", "kid": "rsa", "jwk": rsa_jwk("rsa", &pki().second)}),
        Signe::Sans => json!({"alg": "none"}),
        Signe::Hmac => json!({"alg": "HS256", "kid": "rsa"}),
    };
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let signature = match signe {
        Signe::Rs256 | Signe::Puis => signature(&rsa(&pki().partner), &RSA_PKCS1_SHA256, &signed),
        Signe::Ps256 => signature(&rsa(&pki().partner), &RSA_PSS_SHA256, &signed),
        Signe::Es256 => ec().sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
        Signe::Autre | Signe::Inconnue | Signe::Incluse => {
            signature(&rsa(&pki().second), &RSA_PKCS1_SHA256, &signed)
        }
        Signe::Sans => Vec::new(),
        Signe::Hmac => {
            let public = rsa(&pki().partner).public_key().as_ref().to_vec();
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), signed.as_bytes()).as_ref().to_vec()
        }
    };
    let signed = if signe == Signe::Puis {
        let mut other = claims.clone();
        other["sub"] = "f:550dc1c8:800000000000".into();
        format!("{}.{}", encode(&header), encode(&other))
    } else {
        signed
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(super) fn sha256(text: &str) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// A query or a form, decoded.
pub(super) fn decoded(form: &str) -> HashMap<String, String> {
    let text = |part: &str| {
        let mut bytes = Vec::new();
        let mut rest = part.as_bytes();
        while let [first, more @ ..] = rest {
            (bytes, rest) = match (first, more) {
                (b'%', [high, low, more @ ..]) => {
                    let hex = std::str::from_utf8(&[*high, *low]).unwrap().to_owned();
                    ([bytes, vec![u8::from_str_radix(&hex, 16).unwrap()]].concat(), more)
                }
                (b'+', _) => ([bytes, vec![b' ']].concat(), more),
                _ => ([bytes, vec![*first]].concat(), more),
            };
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (text(name), text(value))).collect()
}

impl Fournisseur {
    /// One that listens; its address is its issuer.
    pub(super) async fn start(now: Arc<Mutex<Timestamp>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("https://localhost:{}/realms/essai", listener.local_addr().unwrap().port());
        let scenario = Scenario::default();
        let inside = Inside { issuer, now, scenario, codes: HashMap::new(), drawn: 0, asked: Vec::new() };
        let this = Self(Arc::new(Mutex::new(inside)));
        let router = Router::new()
            .route("/realms/essai/.well-known/wallet-openid-configuration", get(metadata))
            .route("/realms/essai/certs", get(keys))
            .route("/realms/essai/token", post(tokens))
            .route("/realms/essai/userinfo", get(userinfo))
            .with_state(this.clone());
        tokio::spawn(serve(listener, router));
        this
    }

    fn inside<T>(&self, with: impl FnOnce(&mut Inside) -> T) -> T {
        with(&mut self.0.lock().unwrap())
    }

    pub(super) fn issuer(&self) -> String {
        self.inside(|inside| inside.issuer.clone())
    }

    pub(super) fn does(&self, scenario: Scenario) {
        self.inside(|inside| inside.scenario = scenario);
    }

    /// How often an address was asked for.
    pub(super) fn count(&self, what: &str) -> usize {
        self.inside(|inside| inside.asked.iter().filter(|(path, _)| path.ends_with(what)).count())
    }

    /// The form that the token endpoint had last.
    pub(super) fn last_form(&self) -> HashMap<String, String> {
        self.inside(|inside| {
            inside.asked.iter().rfind(|(path, _)| path.ends_with("/token")).unwrap().1.clone()
        })
    }

    /// Someone signs in at this address of the provider's: gives where the browser is sent back to.
    pub(super) fn authorize(&self, address: &str) -> String {
        let (place, query) = address.split_once('?').unwrap();
        let asked = decoded(query);
        self.inside(|inside| {
            assert_eq!(place, format!("{}/auth", inside.issuer));
            inside.drawn += 1;
            let code = format!("code/{}", inside.drawn);
            let kept = Code {
                nonce: asked["nonce"].clone(),
                challenge: asked["code_challenge"].clone(),
                retour: asked["redirect_uri"].clone(),
            };
            inside.codes.insert(code.clone(), kept);
            let path = asked["redirect_uri"].strip_prefix("https://localhost:8443").unwrap().to_owned();
            format!("{path}?code={}&state={}", code.replace('/', "%2F"), asked["state"])
        })
    }
}

async fn serve(listener: TcpListener, router: Router) {
    let chain = vec![rustls_pki_types::CertificateDer::from(pki().server.certificate_der.clone())];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key(&pki().server))
        .unwrap();
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    while let Ok((connection, _)) = listener.accept().await {
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(connection) = tls.accept(connection).await else { return };
            let service = hyper_util::service::TowerToHyperService::new(router);
            let io = hyper_util::rt::TokioIo::new(connection);
            let builder = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
            let _ = builder.serve_connection(io, service).await;
        });
    }
}

fn note(inside: &mut Inside, uri: &Uri, form: HashMap<String, String>) {
    inside.asked.push((uri.path().to_owned(), form));
}

fn changed(mut document: Value, change: Option<&Change>) -> Response {
    if let Some(change) = change {
        change(&mut document);
    }
    ([("content-type", "application/json")], document.to_string()).into_response()
}

async fn metadata(State(this): State<Fournisseur>, uri: Uri) -> Response {
    this.inside(|inside| {
        note(inside, &uri, HashMap::new());
        let at = |path: &str| format!("{}{path}", inside.issuer);
        let document = json!({
            "issuer": inside.issuer,
            "authorization_endpoint": at("/auth"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/certs"),
            "userinfo_endpoint": at("/userinfo"),
            "end_session_endpoint": at("/logout"),
            "code_challenge_methods_supported": ["S256"],
        });
        changed(document, inside.scenario.metadata.as_ref())
    })
}

async fn keys(State(this): State<Fournisseur>, uri: Uri) -> Response {
    this.inside(|inside| {
        note(inside, &uri, HashMap::new());
        changed(jwks(), inside.scenario.keys.as_ref())
    })
}

/// The client as Basic or the form names it.
fn client(headers: &HeaderMap, form: &HashMap<String, String>) -> Option<(String, String)> {
    if let Some(basic) = headers.get("authorization") {
        let both = STANDARD.decode(basic.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
        let both = String::from_utf8(both).ok()?;
        let (id, secret) = both.split_once(':')?;
        let text = |part: &str| decoded(&format!("x={part}")).remove("x");
        return Some((text(id)?, text(secret)?));
    }
    Some((form.get("client_id")?.clone(), form.get("client_secret")?.clone()))
}

async fn tokens(State(this): State<Fournisseur>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let form = decoded(&body);
    this.inside(|inside| {
        note(inside, &uri, form.clone());
        let refused =
            |status: StatusCode, error: &str| (status, json!({"error": error}).to_string()).into_response();
        if let Some((status, body)) = &inside.scenario.tokens {
            return (StatusCode::from_u16(*status).unwrap(), body.clone()).into_response();
        }
        if client(&headers, &form) != Some((CLIENT.to_owned(), SECRET.to_owned())) {
            return refused(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        // used up whatever comes of it
        let Some(code) = inside.codes.remove(&form["code"]) else {
            return refused(StatusCode::BAD_REQUEST, "invalid_grant");
        };
        let verifier = form.get("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(sha256(verifier)));
        let proven = inside.scenario.sans_pkce || verifier.as_ref() == Some(&code.challenge);
        if form["grant_type"] != "authorization_code" || form["redirect_uri"] != code.retour || !proven {
            return refused(StatusCode::BAD_REQUEST, "invalid_grant");
        }
        let (now, access) = (inside.now.lock().unwrap().as_second(), "acces-1");
        let mut claims = json!({
            "iss": inside.issuer, "sub": SUB, "aud": CLIENT, "azp": CLIENT, "exp": now + 120, "iat": now,
            "auth_time": now, "nonce": code.nonce, "acr": "eidas1", "typ": "ID",
            "at_hash": URL_SAFE_NO_PAD.encode(&sha256(access)[..16]),
        });
        if let Some(change) = &inside.scenario.claims {
            change(&mut claims);
        }
        let id_token = token(&claims, inside.scenario.signe);
        let all =
            json!({"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": id_token});
        ([("content-type", "application/json")], all.to_string()).into_response()
    })
}

async fn userinfo(State(this): State<Fournisseur>, uri: Uri, headers: HeaderMap) -> Response {
    this.inside(|inside| {
        note(inside, &uri, HashMap::new());
        if headers.get("authorization").is_none_or(|value| value != "Bearer acces-1") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let document =
            json!({"sub": SUB, "SubjectNameID": RPPS, "family_name": "DUVAL", "given_name": "Anne"});
        changed(document, inside.scenario.userinfo.as_ref())
    })
}
