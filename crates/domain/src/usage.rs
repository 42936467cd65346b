//! What models cost: what agents report, its sums, and the budgets that stop work.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Fields};
use crate::text;
use crate::token::token_enum;

/// Most tokens of one kind in one report.
pub const TOKENS_MAX: i64 = 1_000_000_000_000;
/// Largest amount of money, in millionths.
pub const COST_MICROS_MAX: i64 = 1_000_000_000_000_000;
const MICROS: i64 = 1_000_000;
/// Digits behind the point.
const DECIMALS: usize = 6;

/// An amount of money in millionths of whatever currency the team counts in: exact, as sums of
/// fractions are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cost(i64);

impl Cost {
    /// From millionths.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole units.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units.saturating_mul(MICROS))
    }

    /// In millionths.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads a decimal such as `0.0125`.
    ///
    /// # Errors
    /// Names the field when it is no such number, or a negative or too large one.
    pub fn checked(field: &str, text: &str) -> Result<Self, FieldError> {
        let message = "must be an amount such as \"0.0125\": 0 or more, at most six decimals, at \
                       most 1000000000";
        text.trim().parse().ok().ok_or_else(|| FieldError::new(field, message))
    }
}

/// Not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotACost;

impl FromStr for Cost {
    type Err = NotACost;

    fn from_str(text: &str) -> Result<Self, NotACost> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| {
            !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|b| b.is_ascii_digit())
        };
        if !is_number(whole) || !is_number(fraction) || fraction.len() > DECIMALS {
            return Err(NotACost);
        }
        let whole: i64 = whole.parse().ok().ok_or(NotACost)?;
        let micros: i64 = format!("{fraction:0<DECIMALS$}").parse().ok().ok_or(NotACost)?;
        let sum = whole.saturating_mul(MICROS).saturating_add(micros);
        if sum > COST_MICROS_MAX { Err(NotACost) } else { Ok(Self(sum)) }
    }
}

/// Without zeros at the end, such as `12.5`.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micros) = (self.0 / MICROS, self.0 % MICROS);
        if micros == 0 {
            return write!(f, "{whole}");
        }
        let fraction = format!("{micros:0DECIMALS$}");
        write!(f, "{whole}.{}", fraction.trim_end_matches('0'))
    }
}

/// What an agent used, as it reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The model's name; may be empty.
    pub model: String,
    /// Tokens that the model read.
    pub input_tokens: i64,
    /// Tokens that the model wrote.
    pub output_tokens: i64,
    /// What it cost.
    pub cost: Cost,
}

impl Usage {
    /// The same with the model's name trimmed; notes every wrong field, below `place`.
    #[must_use]
    pub fn checked(&self, place: &str, fields: &mut Fields) -> Self {
        for (name, tokens) in
            [("input_tokens", self.input_tokens), ("output_tokens", self.output_tokens)]
        {
            if !(0..=TOKENS_MAX).contains(&tokens) {
                fields.push(format!("{place}{name}"), format!("must be 0 to {TOKENS_MAX}"));
            }
        }
        let model = self.model.trim();
        let model = if model.is_empty() {
            String::new()
        } else {
            fields.keep(text::line(&format!("{place}model"), model, text::NAME_CHARS_MAX))
        };
        Self { model, ..self.clone() }
    }

    /// As the sum of itself.
    #[must_use]
    pub const fn sums(&self) -> Sums {
        Sums {
            reports: 1,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cost: self.cost,
        }
    }
}

/// What was used in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How often it was reported.
    pub reports: i64,
    /// Tokens read.
    pub input_tokens: i64,
    /// Tokens written.
    pub output_tokens: i64,
    /// What it cost.
    pub cost: Cost,
}

impl Sums {
    /// Tokens read and written.
    #[must_use]
    pub const fn tokens(&self) -> i64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            reports: self.reports.saturating_add(other.reports),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost: Cost(self.cost.0.saturating_add(other.cost.0)),
        }
    }

    /// What it was before `usage` was added.
    #[must_use]
    pub const fn before(&self, usage: &Usage) -> Self {
        Self {
            reports: self.reports.saturating_sub(1),
            input_tokens: self.input_tokens.saturating_sub(usage.input_tokens),
            output_tokens: self.output_tokens.saturating_sub(usage.output_tokens),
            cost: Cost(self.cost.0.saturating_sub(usage.cost.0)),
        }
    }
}

token_enum! {
    /// Of what something is a budget.
    BudgetScope {
        /// Of everybody, for a day.
        Day = "day",
        /// Of one agent, for a day.
        Agent = "agent",
        /// Of one goal, from its beginning to its end.
        Task = "task",
    }
}

token_enum! {
    /// What a budget is measured in.
    Measure {
        /// Tokens read and written.
        Tokens = "tokens",
        /// Money.
        Cost = "cost",
    }
}

