//! Calls to the outside: short, to where they are meant to go, and nowhere else.
//!
//! A name is looked up once, and the connection goes to an address that was looked at. Redirects are
//! not followed and proxies not used, because both would decide anew where the call goes.

mod address;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use openmoss_domain::outbox::Outcome;
use serde_json::Value;
use ureq::config::Config;
use ureq::http::{Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use address::may_be_called;

use crate::settings::DeliverySettings;

/// How much of an answer is read.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;
/// Why an address is not called.
const PRIVATE: &str =
    "the address is private or reserved; delivery.allow_private says whether it may be called";

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// How long the receiver wants to be left alone, if it said so in seconds.
    pub(crate) retry_after: Option<Duration>,
    /// The beginning of its text.
    pub(crate) body: String,
}

/// How calls leave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outward {
    /// How long a whole exchange may take.
    pub(crate) timeout: Duration,
    /// Whether addresses may be called that only this server can reach.
    pub(crate) allow_private: bool,
}

/// Whether the operator names the authorities whose certificates are trusted, in the way of OpenSSL;
/// else they are Mozilla's, which are part of the program.
pub(crate) fn has_own_authorities() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(is_set)
}

fn authorities() -> RootCerts {
    if has_own_authorities() { RootCerts::PlatformVerifier } else { RootCerts::WebPki }
}

/// Nothing was answered: another try may help, or not.
pub(crate) fn later(reason: impl Into<String>) -> Outcome {
    Outcome::Later { reason: reason.into(), after: None }
}

impl Outward {
    /// Posts a JSON text.
    ///
    /// # Errors
    /// What became of it when nothing was answered.
    pub(crate) fn post(
        self,
        url: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> Result<Answer, Outcome> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .proxy(None)
            .timeout_global(Some(self.timeout))
            .tls_config(TlsConfig::builder().root_certs(authorities()).build())
            .user_agent(concat!("OpenMOSS/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), Guarded::new(self));
        let mut request = agent.post(url).header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = request.send(body).map_err(|error| self.outcome(&error))?;
        let seconds = response.headers().get(header::RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let status = response.status().as_u16();
        let limited = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        // What was answered matters, not whether the rest of it came.
        let body = limited.lossy_utf8(true).read_to_string().unwrap_or_default();
        Ok(Answer { status, retry_after: seconds.map(Duration::from_secs), body })
    }

    /// The first address of a host that may be called.
    ///
    /// # Errors
    /// What became of it when there is none.
    pub(crate) fn resolve(self, host: &str, port: u16) -> Result<SocketAddr, Outcome> {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let uri: Result<Uri, _> = format!("http://{host}:{port}/").parse();
        let Ok(uri) = uri else {
            return Err(Outcome::Never("the host has an impossible name".to_owned()));
        };
        let timeout = NextTimeout {
            after: self.timeout.into(),
            reason: ureq::Timeout::Resolve,
            ..NextTimeout::default()
        };
        let found = Guarded::new(self).resolve(&uri, &Config::default(), timeout);
        let found = found.map_err(|error| self.outcome(&error))?;
        found.iter().next().copied().ok_or_else(|| later("the host name cannot be found"))
    }
}

/// Looks names up, and leaves out addresses that must not be called.
#[derive(Debug)]
struct Guarded {
    outward: Outward,
    inner: DefaultResolver,
}

/// A name that leads to private addresses alone.
#[derive(Debug, thiserror::Error)]
#[error("{}", PRIVATE)]
struct Private;

impl Guarded {
    fn new(outward: Outward) -> Self {
        Self { outward, inner: DefaultResolver::default() }
    }
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut open = self.empty();
        for address in &*found {
            if may_be_called(address.ip(), self.outward.allow_private) {
                open.push(*address);
            }
        }
        if open.is_empty() { Err(Error::Other(Box::new(Private))) } else { Ok(open) }
    }
}

impl Outward {
    /// As the settings say.
    pub(crate) fn of(settings: &DeliverySettings) -> Self {
        let timeout = Duration::from_secs(settings.timeout_seconds.into());
        Self { timeout, allow_private: settings.allow_private }
    }

    /// What it means that nobody answered in time.
    pub(crate) fn timed_out(self) -> Outcome {
        later(format!("no answer within {} seconds", self.timeout.as_secs()))
    }

    /// What became of a call that nobody answered, without anything of its URL.
    #[expect(clippy::wildcard_enum_match_arm, reason = "new versions bring new kinds of failures")]
    fn outcome(self, error: &Error) -> Outcome {
        match error {
            Error::Other(inner) if inner.is::<Private>() => Outcome::Never(PRIVATE.to_owned()),
            Error::Timeout(_) => self.timed_out(),
            Error::HostNotFound => later("the host name cannot be found"),
            Error::Io(error) => later(why_broken(error)),
            Error::Rustls(error) => later(format!("the TLS connection failed: {error}")),
            Error::Tls(reason) => later(format!("the TLS connection failed: {reason}")),
            Error::Http(_) | Error::BadUri(_) => {
                Outcome::Never("the URL or a header cannot be sent".to_owned())
            }
            _ => later("the answer could not be understood"),
        }
    }
}

/// Why a connection failed, in words that help and hold nothing of what was sent.
pub(crate) fn why_broken(error: &io::Error) -> String {
    match error.get_ref() {
        // TLS says by this kind what it does not accept of the other side.
        Some(inner) if error.kind() == io::ErrorKind::InvalidData => {
            let why = inner.to_string();
            let is_stranger = why.contains("certificate");
            let help = if is_stranger { "; SSL_CERT_FILE names whom to trust" } else { "" };
            format!("the TLS connection failed: {why}{help}")
        }
        // The words of the system; the kind alone is often "uncategorized".
        None if error.raw_os_error().is_some() => format!("the connection failed: {error}"),
        _ => format!("the connection failed: {}", error.kind()),
    }
}

impl Answer {
    /// What it means for the message, by its status alone.
    pub(crate) fn outcome(&self) -> Outcome {
        let reason = format!("answered {}", self.status);
        match self.status {
            200..=299 => Outcome::Taken,
            408 | 425 | 429 | 500..=599 => Outcome::Later { reason, after: self.retry_after },
            300..=399 => Outcome::Never(format!("{reason}; redirects are not followed")),
            _ => Outcome::Never(reason),
        }
    }

    /// Its body, if that is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_says_why() {
        let unreachable = io::Error::from_raw_os_error(101);
        assert!(why_broken(&unreachable).contains("os error 101"), "{}", why_broken(&unreachable));
        let stranger = io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate");
        assert!(why_broken(&stranger).contains("peer certificate; SSL_CERT_FILE names whom"));
        let own = io::Error::new(io::ErrorKind::ConnectionReset, "GET /hook/secret");
        assert_eq!(why_broken(&own), "the connection failed: connection reset");
    }
}
