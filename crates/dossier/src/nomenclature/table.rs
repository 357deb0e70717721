//! Sorted text tables, searched where they lie: in the executable, or in one piece of memory after an import.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A table as `cargo xtask codegen` writes it: a line that says so, then sorted lines, each a key and, after a
/// tabulation, a label. Nothing is loaded: a search halves the bytes and goes back to the start of a line.
#[derive(Debug)]
pub(super) struct Table(Cow<'static, str>);

impl Table {
    /// The table without its first line, which is no entry.
    pub(super) const fn new(generated: &'static str) -> Self {
        let (head, entries) = generated.as_bytes().split_at(line_length(generated.as_bytes()));
        debug_assert!(!head.is_empty());
        match std::str::from_utf8(entries) {
            Ok(entries) => Self(Cow::Borrowed(entries)),
            Err(_) => Self(Cow::Borrowed("")),
        }
    }

    /// A table of what was imported. Neither keys nor labels hold a tabulation or a line's end.
    pub(super) fn of(entries: &BTreeMap<String, String>) -> Self {
        let bytes = entries.iter().map(|(key, label)| key.len() + label.len() + 2).sum();
        let mut text = String::with_capacity(bytes);
        for (key, label) in entries {
            text.push_str(key);
            if !label.is_empty() {
                text.push('\t');
                text.push_str(label);
            }
            text.push('\n');
        }
        Self(Cow::Owned(text))
    }

    /// The label of a key, empty where the table has keys alone.
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.find(|candidate| candidate.cmp(key))
    }

    /// The label of the one key that `order` finds equal.
    pub(super) fn find(&self, order: impl Fn(&str) -> Ordering) -> Option<&str> {
        let mut rest: &str = &self.0;
        while !rest.is_empty() {
            let middle = rest.len() / 2;
            let start = rest
                .as_bytes()
                .get(..middle)?
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            let (before, from) = rest.split_at_checked(start)?;
            let (line, after) = from.split_once('\n').unwrap_or((from, ""));
            let (key, label) = line.split_once('\t').unwrap_or((line, ""));
            match order(key) {
                Ordering::Equal => return Some(label),
                Ordering::Greater => rest = before,
                Ordering::Less => rest = after,
            }
        }
        None
    }

    /// All keys and labels, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().map(|line| line.split_once('\t').unwrap_or((line, "")))
    }

    /// The bytes the table takes.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }
}

/// Length of the first line, its end included.
const fn line_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'\n' {
            break;
        }
    }
    bytes.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_there_and_nothing_else() {
        let table = Table::new("# head\n01\tAin\n02\tAisne\n2A\tCorse-du-Sud\n971\tGuadeloupe\n");
        for (key, label) in table.entries() {
            assert_eq!(table.label(key), Some(label));
        }
        assert_eq!(table.entries().count(), 4);
        for absent in
            ["", "0", "00", "011", "03", "2", "2B", "97", "9711", "99", "# head", "#", "01\tAin", "\n", "é"]
        {
            assert_eq!(table.label(absent), None, "{absent:?}");
        }
    }

    #[test]
    fn an_imported_table_is_searched_like_any_other() {
        let rows = [("2A004", "Ajaccio"), ("01053", "Bourg-en-Bresse"), ("01000", "")];
        let table = Table::of(&rows.map(|(key, label)| (key.to_owned(), label.to_owned())).into());
        for (key, label) in rows {
            assert_eq!(table.label(key), Some(label), "{key}");
        }
        assert_eq!(table.label("01001"), None);
        assert_eq!(Table::of(&BTreeMap::new()).label(""), None);
    }

    #[test]
    fn small_tables() {
        assert_eq!(Table::new("# head\n").label("01"), None);
        assert_eq!(Table::new("# head\n01\n").label("01"), Some(""));
        assert_eq!(Table::new("# head\n01\n").label("02"), None);
    }
}
