//! Where the data is, from the two ways to say it: `database.type` with `path`, or one `url`.

use openmoss_service::settings::{DatabaseSettings, Secret};
use serde_json::Value;

use super::keys;

const SQLITE_SCHEME: &str = "sqlite://";
const POSTGRES_SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// Names of URL parameters whose values are passwords.
const SECRET_PARAMETERS: [&str; 2] = ["password", "sslpassword"];
/// Stands for a secret.
pub(super) const MASK: &str = "***";

/// What a URL or a plain path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// The path of a `SQLite` file.
    Sqlite(String),
    /// The URL of a `PostgreSQL` server, with its password.
    Postgres(Secret),
}

/// The text is none of the forms we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be postgres://…, postgresql://…, sqlite://PATH or the path of a SQLite file")]
pub(super) struct UnknownLocation;

impl Location {
    /// Reads `postgres://…`, `postgresql://…`, `sqlite://PATH` or a plain path.
    pub(super) fn parse(text: &str) -> Result<Self, UnknownLocation> {
        let has_scheme = |scheme: &&str| {
            let start = text.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
                && text.len() > scheme.len()
        };
        if POSTGRES_SCHEMES.iter().any(has_scheme) {
            return Ok(Self::Postgres(Secret::new(text)));
        }
        let path = if has_scheme(&SQLITE_SCHEME) { text.get(SQLITE_SCHEME.len()..) } else { None };
        match path.unwrap_or(text) {
            path if path.trim().is_empty() || path.contains("://") => Err(UnknownLocation),
            path => Ok(Self::Sqlite(path.to_owned())),
        }
    }

    /// Puts it into the settings: the type always fits, and the path of a file is always in `path`.
    pub(super) fn put_into(self, settings: &mut DatabaseSettings) {
        match self {
            Self::Sqlite(path) => {
                "sqlite".clone_into(&mut settings.kind);
                settings.path = path;
                settings.url = Secret::default();
            }
            Self::Postgres(url) => {
                "postgres".clone_into(&mut settings.kind);
                settings.url = url;
            }
        }
    }

    /// The keys it sets, with their values.
    pub(super) fn values(self) -> Vec<(&'static str, Value)> {
        match self {
            Self::Sqlite(path) => vec![
                ("database.type", Value::from("sqlite")),
                ("database.path", Value::from(path)),
                (keys::DATABASE_URL, Value::from("")),
            ],
            Self::Postgres(url) => vec![
                ("database.type", Value::from("postgres")),
                (keys::DATABASE_URL, Value::from(url.expose())),
            ],
        }
    }
}

/// The URL without its password. What cannot be taken apart with certainty, such as a password
/// with an unescaped `@` or `/`, is hidden whole.
pub(super) fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let hidden = format!("{scheme}://{MASK}");
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, place) = rest.split_at(authority_end);
    if place.contains('@') {
        return hidden;
    }
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let port = host.rsplit_once(':').map_or("", |(_, port)| port).trim_end_matches(']');
    if user.is_none() && !port.chars().all(|c| c.is_ascii_hexdigit()) {
        return hidden;
    }
    let user = match user.map(|user| user.split_once(':').ok_or(user)) {
        Some(Ok((name, _))) => format!("{name}:{MASK}@"),
        Some(Err(name)) => format!("{name}@"),
        None => String::new(),
    };
    let Some((place, query)) = place.split_once('?') else {
        return format!("{scheme}://{user}{host}{place}");
    };
    let query: Vec<String> = query.split('&').map(masked_parameter).collect();
    format!("{scheme}://{user}{host}{place}?{}", query.join("&"))
}

fn masked_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) => {
            format!("{name}={MASK}")
        }
        Some(_) | None => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_form_of_the_text_decides() {
        let sqlite = |path: &str| Ok(Location::Sqlite(path.to_owned()));
        let postgres = |url: &str| Ok(Location::Postgres(Secret::new(url)));
        for (text, location) in [
            ("./data/tasks.db", sqlite("./data/tasks.db")),
            ("/var/lib/openmoss/tasks.db", sqlite("/var/lib/openmoss/tasks.db")),
            ("C:\\data\\tasks.db", sqlite("C:\\data\\tasks.db")),
            ("sqlite://data/tasks.db", sqlite("data/tasks.db")),
            ("sqlite:///srv/tasks.db", sqlite("/srv/tasks.db")),
            ("SQLite://x.db", sqlite("x.db")),
            ("postgres://u:p@h/d", postgres("postgres://u:p@h/d")),
            ("postgresql:///d", postgres("postgresql:///d")),
            ("Postgres://h", postgres("Postgres://h")),
            ("mysql://h/d", Err(UnknownLocation)),
            ("http://h", Err(UnknownLocation)),
            ("postgres://", Err(UnknownLocation)),
            ("sqlite://", Err(UnknownLocation)),
            ("sqlite:// ", Err(UnknownLocation)),
            ("", Err(UnknownLocation)),
            (" ", Err(UnknownLocation)),
            ("é", sqlite("é")),
        ] {
            assert_eq!(Location::parse(text), location, "{text}");
        }
    }

    #[test]
    fn a_masked_url_has_no_password() {
        for (url, shown) in [
            ("postgres://user:pass@host:5432/db", "postgres://user:***@host:5432/db"),
            ("postgres://user:p@ss:w@host/db", "postgres://user:***@host/db"),
            ("postgres://user:p/a?s#s@host/db", "postgres://***"),
            ("postgres://user:p@a/s@host/db", "postgres://***"),
            ("postgres://user:pass", "postgres://***"),
            ("postgres://[::1]:5432/db", "postgres://[::1]:5432/db"),
            ("postgres://[fe80::1]/db", "postgres://[fe80::1]/db"),
            ("postgres://u:p@[::1]:5432/db", "postgres://u:***@[::1]:5432/db"),
            ("postgres://:pass@host/db", "postgres://:***@host/db"),
            ("postgres://user@host/db", "postgres://user@host/db"),
            ("postgres://host/db?user=a&password=b", "postgres://host/db?user=a&password=***"),
            ("postgres://u:p@h/d?sslmode=require", "postgres://u:***@h/d?sslmode=require"),
            ("postgres:///db?host=/run&PASSWORD=b", "postgres:///db?host=/run&PASSWORD=***"),
            ("postgres://host/db?password=b@c", "postgres://***"),
            ("sqlite://data/x.db", "sqlite://data/x.db"),
            ("./data/x.db", "./data/x.db"),
        ] {
            assert_eq!(masked(url), shown, "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_password_is_shown(password in "[ -~]{0,12}Zq9Xk[ -~]{0,12}", form in 0..2) {
            let url = match form {
                0 => format!("postgres://user:{password}@host/db?sslmode=require"),
                _ => format!("postgres://user:x@host/db?password={}", password.replace('&', "")),
            };
            prop_assert!(!masked(&url).contains("Zq9Xk"), "{}", masked(&url));
        }
    }
}
