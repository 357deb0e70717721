//! SPDX licence expressions: is there a choice that the allow-list permits?

/// Whether `expression` can be satisfied by `allowed` alone. `AND` binds tighter than `OR`; `/` is an old way to write `OR`;
/// a licence `WITH` an exception is one name.
pub(super) fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, allowed };
    !words.is_empty() && parser.choice() == Some(true) && parser.words.is_empty()
}

struct Parser<'w> {
    words: &'w [&'w str],
    allowed: &'w [&'w str],
}

impl<'w> Parser<'w> {
    fn choice(&mut self) -> Option<bool> {
        let mut permitted = self.conjunction()?;
        while self.take("OR") {
            permitted |= self.conjunction()?;
        }
        Some(permitted)
    }

    fn conjunction(&mut self) -> Option<bool> {
        let mut permitted = self.licence()?;
        while self.take("AND") {
            permitted &= self.licence()?;
        }
        Some(permitted)
    }

    fn licence(&mut self) -> Option<bool> {
        if self.take("(") {
            let permitted = self.choice()?;
            return self.take(")").then_some(permitted);
        }
        let name = self.next()?;
        if self.take("WITH") {
            let name = format!("{name} WITH {}", self.next()?);
            return Some(self.allowed.contains(&name.as_str()));
        }
        Some(self.allowed.contains(&name))
    }

    fn take(&mut self, word: &str) -> bool {
        let here = self.words.first() == Some(&word);
        if here {
            self.next();
        }
        here
    }

    fn next(&mut self) -> Option<&'w str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    #[test]
    fn expressions() {
        let allowed = ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"];
        let table = [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("ISC AND (Apache-2.0 OR OpenSSL)", true),
            ("MIT AND OpenSSL", false),
            ("OpenSSL AND MIT OR ISC", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0-only", true),
            ("GPL-2.0-only WITH Classpath-exception-2.0", false),
            ("(MIT", false),
            ("", false),
        ];
        for (expression, expected) in table {
            assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
        }
    }
}
