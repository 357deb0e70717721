//! Forms of the written values (spec/decisions.md §3 row 6 and §9, "Formats"): pure functions of the text alone.
//!
//! Each expects its text trimmed, and looks at the form only: lengths and limits are for the caller.

use jiff::civil::Date;

/// A social security number (NIR): 13 characters, or 15 with its key.
///
/// Sex 1–4, 7 or 8; year; month 01–12, 20, 30–42 or 50–99; place of birth, where Corsica's `2A` and `2B` may stand
/// for a département; order. The key is 97 − (N mod 97), with 2A as 19 and 2B as 18. Thirteen characters have no key
/// to check.
#[must_use]
pub fn nir(text: &str) -> bool {
    let (number, key) = match text.len() {
        13 => (text, None),
        15 => match text.split_at_checked(13) {
            Some((number, key)) => (number, Some(key)),
            None => return false,
        },
        _ => return false,
    };
    let digits = match number.get(5..7) {
        Some("2A") => number.replacen("2A", "19", 1),
        Some("2B") => number.replacen("2B", "18", 1),
        _ => number.to_owned(),
    };
    // `replacen` takes the first occurrence: one before the place of birth leaves a letter, which is refused here.
    let Some(value) = decimal(&digits) else { return false };
    let form = matches!(number.as_bytes().first(), Some(b'1'..=b'4' | b'7' | b'8'))
        && number
            .get(3..5)
            .and_then(decimal)
            .is_some_and(|month| matches!(month, 1..=12 | 20 | 30..=42 | 50..=99));
    form && key.is_none_or(|key| decimal(key) == Some(97 - value % 97))
}

/// A telephone number: digits, spaces, `.`, `-`, `(`, `)`, one leading `+`; four digits at least.
#[must_use]
pub fn telephone(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'.' | b'-' | b'(' | b')'))
        && rest.bytes().filter(u8::is_ascii_digit).count() >= 4
}

/// A valid e-mail address as the HTML standard defines it (`input type=email`), no more and no less.
#[must_use]
pub fn mail(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte))
        && domain.split('.').all(domain_label)
}

/// A French postal code: five digits.
#[must_use]
pub fn code_postal(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The day that an `xs:date` (XML Schema 1.0) names; a zone is accepted and dropped.
///
/// A year beyond what [`Date`] holds is an `xs:date` all the same, and gives the farthest day: too early or too late
/// for anyone, which is what the caller wants to know.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    let (before_christ, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (year, rest) = unsigned.split_once('-')?;
    let (month, day) = (two_digits(rest.get(..2)?)?, two_digits(rest.get(3..5)?)?);
    let zone = rest.get(5..)?;
    let all_zeros = year.bytes().all(|byte| byte == b'0');
    if rest.get(2..3) != Some("-") || year.len() < 4 || !digits_only(year) || all_zeros || !is_zone(zone) {
        return None;
    }
    if year.len() == 4 {
        let year = year.parse::<i16>().ok()?;
        return Date::new(if before_christ { -year } else { year }, month, day).ok();
    }
    // The last four digits know whether the year is a leap year: 400 divides 10,000.
    let leap = year.get(year.len() - 4..)?.parse::<i16>().ok()? % 400 + 2000;
    let real = !year.starts_with('0') && Date::new(leap, month, day).is_ok();
    real.then_some(if before_christ { Date::MIN } else { Date::MAX })
}

