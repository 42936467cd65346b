//! Where notifications go: an entry of `notification.channels`, read.
//!
//! An entry is `kind:target`. Those whose kind is one of [`ChannelKind`] are the server's; all
//! others are for agents, who read them and deliver by themselves. What stands in a URL behind its
//! host, and what stands behind `#`, are secrets: whoever has them can write into the channel.

use lettre::message::Mailbox;
use openmoss_domain::text::LINE_CHARS_MAX;
use ureq::http::Uri;

use crate::credential::hash;
use crate::settings::Secret;

/// Stands where a secret was. It cannot be part of an address.
const MASK: &str = "***";
/// How much of its hash tells one masked channel from another.
const PRINT_CHARS: usize = 8;

/// How a channel is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelKind {
    /// JSON of ours, signed.
    Webhook,
    /// A bot of Feishu or Lark, in a group.
    Feishu,
    /// An incoming webhook of Slack, or of what understands the same.
    Slack,
    /// A webhook of Discord.
    Discord,
    /// A mail.
    Email,
}

/// The word before the colon, and what it means.
const KINDS: &[(&str, ChannelKind)] = &[
    ("webhook", ChannelKind::Webhook),
    ("feishu", ChannelKind::Feishu),
    ("lark", ChannelKind::Feishu),
    ("slack", ChannelKind::Slack),
    ("discord", ChannelKind::Discord),
    ("email", ChannelKind::Email),
];

/// A channel that the server itself delivers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) kind: ChannelKind,
    /// The entry as it may be shown.
    pub(crate) masked: String,
    /// A URL, or the address of a mailbox.
    pub(crate) target: Secret,
    /// What signs the message, if the entry names it.
    pub(crate) secret: Option<Secret>,
}

impl Channel {
    /// Reads an entry; `None`: it is for agents.
    ///
    /// # Errors
    /// What would be right, for an entry that is meant for the server.
    pub(crate) fn parse(entry: &str) -> Result<Option<Self>, String> {
        let Some((word, target)) = entry.split_once(':') else { return Ok(None) };
        let kind = KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
        // A name such as `slack:#team` is nothing that a server could call.
        let Some(kind) = kind.filter(|kind| is_meant(*kind, target)) else { return Ok(None) };
        if kind == ChannelKind::Email {
            return Self::mailbox(entry, target).map(Some);
        }
        let (url, secret) = match target.split_once('#') {
            Some((url, secret)) if !secret.is_empty() => (url, Some(Secret::new(secret))),
            Some((url, _)) => (url, None),
            None => (target, None),
        };
        let place = check_url(url)?;
        let masked = format!("{word}:{place}/{MASK}{}", print(entry));
        Ok(Some(Self { kind, masked, target: Secret::new(url), secret }))
    }

    fn mailbox(entry: &str, address: &str) -> Result<Self, String> {
        if address.parse::<Mailbox>().is_err() {
            return Err("must be email: and one address, such as email:ops@example.com".to_owned());
        }
        let (masked, target) = (entry.to_owned(), Secret::new(address));
        Ok(Self { kind: ChannelKind::Email, masked, target, secret: None })
    }
}

/// Whether the target is one of an address, and not a name that an agent would understand.
fn is_meant(kind: ChannelKind, target: &str) -> bool {
    match kind {
        ChannelKind::Email => target.contains('@'),
        ChannelKind::Webhook | ChannelKind::Feishu | ChannelKind::Slack | ChannelKind::Discord => {
            target.contains('/')
        }
    }
}

/// What a URL should be.
const WRONG: &str = "must be a URL such as https://example.com/hook, without a user or password";

/// Scheme, host and port of a URL that messages may be sent to.
///
/// # Errors
/// What would be right.
pub(crate) fn check_url(url: &str) -> Result<String, String> {
    if url.contains(MASK) {
        return Err("has a masked secret; write it whole".to_owned());
    }
    if url.chars().count() > LINE_CHARS_MAX {
        return Err(format!("must have at most {LINE_CHARS_MAX} characters"));
    }
    let Ok(uri) = url.parse::<Uri>() else { return Err(WRONG.to_owned()) };
    let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
    match (scheme, authority) {
        (Some(scheme), Some(authority)) if !authority.host().is_empty() => {
            Ok(format!("{scheme}://{authority}"))
        }
        (Some(_) | None, Some(_) | None) => Err(WRONG.to_owned()),
    }
}

