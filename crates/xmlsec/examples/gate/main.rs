//! What `cargo xtask gate` counts the instructions of, under callgrind: each case is one call of [`measured`], whose name
//! is printed before it. Run by itself it only shows that the cases work.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measuring tool: it prints, and fails loudly"
)]

mod message;
mod shapes;

use std::hint::black_box;

use xmlsec::{
    Canonicalization, DSIG_NAMESPACE, Document, Ids, Limits, Node, SigningKey, StandardIds, Verifier,
    canonicalize,
};

/// Sizes between which the work of each hostile shape is compared.
const SIZES: [usize; 2] = [50_000, 100_000];

/// Callgrind counts within this function alone.
#[inline(never)]
fn measured(name: &str, work: &mut dyn FnMut()) {
    work();
    black_box(name); // not to leave by a jump, which callgrind would take for no return
}

fn case(name: &str, mut work: impl FnMut()) {
    println!("{name}");
    measured(name, &mut work);
}

fn main() {
    let key = SigningKey::from_pem(include_bytes!("../../../../fuzz/fixtures/private.pem")).unwrap();
    let text = message::signed(&key).unwrap();
    let usual = Limits::default();
    case("parse", || drop(black_box(Document::parse(text.as_bytes(), &usual).unwrap())));
    let document = Document::parse(text.as_bytes(), &usual).unwrap();
    case("ids", || drop(black_box(Ids::new(&document, &StandardIds).unwrap())));
    let ids = Ids::new(&document, &StandardIds).unwrap();
    let nodes = message::SIGNED.map(|id| ids.get(id).unwrap());
    let mut form = Vec::with_capacity(16 << 10);
    let mut canonical = |nodes: &[Node<'_>], prefixes: &[&str]| {
        for node in nodes {
            form.clear();
            canonicalize(*node, &Canonicalization { with_comments: false, prefixes }, None, &mut form)
                .unwrap();
        }
    };
    case("c14n", || canonical(&nodes, &[]));
    case("c14n with a PrefixList", || canonical(&nodes, &["s", "wsse", "#default", "none"]));
    let signature = document.root().descendants().find(|node| node.is(DSIG_NAMESPACE, "Signature")).unwrap();
    let verifier = Verifier::default();
    case("read", || drop(black_box(verifier.read(&ids, signature).unwrap())));
    case("write", || drop(black_box(message::body().unwrap())));

    let raised = Limits { nodes: usize::MAX, attributes: usize::MAX, ..Limits::default() };
    for (name, make) in shapes::SHAPES {
        for size in SIZES {
            let text = make(size);
            case(&format!("{name} × {size}"), || {
                black_box(hostile(&text, &raised));
            });
        }
    }
}

/// All that is done with a message before its key is asked for.
fn hostile(text: &str, limits: &Limits) -> Option<()> {
    let document = Document::parse(text.as_bytes(), limits).ok()?;
    let how =
        Canonicalization { with_comments: false, prefixes: &["#default", "p0", "p1", "p59", "unknown"] };
    canonicalize(document.root(), &how, None, &mut Vec::with_capacity(3 * text.len())).ok()?;
    let ids = Ids::new(&document, &StandardIds).ok()?;
    let signature = document.root().children().next().filter(|node| node.is(DSIG_NAMESPACE, "Signature"))?;
    Verifier::default().read(&ids, signature).ok().map(|_| ())
}