/// How much may be used; nothing of a kind that is 0 is limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Tokens.
    pub tokens: i64,
    /// Money.
    pub cost: Cost,
}

impl Cap {
    /// Whether it limits anything.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.tokens > 0 || self.cost.0 > 0
    }

    /// What of it is used up.
    #[must_use]
    pub const fn reached(&self, sums: &Sums) -> Option<Measure> {
        if self.cost.0 > 0 && sums.cost.0 >= self.cost.0 {
            return Some(Measure::Cost);
        }
        if self.tokens > 0 && sums.tokens() >= self.tokens {
            return Some(Measure::Tokens);
        }
        None
    }
}

/// A cap of one's own, where it says something; the default holds for the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCap {
    /// Tokens; 0 is no limit.
    pub tokens: Option<i64>,
    /// Money; 0 is no limit.
    pub cost: Option<Cost>,
}

impl OwnCap {
    /// What holds, over this default.
    #[must_use]
    pub fn over(&self, default: Cap) -> Cap {
        Cap {
            tokens: self.tokens.unwrap_or(default.tokens),
            cost: self.cost.unwrap_or(default.cost),
        }
    }

    /// Whether it says anything.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.tokens.is_some() || self.cost.is_some()
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// Names each wrong one.
    pub fn check(&self, fields: &mut Fields) {
        if self.tokens.is_some_and(|tokens| !(0..=COST_MICROS_MAX).contains(&tokens)) {
            fields.push("tokens", format!("must be 0 to {COST_MICROS_MAX}; 0 is no limit"));
        }
    }
}

/// Why no new work is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Whose budget is used up.
    pub scope: BudgetScope,
    /// What of it.
    pub measure: Measure,
    /// How much it is.
    pub cap: Cap,
    /// How much was used.
    pub used: Sums,
}

impl Stop {
    /// The stop that `cap` makes after `used`, if it does.
    #[must_use]
    pub fn of(scope: BudgetScope, cap: Cap, used: Sums) -> Option<Self> {
        cap.reached(&used).map(|measure| Self { scope, measure, cap, used })
    }

    /// How much may be used, in words.
    #[must_use]
    pub fn limit_text(&self) -> String {
        match self.measure {
            Measure::Tokens => self.cap.tokens.to_string(),
            Measure::Cost => self.cap.cost.to_string(),
        }
    }

    /// How much was used, in words.
    #[must_use]
    pub fn used_text(&self) -> String {
        match self.measure {
            Measure::Tokens => self.used.tokens().to_string(),
            Measure::Cost => self.used.cost.to_string(),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whose, advice) = match self.scope {
            BudgetScope::Day => ("everybody's budget for today", "take no new work until tomorrow"),
            BudgetScope::Agent => ("your budget for today", "take no new work until tomorrow"),
            BudgetScope::Task => ("the budget of this task", "take work of another task"),
        };
        let (used, limit) = (self.used_text(), self.limit_text());
        let unit = match self.measure {
            Measure::Tokens => " tokens",
            Measure::Cost => "",
        };
        write!(
            f,
            "{whose} is used up ({used} of {limit}{unit}); {advice}, or ask an admin for more"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_and_written_exactly() {
        for (text, micros, written) in [
            ("0", 0, "0"),
            ("0.0125", 12_500, "0.0125"),
            ("12.50", 12_500_000, "12.5"),
            ("007", 7_000_000, "7"),
            ("0.000001", 1, "0.000001"),
            ("1000000000", COST_MICROS_MAX, "1000000000"),
        ] {
            let cost = Cost::checked("cost", text).unwrap();
            assert_eq!((cost.as_micros(), cost.to_string().as_str()), (micros, written), "{text}");
        }
        for text in
            ["", "-1", "+1", "1e3", "1,5", ".5", "1.", "0.0000001", "1000000000.000001", "x"]
        {
            assert_eq!(Cost::checked("cost", text).unwrap_err().field, "cost", "{text}");
        }
    }

    #[test]
    fn a_cap_is_reached_when_it_is_used_up_and_nothing_is_no_cap() {
        let used = Sums { reports: 2, input_tokens: 70, output_tokens: 30, cost: Cost(500) };
        let cap = |tokens, cost| Cap { tokens, cost: Cost(cost) };
        assert_eq!(cap(0, 0).reached(&used), None);
        assert_eq!(cap(101, 501).reached(&used), None);
        assert_eq!(cap(100, 501).reached(&used), Some(Measure::Tokens));
        assert_eq!(cap(100, 500).reached(&used), Some(Measure::Cost));
        let own = OwnCap { tokens: Some(0), cost: None };
        assert_eq!(own.over(cap(100, 500)), cap(0, 500));
        let stop = Stop::of(BudgetScope::Agent, cap(100, 0), used).unwrap();
        assert_eq!(
            stop.to_string(),
            "your budget for today is used up (100 of 100 tokens); take no new work until tomorrow, \
             or ask an admin for more"
        );
    }
}
