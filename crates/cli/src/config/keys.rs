//! The keys that exist, as they are written in an environment and as people mistype them.

use openmoss_service::settings::keys;
pub(super) use openmoss_service::settings::keys::{
    CHANNELS, DATABASE_URL, Kind, PASSWORD, REGISTRATION_TOKEN, all, defaults, is_secret,
    is_section, shown_list,
};

/// Every environment variable of ours begins so.
pub(super) const ENVIRONMENT_PREFIX: &str = "OPENMOSS_";
/// Stands between section and key in an environment variable.
pub(super) const ENVIRONMENT_SEPARATOR: &str = "__";

/// How alike a word must be to be suggested; 1 is equal.
const LIKENESS_MIN: f64 = 0.6;

/// What the value of `key` has to be; `None`: there is no such key.
pub(super) fn kind(key: &str) -> Option<Kind> {
    keys::find(key).map(|(_, kind)| kind)
}

/// The environment variable that sets `key`.
pub(super) fn environment_name(key: &str) -> String {
    let name = key.replace('.', ENVIRONMENT_SEPARATOR).to_uppercase();
    format!("{ENVIRONMENT_PREFIX}{name}")
}

/// The section or key that was probably meant by `unknown` (`section` or `section.key`).
pub(super) fn suggestion(unknown: &str) -> Option<&'static str> {
    let sections = defaults().as_object().into_iter().flatten();
    let sections = sections.map(|(section, _)| section.as_str());
    let candidates = sections.chain(all().map(|(key, _)| key));
    candidates
        .map(|candidate| (likeness(unknown, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        // Of equals the first.
        .min_by(|(left, _), (right, _)| right.total_cmp(left))
        .map(|(_, candidate)| candidate)
}

/// A key of the right name in the wrong section is likely; otherwise section and key must each
/// look alike.
fn likeness(unknown: &str, candidate: &str) -> f64 {
    let alike = strsim::normalized_damerau_levenshtein;
    match (unknown.split_once('.'), candidate.split_once('.')) {
        (None, None) => alike(unknown, candidate),
        (None, Some((_, key))) if unknown == key => 0.9,
        (Some((unknown_section, unknown_key)), Some((section, key))) if unknown_key == key => {
            0.8 + 0.2 * alike(unknown_section, section)
        }
        (Some((unknown_section, unknown_key)), Some((section, key))) => {
            alike(unknown_section, section) * alike(unknown_key, key)
        }
        (None, Some(_)) | (Some(_), None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_share_an_environment_variable() {
        let names: Vec<String> = all().map(|(key, _)| environment_name(key)).collect();
        assert!(names.contains(&"OPENMOSS_SERVER__PORT".to_owned()));
        let mut once = names.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), names.len());
    }

    #[test]
    fn what_was_probably_meant_is_found() {
        for (unknown, meant) in [
            ("server.prot", Some("server.port")),
            ("server.prt", Some("server.port")),
            ("sever.port", Some("server.port")),
            ("sever", Some("server")),
            ("datbase.pth", Some("database.path")),
            ("port", Some("server.port")),
            ("admin.registration_token", Some("agent.registration_token")),
            ("agent.registrationtoken", Some("agent.registration_token")),
            ("server.zzzz", None),
            ("zzzz", None),
            ("", None),
        ] {
            assert_eq!(suggestion(unknown), meant, "{unknown}");
        }
    }
}