/// The value of an `xs:boolean`.
#[must_use]
pub fn booleen(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A FINESS number: nine characters, the last the Luhn key of the others.
///
/// A département of two digits, of Corsica (`2A`, `2B`) or overseas (`9A`, `9B` …), then seven digits; a letter counts
/// as its place in the alphabet.
#[must_use]
pub fn finess(text: &str) -> bool {
    let bytes = text.as_bytes();
    let form = match bytes {
        [b'2', b'A' | b'B', order @ ..] | [b'9', b'A'..=b'Z', order @ ..] => {
            order.iter().all(u8::is_ascii_digit)
        }
        _ => bytes.iter().all(u8::is_ascii_digit),
    };
    form && bytes.len() == 9 && luhn(bytes)
}

/// The Luhn sum is a multiple of ten; letters count as their place in the alphabet.
fn luhn(bytes: &[u8]) -> bool {
    let sum: u32 = bytes
        .iter()
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(byte, factor)| {
            let digit = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' + 1 };
            let product = u32::from(digit) * factor;
            product / 10 + product % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A label of a host name: letters, digits and inner hyphens, 63 at most.
fn domain_label(label: &str) -> bool {
    let hyphen_outside = label.starts_with('-') || label.ends_with('-');
    (1..=63).contains(&label.len())
        && !hyphen_outside
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The zone of an `xs:date`: nothing, `Z`, or an offset of 14 hours at most.
fn is_zone(text: &str) -> bool {
    if text.is_empty() || text == "Z" {
        return true;
    }
    let (Some("+" | "-"), Some(":"), 6) = (text.get(..1), text.get(3..4), text.len()) else { return false };
    let (hours, minutes) = (text.get(1..3).and_then(two_digits), text.get(4..).and_then(two_digits));
    matches!((hours, minutes), (Some(0..=13), Some(0..=59)) | (Some(14), Some(0)))
}

fn two_digits(text: &str) -> Option<i8> {
    (text.len() == 2 && digits_only(text)).then(|| text.parse().ok())?
}

fn decimal(text: &str) -> Option<u64> {
    digits_only(text).then(|| text.parse().ok())?
}

fn digits_only(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::*;

    #[track_caller]
    fn table(form: impl Fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(form(text), "{text:?} is good");
        }
        for text in bad {
            assert!(!form(text), "{text:?} is bad");
        }
    }

    #[test]
    fn social_security_numbers() {
        table(
            nir,
            &[
                "253072A07300443", // real ones of the Corses
                "253072B07300470",
                "255081416802538", // and of elsewhere
                "295109912611193",
                "253072A073004", // without its key
                "2550814168025",
                "1200175001001", // every sex that exists
                "2200175001001",
                "3200175001001",
                "4200175001001",
                "7200175001001",
                "8200175001001",
                "1202075001001", // months that stand for an unknown one
                "1203075001001",
                "1204275001001",
                "1205075001001",
                "1209999001001",
            ],
            &[
                "",
                "253072A07300444", // another key
                "253072B07300443", // the other Corse
                "255081416802500",
                "255081416802598",
                "25508141680253",   // 14 characters
                "2550814168025380", // 16
                "255081416802 38",
                "2 55 08 14 168 025 38",
                "255081416802+38",
                "2550814168025+8",
                "253072a07300443", // a small letter
                "2530 2A073004",
                "252A72A073004", // a Corse out of place
                "2A0814168025123",
                "253072C073004",
                "0200175001001", // sexes that do not exist
                "5200175001001",
                "6200175001001",
                "9200175001001",
                "1200075001001", // months that do not exist
                "1201375001001",
                "1201975001001",
                "1202175001001",
                "1202975001001",
                "1204375001001",
                "1204975001001",
                "12é175001001", // 13 bytes
                "25508141680é38",
                "255081416802é3",
            ],
        );
    }

    #[test]
    fn every_wrong_key_is_refused() {
        let good: Vec<u32> = (0..100).filter(|key| nir(&format!("2550814168025{key:02}"))).collect();
        assert_eq!(good, [38]);
    }

    #[test]
    fn telephone_numbers() {
        table(
            telephone,
            &[
                "0474454647",
                "04 74 45 46 47",
                "04.74.45.46.47",
                "04-74-45-46-47",
                "+33 (0)4 74 45 46 47",
                "3646",
                "(1) 15-17",
            ],
            &[
                "",
                "+",
                "123",
                "12 3",
                "+(1) 2-3",
                "04 74 45 46 4x",
                "33+474454647",
                "++33474454647",
                " +33474454647",
                "0474/454647",
                "٠٤٧٤٤٥",
            ],
        );
    }

    #[test]
    fn mail_addresses() {
        let label = "a".repeat(63);
        let longest = format!("a@{label}.{label}.fr");
        let too_long = format!("a@{label}a.fr");
        table(
            mail,
            &[
                "jeanne.martin@example.fr",
                "a@b",
                "a@localhost",
                "a.@b",
                ".a@b",
                "a..b@c.d",
                "!#$%&'*+/=?^_`{|}~-@example.org",
                "a@1.2.3.4",
                "a@xn--caf-dma.fr",
                "a@b--c",
                &longest,
            ],
            &[
                "",
                "@",
                "a",
                "a@",
                "@b",
                "a@b@c",
                "a b@c",
                "a@b c",
                "a@.b",
                "a@b.",
                "a@b..c",
                "a@-b",
                "a@b-",
                "a@b.-c",
                "a@b_c",
                "\"a b\"@c",
                "a(b)@c",
                "é@example.fr",
                "a@café.fr",
                "a@[127.0.0.1]",
                "a@b\n",
                &too_long,
            ],
        );
    }

    #[test]
    fn postal_codes() {
        table(
            code_postal,
            &["01000", "75020", "97306", "99999"],
            &["", "1000", "750200", "2A000", "75 20", "7502é", "٧٥٠٢٠"],
        );
    }

    #[test]
    fn dates() {
        for (text, expected) in [
            ("1938-07-14", day(1938, 7, 14)),
            ("1938-07-14Z", day(1938, 7, 14)),
            ("1938-07-14+02:00", day(1938, 7, 14)),
            ("1938-07-14-14:00", day(1938, 7, 14)),
            ("1938-07-14+13:59", day(1938, 7, 14)),
            ("1936-02-29", day(1936, 2, 29)),
            ("2000-02-29", day(2000, 2, 29)),
            ("0001-01-01", day(1, 1, 1)),
            ("-0044-03-15", day(-44, 3, 15)),
            ("9999-12-31", Date::MAX),
            ("12026-01-01", Date::MAX),
            ("12000-02-29", Date::MAX),
            ("-123456789012345678901234-01-01", Date::MIN),
        ] {
            assert_eq!(date(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "-",
            "1938",
            "1938-07",
            "14/07/1938",
            "1938/07/14",
            "19380714",
            "1938-7-14",
            "1938-07-1",
            "1938-07-140",
            "38-07-14",
            "01938-07-14",
            "0000-01-01",
            "+1938-07-14",
            "--1938-07-14",
            "1938-00-14",
            "1938-13-14",
            "1938-07-00",
            "1938-07-32",
            "1938-02-29",
            "1900-02-29",
            "12100-02-29",
            "1938-07-14T00:00:00",
            "1938-07-14z",
            "1938-07-14ZZ",
            "1938-07-14+2:00",
            "1938-07-14+0200",
            "1938-07-14+14:01",
            "1938-07-14+15:00",
            "1938-07-14+01:60",
            "1938-07-14+01:+1",
            "1938-07-14 ",
            " 1938-07-14",
            "1938-+7-14",
            "1938-07-é4",
            "193é-07-14",
            "1938é07-14",
        ] {
            assert_eq!(date(text), None, "{text:?}");
        }
    }

    #[test]
    fn booleans() {
        assert_eq!(
            ["true", "1", "false", "0"].map(booleen),
            [Some(true), Some(true), Some(false), Some(false)]
        );
        for text in ["", "True", "TRUE", "oui", "2", "00", " true"] {
            assert_eq!(booleen(text), None, "{text:?}");
        }
    }

    #[test]
    fn finess_numbers() {
        table(
            finess,
            &["010000024", "010780054", "010000495", "970302287", "970302022"],
            &[
                "",
                "010000025",
                "01000002",
                "0100000240",
                "01000002 ",
                "A10000024",
                "2C0000000",
                "9a0000000",
                "2é000000",
                "2A00000A0",
            ],
        );
    }
}
