//! Each text in English has a Chinese one that says the same: the same code and the same variables.

use std::collections::BTreeSet;

use crate::form::variables;
use crate::text::Text;

const CHINESE: &str = "zh-CN";

/// Where the two languages of a folder differ.
pub(crate) fn problems(texts: &[Text], folder: &str) -> Vec<String> {
    let other = format!("{folder}/{CHINESE}/");
    let (chinese, english): (Vec<_>, Vec<_>) =
        texts.iter().partition(|text| text.path.starts_with(&other));
    let name = |text: &&Text| text.path.replace(&other, &format!("{folder}/"));
    let english_names: BTreeSet<_> = english.iter().map(name).collect();
    let chinese_names: BTreeSet<_> = chinese.iter().map(name).collect();
    let alone = english_names.symmetric_difference(&chinese_names);
    let mut problems: Vec<_> = alone.map(|path| format!("{path}: only in one language")).collect();
    for text in &english {
        let same = chinese.iter().find(|other| name(other) == text.path);
        problems.extend(same.into_iter().flat_map(|same| differences(text, same)));
    }
    problems
}

fn differences(english: &Text, chinese: &Text) -> Vec<String> {
    let code = |text: &Text| [text.code_lines(), text.spans()].concat().into_iter().collect();
    let named = |text: &Text| variables(text).into_iter().map(str::to_owned).collect();
    let mut problems = differing(&code(english), &code(chinese));
    problems.extend(differing(&named(english), &named(chinese)));
    let head = |text: &Text| {
        let pairs = text.front_matter().map(|(pairs, _)| pairs).unwrap_or_default();
        let kept = pairs.into_iter().filter(|(key, _)| *key != "description");
        kept.map(|(key, value)| format!("{key}: {value}")).collect()
    };
    problems.extend(differing(&head(english), &head(chinese)));
    if !chinese.content.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)) {
        problems.push("not in Chinese".to_owned());
    }
    problems.into_iter().map(|problem| format!("{}: {problem}", chinese.path)).collect()
}

fn differing(english: &BTreeSet<String>, chinese: &BTreeSet<String>) -> Vec<String> {
    let only = english.symmetric_difference(chinese);
    only.map(|item| format!("`{item}` is only in one language")).collect()
}

#[test]
fn what_one_language_lacks_is_found() {
    let text =
        |path: &str, content: &str| Text { path: path.to_owned(), content: content.to_owned() };
    let found = |english: &str, chinese: &str| {
        problems(&[text("rules/a.md", english), text("rules/zh-CN/a.md", chinese)], "rules").len()
    };
    assert_eq!(found("Do `x` in {{role}}.", "在 {{role}} 里做 `x`。"), 0);
    assert_eq!(found("Do `x`.", "做 `y`。"), 2);
    assert_eq!(found("In {{role}}.", "在里面。"), 1);
    assert_eq!(found("Do it.", "Do it."), 1);
    assert_eq!(found("---\nrole: a\n---\nDo.", "---\nrole: b\n---\n做。"), 2);
    assert_eq!(
        problems(&[text("rules/a.md", "x"), text("rules/zh-CN/b.md", "做")], "rules").len(),
        2
    );
}
