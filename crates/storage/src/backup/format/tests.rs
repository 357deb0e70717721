use super::*;

fn key(seed: u8) -> BackupKey {
    BackupKey::new(&std::array::from_fn::<u8, 32, _>(|at| seed.wrapping_add(u8::try_from(at).unwrap())))
        .unwrap()
}

/// A backup of `content` in chunks of 100 bytes; where its chunks begin.
fn backup(content: &[u8]) -> (Vec<u8>, usize) {
    salted(content, 9)
}

fn salted(content: &[u8], salt: u8) -> (Vec<u8>, usize) {
    let making = Making {
        url: "",
        file: Path::new(""),
        key: &key(1),
        version: "0.1.0",
        date: "2026-11-27T12:00:00Z".parse().unwrap(),
        salt: [salt; 32],
        overwrite: false,
    };
    let header = Header { chunk_bytes: 100, ..Header::new(&making, 6, Vec::new(), content.len() as u64) };
    let mut file = Vec::new();
    encrypt(&header, &key(1), &mut &*content, &mut file, &mut |_| {}).unwrap();
    (file, preamble(&header).unwrap().len())
}

fn opened(file: &[u8], key: &BackupKey) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let outcome = decrypt(key, file, file.len() as u64, &mut content, &mut |_, _| {});
    outcome.map(|_| content).map_err(|fault| fault.of(Path::new("the file")).to_string())
}

#[test]
fn any_length_comes_back() {
    for length in [0_usize, 1, 99, 100, 101, 200, 1234] {
        let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let (file, start) = backup(&content);
        assert_eq!(opened(&file, &key(1)), Ok(content), "{length}");
        let chunks = length.div_ceil(100).max(1);
        assert_eq!(file.len(), start + length + chunks * 16);
    }
}

#[test]
fn what_was_done_to_the_file_is_told() {
    let content = [7; 350];
    let (file, start) = backup(&content);
    let chunk = |number: usize| start + number * 116..start + (number + 1) * 116;
    let mut reordered = file.clone();
    let (second, third) = (file[chunk(1)].to_vec(), file[chunk(2)].to_vec());
    reordered.splice(chunk(1), third.clone());
    reordered.splice(chunk(2), second.clone());
    let mut repeated = file.clone();
    repeated.splice(chunk(2), second);
    let mut without = file.clone();
    without.drain(chunk(1));
    let other = salted(&content, 8).0;
    let mut of_another = file.clone();
    of_another.splice(chunk(1), other[chunk(1)].to_vec());
    let header = |from: &str, to: &str| {
        let text = |bytes: &[u8]| bytes.to_vec();
        let at = file.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut changed = text(&file);
        changed.splice(at..at + from.len(), to.bytes());
        changed
    };
    for (is, changed, says) in [
        ("cut within a chunk", file[..file.len() - 1].to_vec(), "it was cut"),
        ("cut between two chunks", file[..chunk(3).start].to_vec(), "it was cut"),
        ("cut after its header", file[..start].to_vec(), "it was cut"),
        ("cut within its header", file[..start - 1].to_vec(), "no backup"),
        ("empty", Vec::new(), "no backup"),
        ("another file", b"SQLite format 3\0 and more of it".to_vec(), "no backup"),
        ("two chunks exchanged", reordered, "chunk 2 of 4 does not authenticate"),
        ("a chunk repeated", repeated, "chunk 3 of 4 does not authenticate"),
        ("a chunk left out", without, "chunk 2 of 4 does not authenticate"),
        ("a chunk of another backup of the same database", of_another, "chunk 2 of 4 does not authenticate"),
        ("something after its end", [&file[..], b"x"].concat(), "1 bytes follow"),
        (
            "a later date in its header",
            header("2026-11-27", "2026-12-27"),
            "chunk 1 of 4 does not authenticate",
        ),
        (
            "cut, and its size with it",
            {
                let mut cut = header("\"database_bytes\":350", "\"database_bytes\":300");
                cut.truncate(chunk(3).start);
                cut
            },
            "chunk 1 of 3 does not authenticate",
        ),
        (
            "a size beyond all bounds",
            header("\"database_bytes\":350", "\"database_bytes\":999999999999999999").tap_length(start, 15),
            "chunk 1 of",
        ),
        ("another format", header("\"format\":1", "\"format\":2"), "use the newer program"),
    ] {
        let error = opened(&changed, &key(1)).unwrap_err();
        assert!(error.contains(says), "{is}: {error}");
    }
    let wrong = opened(&file, &key(2)).unwrap_err();
    let (made_with, given) = (key(1).fingerprint(), key(2).fingerprint());
    assert!(wrong.contains(&made_with) && wrong.contains(&given), "{wrong}");
}

/// Corrects the header's length, where a text in it became longer.
trait Longer {
    fn tap_length(self, start: usize, more: usize) -> Self;
}

impl Longer for Vec<u8> {
    fn tap_length(mut self, start: usize, more: usize) -> Self {
        let length = u32::try_from(start - MAGIC.len() - 4 + more).unwrap();
        self.splice(MAGIC.len()..MAGIC.len() + 4, length.to_be_bytes());
        self
    }
}

#[test]
fn every_bit_counts() {
    let (file, start) = backup(&[7; 150]);
    for at in 0..file.len() {
        for bit in [0x01, 0x80] {
            let mut changed = file.clone();
            changed[at] ^= bit;
            assert!(opened(&changed, &key(1)).is_err(), "byte {at}, of which {start} are the header");
        }
    }
}

#[test]
fn a_key_shows_its_fingerprint_and_nothing_else() {
    assert_eq!(format!("{:?}", key(1)), format!("BackupKey({:?})", key(1).fingerprint()));
    assert_ne!(key(1).fingerprint(), key(2).fingerprint());
    assert!(BackupKey::new(&[7; 32]).is_none(), "nobody drew that");
}
