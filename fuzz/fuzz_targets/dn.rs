//! Any string: a name or not; and a name written, in either form, reads back as the same name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xmlsec::Dn;

fuzz_target!(|input: &str| {
    let Ok(name) = input.parse::<Dn>() else { return };
    assert_eq!(name, name.clone());
    for written in [name.to_string(), name.quoted()] {
        assert_eq!(written.parse::<Dn>().as_ref(), Ok(&name), "{written:?}");
    }
});
