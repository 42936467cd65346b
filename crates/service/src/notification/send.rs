//! How each kind of channel is spoken to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use openmoss_domain::Timestamp;
use openmoss_domain::outbox::Outcome;
use serde_json::{Value, json};
use sha2::Sha256;

pub(super) use crate::outward::later;

use super::channel::{Channel, ChannelKind};
use super::mail;
use super::message::Message;
use crate::outward::Outward;
use crate::settings::{Secret, Settings};

/// Discord's limit, in characters.
const DISCORD_CHARS_MAX: usize = 2_000;
/// Feishu's code for too many messages at once.
const FEISHU_TOO_MANY: i64 = 11_232;

/// Sends a message to a channel.
pub(super) fn send(
    channel: &Channel,
    message: &Message,
    settings: &Settings,
    now: Timestamp,
) -> Outcome {
    let outward = Outward::of(&settings.delivery);
    let url = channel.target.expose();
    match channel.kind {
        ChannelKind::Email => mail::send(outward, &settings.smtp, url, message),
        ChannelKind::Webhook => {
            let secret = channel.secret.as_ref().unwrap_or(&settings.delivery.webhook_secret);
            let body = serde_json::to_string(message).unwrap_or_default();
            let mut headers = signed(secret, now, &body);
            headers.push(("X-OpenMOSS-Event", message.event.to_owned()));
            headers.push(("X-OpenMOSS-Delivery", message.id.clone()));
            posted(outward, url, &headers, &body)
        }
        ChannelKind::Slack => {
            posted(outward, url, &[], &json!({"text": for_slack(&message.lines())}).to_string())
        }
        ChannelKind::Discord => {
            let content: String = message.lines().chars().take(DISCORD_CHARS_MAX).collect();
            let body = json!({"content": content, "allowed_mentions": {"parse": []}});
            posted(outward, url, &[], &body.to_string())
        }
        ChannelKind::Feishu => {
            let body = for_feishu(channel.secret.as_ref(), message, now);
            match outward.post(url, &[], &body.to_string()) {
                Err(outcome) => outcome,
                Ok(answer) if answer.outcome() == Outcome::Taken => feishu_says(&answer.json()),
                Ok(answer) => answer.outcome(),
            }
        }
    }
}

fn posted(outward: Outward, url: &str, headers: &[(&str, String)], body: &str) -> Outcome {
    match outward.post(url, headers, body) {
        Ok(answer) => answer.outcome(),
        Err(outcome) => outcome,
    }
}

/// The headers by which a receiver knows that a body is ours, and of now. None without a secret.
pub(crate) fn signed(secret: &Secret, now: Timestamp, body: &str) -> Vec<(&'static str, String)> {
    if secret.is_empty() {
        return Vec::new();
    }
    let seconds = now.as_micros() / 1_000_000;
    let signature = hex::encode(mac(secret.expose(), format!("{seconds}.{body}").as_bytes()));
    vec![
        ("X-OpenMOSS-Timestamp", seconds.to_string()),
        ("X-OpenMOSS-Signature", format!("sha256={signature}")),
    ]
}

fn mac(key: &str, text: &[u8]) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Names are written by agents: none of them shall call everybody.
fn for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn for_feishu(secret: Option<&Secret>, message: &Message, now: Timestamp) -> Value {
    // What looks like a tag would be one.
    let text = message.lines().replace('<', "＜").replace('>', "＞");
    let mut body = json!({"msg_type": "text", "content": {"text": text}});
    if let Some(secret) = secret {
        let seconds = now.as_micros() / 1_000_000;
        // Their way: what is usually the text is the key, and the text is empty.
        let key = format!("{seconds}\n{}", secret.expose());
        let signature = STANDARD.encode(mac(&key, b""));
        let signed = [("timestamp", seconds.to_string()), ("sign", signature)];
        if let Some(fields) = body.as_object_mut() {
            fields.extend(signed.map(|(name, value)| (name.to_owned(), value.into())));
        }
    }
    body
}

/// Feishu answers 200 to everything, and says in the body whether it took it.
fn feishu_says(answer: &Value) -> Outcome {
    let code = ["code", "StatusCode"].iter().find_map(|name| answer.get(name)?.as_i64());
    match code {
        None | Some(0) => Outcome::Taken,
        Some(FEISHU_TOO_MANY) => later("answered that there were too many messages"),
        Some(code) => Outcome::Never(format!("answered with code {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_any_tool_computes() {
        // printf '1790000000.{"a":1}' | openssl dgst -sha256 -hmac s3cret
        let now = Timestamp::from_micros(1_790_000_000_500_000);
        let headers = signed(&Secret::new("s3cret"), now, r#"{"a":1}"#);
        assert_eq!(headers[0], ("X-OpenMOSS-Timestamp", "1790000000".to_owned()));
        assert_eq!(
            headers[1].1,
            "sha256=b3e592eceaf8e8b6c5101a58c2678f5ff4e74c21bed3a56a3130ecc5c7f6ed82"
        );
        assert!(signed(&Secret::default(), now, "x").is_empty());
    }

    #[test]
    fn feishu_is_believed_by_what_it_says() {
        assert_eq!(feishu_says(&json!({"code": 0})), Outcome::Taken);
        assert_eq!(feishu_says(&json!({"StatusCode": 0})), Outcome::Taken);
        assert_eq!(feishu_says(&Value::Null), Outcome::Taken);
        assert!(matches!(feishu_says(&json!({"code": 19_021})), Outcome::Never(_)));
        assert!(matches!(feishu_says(&json!({"code": 11_232})), Outcome::Later { .. }));
    }
}
