//! Keys, tokens and passwords.

use rand::RngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::ServiceError;
use crate::settings::Secret;

/// What stands before a bcrypt hash in settings (the contract, section 9).
const BCRYPT_PREFIX: &str = "bcrypt:";
/// bcrypt reads no more of a password.
pub(crate) const PASSWORD_BYTES_MAX: usize = 72;
/// The contract's minimum.
pub(crate) const PASSWORD_CHARS_MIN: usize = 6;
/// bcrypt's work factor: about a quarter of a second on a small server.
const BCRYPT_COST: u32 = 12;

/// `bytes` random bytes from a generator that the operating system seeds, as lower-case hex.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    rand::rng().fill_bytes(&mut buffer);
    hex::encode(buffer)
}

/// A new API key: `ak_` and 32 hex digits, the form that existing agents know.
pub(crate) fn new_api_key() -> Secret {
    Secret::new(format!("ak_{}", random_hex(16)))
}

/// A new token for one onboarding: `ot_` and 32 hex digits.
pub(crate) fn new_onboarding_token() -> Secret {
    Secret::new(format!("ot_{}", random_hex(16)))
}

/// A new admin token: 64 hex digits.
pub(crate) fn new_admin_token() -> Secret {
    Secret::new(random_hex(32))
}

/// What is stored instead of a key or token. Both have 128 random bits or more, so a plain hash is
/// as strong as they are.
pub(crate) fn hash(secret: &[u8]) -> String {
    hex::encode(Sha256::digest(secret))
}

/// Compares two secrets in a time that tells nothing.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    hash(a.as_bytes()).as_bytes().ct_eq(hash(b.as_bytes()).as_bytes()).into()
}

/// Hashes a new admin password.
pub(crate) fn hash_password(password: &str) -> Result<Secret, ServiceError> {
    let hash = bcrypt::hash(password, BCRYPT_COST).map_err(|error| {
        ServiceError::Internal(format!("a password could not be hashed: {error}"))
    })?;
    Ok(Secret::new(format!("{BCRYPT_PREFIX}{hash}")))
}

/// Whether `password` is the stored one. Slow by intent.
pub(crate) fn is_password(password: &str, stored: &Secret) -> bool {
    stored
        .expose()
        .strip_prefix(BCRYPT_PREFIX)
        .is_some_and(|hash| bcrypt::verify(password, hash).unwrap_or(false))
}
