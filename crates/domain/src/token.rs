//! The one way to declare an enum whose values have a name in SQL, JSON and on the command line.

/// Declares an enum with one text token per value, and derives from that list `ALL`, `as_str`,
/// `Display`, `FromStr` and serde, so that no second list of tokens can exist.
macro_rules! token_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $token:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The token that stands for this value in SQL, JSON and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $token),+ }
            }

            /// All tokens, joined for an error message.
            #[must_use]
            pub fn tokens() -> String {
                Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", ")
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::UnknownToken;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.as_str() == text)
                    .ok_or_else(|| $crate::error::UnknownToken { expected: Self::tokens() })
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self { value.as_str() }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::error::UnknownToken;

            fn try_from(text: String) -> Result<Self, Self::Error> { text.parse() }
        }
    };
}

pub(crate) use token_enum;

#[cfg(test)]
mod tests {
    use crate::sub_task::Status;

    #[test]
    fn display_parse_and_json_agree_on_every_token() {
        for &status in Status::ALL {
            let token = status.as_str();
            assert_eq!(status.to_string(), token);
            assert_eq!(token.parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), token);
            assert_eq!(serde_json::from_value::<Status>(token.into()).unwrap(), status);
        }
        let error = "Pending".parse::<Status>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "must be one of: pending, assigned, in_progress, review, rework, blocked, done, \
             cancelled"
        );
    }
}