/// The entry as it may be shown: two entries never look the same, and the same one always does.
#[must_use]
pub fn masked(entry: &str) -> String {
    match Channel::parse(entry) {
        Ok(None) => entry.to_owned(),
        Ok(Some(channel)) => channel.masked,
        // It was never accepted, so it holds who knows what.
        Err(_) => format!("{}:{MASK}", entry.split(':').next().unwrap_or_default()),
    }
}

/// Whether an entry is for agents.
pub(crate) fn is_for_agents(entry: &str) -> bool {
    Channel::parse(entry) == Ok(None)
}

/// The entries that were meant: a masked one stands for the one of `known` that is shown so.
pub(crate) fn unmasked(entry: &str, known: &[&str]) -> String {
    let shown = known.iter().find(|known| masked(known) == entry);
    shown.map_or_else(|| entry.to_owned(), |known| (*known).to_owned())
}

fn print(entry: &str) -> String {
    hash(entry.as_bytes()).chars().take(PRINT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLACK: &str = "slack:https://hooks.slack.example/services/T0/B0/s3cret";

    #[test]
    fn what_an_agent_understands_is_for_agents() {
        for entry in
            ["chat:oc_1", "user:ou_1", "me@example.com", "slack:#team", "x", "email:ops", ""]
        {
            assert_eq!(Channel::parse(entry), Ok(None), "{entry}");
            assert_eq!(masked(entry), entry);
        }
    }

    #[test]
    fn a_channel_of_the_server_is_read_with_its_secret() {
        let of = |entry: &str| Channel::parse(entry).unwrap().unwrap();
        assert_eq!(of(SLACK).kind, ChannelKind::Slack);
        let lark = of("lark:https://open.larksuite.example/hook/abc#k3y");
        assert_eq!(lark.kind, ChannelKind::Feishu);
        assert_eq!(lark.target.expose(), "https://open.larksuite.example/hook/abc");
        assert_eq!(lark.secret.unwrap().expose(), "k3y");
        let mail = of("email:ops@example.com");
        assert_eq!(
            (mail.kind, mail.masked.as_str()),
            (ChannelKind::Email, "email:ops@example.com")
        );
        assert_eq!(of("webhook:http://[::1]:8080/x").kind, ChannelKind::Webhook);
    }

    #[test]
    fn nothing_of_an_entry_is_shown_but_where_it_goes() {
        for (entry, secret) in [
            (SLACK, "s3cret"),
            ("feishu:https://open.feishu.example/hook/s3cret#k3y", "k3y"),
            ("webhook:https://example.com:8443/?token=s3cret", "s3cret"),
            ("slack:hooks.slack.example/s3cret", "s3cret"),
            ("webhook:https://user:s3cret@example.com/", "s3cret"),
        ] {
            let shown = masked(entry);
            assert!(!shown.contains(secret), "{shown}");
            assert!(!format!("{:?}", Channel::parse(entry)).contains(secret), "{entry}");
        }
        assert!(masked(SLACK).starts_with("slack:https://hooks.slack.example/***"));
        let other = SLACK.replace("s3cret", "other");
        assert_ne!(masked(SLACK), masked(&other));
        assert_eq!(unmasked(&masked(SLACK), &[&other, SLACK]), SLACK);
        assert_eq!(unmasked("chat:x", &[SLACK]), "chat:x");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        for entry in [
            "slack:hooks.slack.example/x",
            "webhook:ftp://example.com/x",
            "webhook:https:///x",
            "webhook:https://user@example.com/x",
            "webhook:https://exa mple.com/",
            "email:a@b@c",
            &masked(SLACK),
            &format!("webhook:https://example.com/{}", "x".repeat(LINE_CHARS_MAX)),
        ] {
            assert!(Channel::parse(entry).is_err(), "{entry}");
            assert!(!is_for_agents(entry), "agents are not shown it: {entry}");
        }
    }
}
