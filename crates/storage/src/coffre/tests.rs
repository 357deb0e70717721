use super::*;

fn key(seed: u8) -> Key {
    Key::new(&std::array::from_fn(|at| seed.wrapping_add(u8::try_from(at).unwrap()))).unwrap()
}

fn coffre(keys: [u8; 2]) -> Coffre {
    let [current, previous] = keys;
    let random: Randomness = Arc::new(|bytes| bytes.fill(7));
    Coffre::new(KeyRing::new(Some(key(current)), vec![key(previous)]), random, Box::new(|| None))
}

const PERSON: &[u8] = br#"{"NomNaissance":"DURAND"}"#;

#[test]
fn what_is_sealed_opens_at_its_place_alone() {
    let coffre = coffre([1, 2]);
    let sealed = coffre.seal(Some(&key(1)), "dossier", "demandeur", 42, PERSON).unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"DURAND"));
    assert_eq!(sealed.len(), PERSON.len() + 37, "one byte, the key's id, the nonce, the tag");
    for (table, column, row, opens) in [
        ("dossier", "demandeur", 42, true),
        ("dossier", "demandeur", 43, false),
        ("dossier", "contact", 42, false),
        ("demande", "demandeur", 42, false),
    ] {
        let opened = coffre.open(table, column, row, &sealed);
        match opens {
            true => assert_eq!(opened.unwrap(), PERSON),
            false => {
                assert_eq!(opened, Err(Error::inconsistent(table, column, row)), "{table}.{column} {row}")
            }
        }
    }
}

#[test]
fn a_value_that_was_changed_or_cut_does_not_open() {
    let coffre = coffre([1, 2]);
    let sealed = coffre.seal(Some(&key(1)), "dossier", "demandeur", 42, PERSON).unwrap();
    let refused = Err(Error::inconsistent("dossier", "demandeur", 42));
    for at in 9..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(coffre.open("dossier", "demandeur", 42, &changed), refused, "byte {at}");
    }
    for length in 1..sealed.len() {
        assert_eq!(coffre.open("dossier", "demandeur", 42, &sealed[..length]), refused, "{length} bytes");
    }
}

#[test]
fn plain_values_of_older_databases_are_read_as_they_are() {
    let coffre = coffre([1, 2]);
    for plain in [PERSON, b"", "Été".as_bytes(), b"\xff\xfe<\0", b"\x00", b"\xf7"] {
        assert_eq!(coffre.open("dossier", "demandeur", 42, plain).unwrap(), plain);
    }
}

#[test]
fn without_a_key_any_bytes_come_back_even_those_that_look_encrypted() {
    let coffre = Coffre::plain();
    for first in 0..=255 {
        let plain = [&[first], PERSON].concat();
        let stored = coffre.seal(None, "journal", "message", "a", &plain).unwrap();
        assert_eq!(coffre.open("journal", "message", "a", &stored).unwrap(), plain, "{first:x}");
    }
}

#[test]
fn a_key_that_came_meanwhile_is_read_anew_and_one_that_did_not_is_named() {
    let sealed = coffre([3, 3]).seal(Some(&key(3)), "dossier", "demandeur", 42, PERSON).unwrap();
    let missing = Error::MissingKey { needed: vec![key(3).id()], at_hand: vec![key(1).id()] };
    let ring = || KeyRing::new(Some(key(1)), Vec::new());
    let random: Randomness = Arc::new(|_| {});
    let without = Coffre::new(ring(), Arc::clone(&random), Box::new(|| None));
    assert_eq!(without.open("dossier", "demandeur", 42, &sealed), Err(missing.clone()));
    let reload = || Some(KeyRing::new(Some(key(3)), vec![key(1)]));
    let with = Coffre::new(ring(), random, Box::new(reload));
    assert_eq!(with.open("dossier", "demandeur", 42, &sealed).unwrap(), PERSON);
    assert!(missing.to_string().contains(&key(3).id().to_string()), "{missing}");
}

#[test]
fn a_key_shows_its_name_and_nothing_else() {
    let key = key(1);
    let hash = digest(&SHA256, &std::array::from_fn::<u8, 32, _>(|at| 1 + u8::try_from(at).unwrap()));
    let expected: String = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(key.id().to_string(), expected);
    assert_eq!(format!("{key:?}"), format!("Key {{ id: {expected}, .. }}"));
    assert_eq!(Key::new(&[0; 32]).map(|key| key.id()), None);
}
