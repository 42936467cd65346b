//! A persona: how an agent shows itself to people. Nothing of it changes what the agent may do.

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Fields};
use crate::text;

/// Longest signature, in characters.
pub const SIGNATURE_CHARS_MAX: usize = 120;
/// Most work-style tags of one agent.
pub const WORK_STYLE_MAX: usize = 6;
/// Longest work-style tag, in characters.
pub const WORK_STYLE_CHARS_MAX: usize = 24;
/// How many faces there are that the dashboard draws by itself: `face-1` and so on.
pub const FACES: u8 = 12;
/// What the name of a drawn face begins with.
const FACE: &str = "face-";

/// How an agent shows itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persona {
    /// An emoji, or the name of a drawn face; without one, a face is chosen by the agent's id.
    pub avatar: Option<String>,
    /// One line in its own words; may be empty.
    pub signature: String,
    /// How it works, as tags in any language, in their order.
    pub work_style: Vec<String>,
}

/// What of a persona changes, as it came in; what is `None` stays, and what is empty is cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonaEdit {
    /// An emoji, or the name of a drawn face.
    pub avatar: Option<String>,
    /// One line.
    pub signature: Option<String>,
    /// The whole list of tags.
    pub work_style: Option<Vec<String>>,
}

impl PersonaEdit {
    /// The same with every part checked; notes what is wrong.
    #[must_use]
    pub fn checked(&self, fields: &mut Fields) -> Self {
        Self {
            avatar: self.avatar.as_deref().map(|raw| fields.keep(avatar(raw))),
            signature: self.signature.as_deref().map(|raw| fields.keep(signature(raw))),
            work_style: self.work_style.as_deref().map(|tags| work_style(tags, fields)),
        }
    }

    /// What a persona becomes by this edit, which was checked.
    #[must_use]
    pub fn applied_to(&self, before: &Persona) -> Persona {
        let avatar = self.avatar.clone().map(|name| Some(name).filter(|name| !name.is_empty()));
        Persona {
            avatar: avatar.unwrap_or_else(|| before.avatar.clone()),
            signature: self.signature.clone().unwrap_or_else(|| before.signature.clone()),
            work_style: self.work_style.clone().unwrap_or_else(|| before.work_style.clone()),
        }
    }
}

fn avatar(raw: &str) -> Result<String, FieldError> {
    let name = raw.trim();
    if name.is_empty() || is_face(name) {
        return Ok(name.to_owned());
    }
    let message = || format!("must be one emoji, or {FACE}1 to {FACE}{FACES}");
    let emoji = emojis::get(name).ok_or_else(|| FieldError::new("avatar", message()))?;
    Ok(emoji.as_str().to_owned())
}

fn is_face(name: &str) -> bool {
    let number = name.strip_prefix(FACE);
    // The one way to write each: not 01, not +1.
    number.is_some_and(|number| (1..=FACES).any(|face| face.to_string() == number))
}

fn signature(raw: &str) -> Result<String, FieldError> {
    if raw.trim().is_empty() {
        return Ok(String::new());
    }
    text::line("signature", raw, SIGNATURE_CHARS_MAX)
}

/// Tags of which each is there once, in whatever case.
fn work_style(tags: &[String], fields: &mut Fields) -> Vec<String> {
    if tags.len() > WORK_STYLE_MAX {
        fields.push("work_style", format!("must have at most {WORK_STYLE_MAX} entries"));
        return Vec::new();
    }
    let mut checked: Vec<String> = Vec::with_capacity(tags.len());
    for (index, tag) in tags.iter().enumerate() {
        let field = format!("work_style[{index}]");
        let tag = fields.keep(text::line(&field, tag, WORK_STYLE_CHARS_MAX));
        if !checked.iter().any(|other| other.to_lowercase() == tag.to_lowercase()) {
            checked.push(tag);
        }
    }
    checked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(edit: &PersonaEdit) -> Result<PersonaEdit, Vec<String>> {
        let mut fields = Fields::default();
        let checked = edit.checked(&mut fields);
        match fields.finish() {
            Ok(()) => Ok(checked),
            Err(crate::DomainError::Invalid(errors)) => {
                Err(errors.into_iter().map(|error| error.field).collect())
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn with_avatar(avatar: &str) -> PersonaEdit {
        PersonaEdit { avatar: Some(avatar.to_owned()), ..PersonaEdit::default() }
    }

    #[test]
    fn an_avatar_is_one_emoji_or_a_drawn_face() {
        for good in ["🦀", " 🦉 ", "👩🏽‍🔬", "🇨🇳", "1️⃣", "❤️", "face-1", "face-12", ""]
        {
            assert_eq!(checked(&with_avatar(good)), Ok(with_avatar(good.trim())), "{good}");
        }
        for bad in ["🦀🦀", "a", "crab", "1", "face-0", "face-13", "face-01", "face-", "<svg>"]
        {
            assert_eq!(checked(&with_avatar(bad)), Err(vec!["avatar".to_owned()]), "{bad}");
        }
    }

    #[test]
    fn tags_are_bounded_and_each_is_there_once() {
        let tags = |tags: &[&str]| PersonaEdit {
            work_style: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
            ..PersonaEdit::default()
        };
        assert_eq!(
            checked(&tags(&[" Careful ", "细心", "careful"])),
            Ok(tags(&["Careful", "细心"]))
        );
        let long = "x".repeat(WORK_STYLE_CHARS_MAX + 1);
        let wrong = checked(&tags(&["", &long, "fine", "two\nlines"])).unwrap_err();
        assert_eq!(wrong, ["work_style[0]", "work_style[1]", "work_style[3]"]);
        assert_eq!(checked(&tags(&["x"; WORK_STYLE_MAX + 1])), Err(vec!["work_style".to_owned()]));
    }

    #[test]
    fn every_wrong_part_is_named_at_once() {
        let edit = PersonaEdit {
            avatar: Some("crab".to_owned()),
            signature: Some("x".repeat(SIGNATURE_CHARS_MAX + 1)),
            work_style: Some(vec![String::new()]),
        };
        assert_eq!(checked(&edit).unwrap_err(), ["avatar", "signature", "work_style[0]"]);
    }

    #[test]
    fn what_is_absent_stays_and_what_is_empty_is_cleared() {
        let before = Persona {
            avatar: Some("🦉".to_owned()),
            signature: "Slow is smooth.".to_owned(),
            work_style: vec!["careful".to_owned()],
        };
        assert_eq!(PersonaEdit::default().applied_to(&before), before);
        let nothing = PersonaEdit {
            avatar: Some(String::new()),
            signature: Some("  ".to_owned()),
            work_style: Some(Vec::new()),
        };
        assert_eq!(checked(&nothing).unwrap().applied_to(&before), Persona::default());
    }
}
