//! The second factor: time-based one-time passwords (RFC 6238), SHA-1, six digits, thirty seconds, which every
//! authenticator knows. That a code is used once is the database's to see.

use std::fmt::Write as _;

use aws_lc_rs::{constant_time, hmac};
use jiff::Timestamp;
use qrcode::{Color, EcLevel, QrCode};
use rand::Rng;

/// RFC 4226, 5.3.
const CODE_DIGITS: usize = 6;
/// RFC 6238, 5.2: the time step.
const STEP_SECONDS: i64 = 30;
/// RFC 6238, 6: one step before and after, for clocks that are not right.
const SKEW: [i64; 3] = [0, -1, 1];

/// A secret shared with an authenticator: 160 bits (RFC 4226, 4, R6). No Debug.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretTotp([u8; 20]);

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl SecretTotp {
    /// A new one.
    pub(crate) fn draw(rng: &mut impl Rng) -> Self {
        let mut bytes = [0; 20];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// As authenticators take it: base 32 (RFC 4648, 6), 32 characters without padding.
    pub(crate) fn base32(&self) -> String {
        let mut text = String::with_capacity(32);
        for group in self.0.chunks(5) {
            let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                let index = usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
                text.push(BASE32.get(index).copied().map_or('A', char::from));
            }
        }
        text
    }

    /// The other way.
    pub(crate) fn from_base32(text: &str) -> Option<Self> {
        let mut bytes = [0; 20];
        let mut letters = text.bytes();
        if text.len() != 32 {
            return None;
        }
        for group in bytes.chunks_mut(5) {
            let mut bits = 0_u64;
            for letter in letters.by_ref().take(8) {
                let value = BASE32.iter().position(|one| *one == letter)?;
                bits = bits << 5 | u64::try_from(value).ok()?;
            }
            for (place, byte) in group.iter_mut().rev().enumerate() {
                *byte = u8::try_from(bits >> (8 * place) & 0xff).ok()?;
            }
        }
        Some(Self(bytes))
    }

    /// The address that a QR code holds.
    pub(crate) fn uri(&self, login: &str) -> String {
        let login = login.replace('@', "%40");
        format!("otpauth://totp/ViaTrajectoire:{login}?secret={}&issuer=ViaTrajectoire", self.base32())
    }

    /// The time step, near `now`, of which this is the code. Spaces are how people read it.
    pub(crate) fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let step = now.as_second().div_euclid(STEP_SECONDS);
        let steps = SKEW.map(|skew| step + skew);
        // each is compared, so that time tells nothing
        steps.into_iter().fold(None, |found, step| {
            let right =
                constant_time::verify_slices_are_equal(self.code(step).as_bytes(), digits.as_bytes()).is_ok();
            if right { Some(step) } else { found }
        })
    }

    /// RFC 4226, 5.3, with the time step as counter (RFC 6238, 4.2).
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or(0) & 0xf);
        let four = tag.get(offset..offset + 4).and_then(|four| four.try_into().ok()).unwrap_or([0; 4]);
        let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000;
        format!("{number:0CODE_DIGITS$}")
    }

    #[cfg(test)]
    pub(crate) fn code_at(&self, now: Timestamp) -> String {
        self.code(now.as_second().div_euclid(STEP_SECONDS))
    }
}

/// The QR code of an address as an SVG of its own: dark runs of each row, in one path.
pub(crate) fn qr(uri: &str) -> Option<String> {
    /// The quiet zone, in modules (ISO/IEC 18004, 9.1).
    const QUIET: usize = 4;
    let code = QrCode::with_error_correction_level(uri, EcLevel::M).ok()?;
    let width = code.width();
    let side = width + 2 * QUIET;
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let length = run.len();
                // writing to a String cannot fail
                let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
            }
            x += run.len();
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of its eight digits, SHA-1.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = SecretTotp(*b"12345678901234567890");
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_second(second).unwrap();
            assert_eq!(secret.code_at(now), code, "{second}");
            assert_eq!(secret.step_of(code, now), Some(second / 30));
        }
    }

    #[test]
    fn a_code_holds_for_a_step_before_and_after_its_own() {
        let secret = SecretTotp::draw(&mut testkit::rng(1));
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let code = secret.code_at(now);
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        for (seconds, found) in
            [(-31, false), (-30, true), (0, true), (29, true), (30, true), (59, true), (60, false)]
        {
            assert_eq!(secret.step_of(&code, at(seconds)).is_some(), found, "{seconds}");
        }
        assert_eq!(secret.step_of(&format!(" {} {} ", &code[..3], &code[3..]), now), Some(60_000_000));
        for wrong in ["", "000000", "12345", &format!("{code}0")] {
            assert_eq!(secret.step_of(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_survives_base_32() {
        // RFC 4648, 10
        assert_eq!(SecretTotp(*b"foobafoobafoobafooba").base32(), "MZXW6YTB".repeat(4));
        for seed in 0..50 {
            let secret = SecretTotp::draw(&mut testkit::rng(seed));
            assert!(SecretTotp::from_base32(&secret.base32()) == Some(secret));
        }
        for text in ["", "MZXW6YTB", "1111111111111111111111111111111A", "mzxw6ytbmzxw6ytbmzxw6ytbmzxw6ytb"] {
            assert!(SecretTotp::from_base32(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_qr_code_is_an_image_without_script_or_style() {
        let svg = qr(&SecretTotp::draw(&mut testkit::rng(3)).uri("a.duval@glycines.fr")).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>") && svg.len() < 20_000, "{}", svg.len());
        assert!(!svg.contains("style") && !svg.contains("script"));
        // its finder pattern begins at the quiet zone: seven dark modules
        assert!(svg.contains("d=\"M4 4h7v1h-7z"), "{svg}");
    }
}
