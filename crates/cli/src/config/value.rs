//! Single values: from a text to the type that a key has, and back into a message.

use openmoss_service::settings::masked;
use serde_json::Value;

use super::database::MASK;
use super::keys::{self, Kind};
use super::yaml::{self, Content};

/// How much of a wrong value a message repeats.
const FOUND_CHARS_MAX: usize = 40;

/// The value in the type of its key where that is possible without guessing; else as it is.
pub(super) fn typed(kind: Kind, raw: &Value, is_environment: bool) -> Value {
    match (kind, raw) {
        (Kind::Bool, Value::String(text)) => truth(text).map_or_else(|| raw.clone(), Value::Bool),
        (Kind::Bool, Value::Number(number)) => {
            truth(&number.to_string()).map_or_else(|| raw.clone(), Value::Bool)
        }
        (Kind::Number, Value::String(text)) => {
            text.trim().parse::<i128>().ok().and_then(whole_number).unwrap_or_else(|| raw.clone())
        }
        (Kind::Text, Value::Number(_) | Value::Bool(_)) => Value::String(raw.to_string()),
        (Kind::List, Value::Array(items)) => {
            Value::Array(items.iter().map(|item| typed(Kind::Text, item, false)).collect())
        }
        (Kind::List, Value::String(text)) if is_environment => {
            list(text).unwrap_or_else(|| raw.clone())
        }
        (
            _,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
        ) => raw.clone(),
    }
}

/// The words of the existing server's YAML reader, and 1 and 0, which are usual in environments.
fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn whole_number(number: i128) -> Option<Value> {
    let positive = u64::try_from(number).ok().map(Value::from);
    positive.or_else(|| i64::try_from(number).ok().map(Value::from))
}

/// `a,b` or `["a", "b"]`.
fn list(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('[') {
        let node = yaml::parse(text).ok().flatten()?;
        return matches!(node.content, Content::List(_)).then(|| node.to_json());
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(items.map(Value::from).collect())
}

/// A wrong or surprising value as it may stand in a message.
pub(super) fn found(key: &str, value: &Value) -> String {
    match value {
        _ if keys::is_secret(key) => MASK.to_owned(),
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(entry) if key == keys::CHANNELS => format!("{:?}", masked(entry)),
        Value::String(text) if text.chars().count() > FOUND_CHARS_MAX => {
            let start: String = text.chars().take(FOUND_CHARS_MAX).collect();
            format!("{start:?}…")
        }
        Value::String(text) => format!("{text:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "keys below it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_becomes_what_it_says_or_stays() {
        for (kind, text, value) in [
            (Kind::Bool, "Yes", json!(true)),
            (Kind::Bool, "off", json!(false)),
            (Kind::Bool, "maybe", json!("maybe")),
            (Kind::Bool, "", json!("")),
            (Kind::Number, " 7 ", json!(7)),
            (Kind::Number, "-7", json!(-7)),
            (Kind::Number, "18446744073709551615", json!(u64::MAX)),
            (Kind::Number, "18446744073709551616", json!("18446744073709551616")),
            (Kind::Number, "0x10", json!("0x10")),
            (Kind::Number, "1e3", json!("1e3")),
            (Kind::Text, " 7 ", json!(" 7 ")),
            (Kind::List, "a", json!("a")),
        ] {
            assert_eq!(typed(kind, &Value::from(text), false), value, "{kind:?} {text}");
        }
    }

    #[test]
    fn a_variable_may_hold_a_list() {
        for (text, value) in [
            ("a", json!(["a"])),
            (" a , b:c ,, ", json!(["a", "b:c"])),
            ("", json!([])),
            ("[]", json!([])),
            ("[a, \"b, c\"]", json!(["a", "b, c"])),
            ("[a", json!("[a")),
        ] {
            assert_eq!(typed(Kind::List, &Value::from(text), true), value, "{text}");
        }
    }

    #[test]
    fn a_message_repeats_little_and_no_secret() {
        assert_eq!(found("admin.password", &json!("hunter2")), "***");
        assert!(found("project.name", &json!("x".repeat(500))).chars().count() < 50);
    }
}
