//! The admin password as it may stand in a configuration, and its hash.

use bcrypt::{BcryptResult, DEFAULT_COST, HashParts};

/// Stands before a hash.
pub(super) const HASH_PREFIX: &str = "bcrypt:";
/// Bcrypt ignores what comes after this many bytes, so longer passwords are refused.
pub(super) const BYTES_MAX: usize = 72;
/// Above this cost a hash is not tried: one try would take longer than a start may.
const TRIED_COST_MAX: u32 = 13;
const MD5_PREFIX: &str = "md5:";
/// The password that the existing system ships; everybody knows it.
const WELL_KNOWN: &str = "admin123";

/// What a configured password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Password {
    /// Nothing is set.
    Unset,
    /// `bcrypt:` and a hash.
    Hashed,
    /// `bcrypt:` and something that is no hash.
    Malformed,
    /// A form of the existing system that nobody can log in with safely.
    Md5,
    /// The shipped one in clear.
    WellKnown,
    /// Longer than bcrypt can take.
    TooLong,
    /// In clear.
    Plain,
}

/// Tells what `text` is.
pub(super) fn classify(text: &str) -> Password {
    if let Some(hash) = text.strip_prefix(HASH_PREFIX) {
        let is_hash = hash.parse::<HashParts>().is_ok();
        return if is_hash { Password::Hashed } else { Password::Malformed };
    }
    match text {
        "" => Password::Unset,
        WELL_KNOWN => Password::WellKnown,
        _ if text.starts_with(MD5_PREFIX) => Password::Md5,
        _ if text.len() > BYTES_MAX => Password::TooLong,
        _ => Password::Plain,
    }
}

/// `bcrypt:` and the hash of `password`.
pub(super) fn hash(password: &str) -> BcryptResult<String> {
    let hash = bcrypt::hash(password, DEFAULT_COST)?;
    Ok(format!("{HASH_PREFIX}{hash}"))
}

/// Whether a `bcrypt:` text is the hash of the shipped password. Takes as long as a login.
pub(super) fn is_hash_of_well_known(text: &str) -> bool {
    let Some(hash) = text.strip_prefix(HASH_PREFIX) else { return false };
    let is_quick = hash.parse::<HashParts>().is_ok_and(|parts| parts.get_cost() <= TRIED_COST_MAX);
    is_quick && bcrypt::verify(WELL_KNOWN, hash).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_told_by_its_form() {
        let hashed = format!("bcrypt:{}", bcrypt::hash("x", 4).unwrap());
        for (text, password) in [
            ("", Password::Unset),
            (hashed.as_str(), Password::Hashed),
            ("bcrypt:", Password::Malformed),
            ("bcrypt:xyz", Password::Malformed),
            ("md5:0192023a7bbd73250516f069df18b500", Password::Md5),
            ("admin123", Password::WellKnown),
            ("admin1234", Password::Plain),
            ("123456", Password::Plain),
        ] {
            assert_eq!(classify(text), password, "{text}");
        }
        assert_eq!(classify(&"é".repeat(36)), Password::Plain);
        assert_eq!(classify(&"é".repeat(37)), Password::TooLong);
    }

    #[test]
    fn a_hash_verifies_and_is_never_the_same_twice() {
        let hashed = hash("correct horse").unwrap();
        assert_eq!(classify(&hashed), Password::Hashed);
        let bare = hashed.strip_prefix("bcrypt:").unwrap();
        assert!(bcrypt::verify("correct horse", bare).unwrap());
        assert_ne!(hash("correct horse").unwrap(), hashed);
    }

    #[test]
    fn hashes_of_other_programs_are_hashes() {
        // As Python's bcrypt writes them.
        let python = "bcrypt:$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
        assert_eq!(classify(python), Password::Hashed);
    }

    #[test]
    fn the_hash_of_the_shipped_password_is_known() {
        let shipped = format!("bcrypt:{}", bcrypt::hash("admin123", 4).unwrap());
        let other = format!("bcrypt:{}", bcrypt::hash("admin124", 4).unwrap());
        assert!(is_hash_of_well_known(&shipped));
        assert!(!is_hash_of_well_known(&other));
        assert!(!is_hash_of_well_known("admin123"));
        let slow = shipped.replace("$04$", "$31$");
        assert!(!is_hash_of_well_known(&slow), "and does not take years");
    }
}
