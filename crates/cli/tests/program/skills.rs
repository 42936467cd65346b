//! `openmoss skills`: listing and packing, without a server and without a database.

use crate::support::{Place, write_files};

const EXECUTOR: &str = "task-executor-skill";

#[test]
fn every_skill_of_the_program_is_listed_and_usable() {
    let place = Place::new();
    let listed = place.run(&["skills", "list", "--json"]).with_code(0).json();
    let listed = listed.as_array().unwrap();
    assert!(listed.iter().any(|one| one["name"] == EXECUTOR));
    for one in listed {
        assert_eq!(one["problems"].as_array().unwrap().len(), 0, "{one}");
        assert_eq!(one["is_built_in"], true);
    }
    let table = place.run(&["skills", "list"]).with_code(0).stdout;
    assert!(table.contains(EXECUTOR) && table.contains("the program"), "{table}");
    assert!(!place.path("data").exists() && !place.path("config.yaml").exists());
}

#[test]
fn packing_twice_makes_the_same_bytes_and_an_edit_makes_others() {
    let place = Place::new();
    let pack = |out: &str| {
        let said = place.run(&["skills", "pack", "--out", out, EXECUTOR, "--json"]).with_code(0);
        let packed = said.json();
        assert_eq!(packed[0]["name"], EXECUTOR);
        let bytes = std::fs::read(place.path(&format!("{out}/{EXECUTOR}.zip"))).unwrap();
        (packed[0]["version"].as_str().unwrap().to_owned(), bytes)
    };
    let (first, second) = (pack("a"), pack("deep/b"));
    assert_eq!(first, second);
    assert!(first.1.starts_with(b"PK\x03\x04"));
    let edited = "---\nname: task-executor-skill\ndescription: Mine\n---\nDo it.\n";
    write_files(&place.path(""), &[("skills/task-executor-skill/SKILL.md", edited)]);
    let third = pack("c");
    assert!(third.0 != first.0 && third.1 != first.1);

    place.run(&["skills", "pack", "--out", "all"]).with_code(0);
    let count = std::fs::read_dir(place.path("all")).unwrap().count();
    assert!(count >= 4, "{count}");
}

#[test]
fn nothing_is_packed_when_one_is_missing_or_unusable() {
    let place = Place::new();
    let said = place.run(&["skills", "pack", "--out", "out", EXECUTOR, "none"]).with_code(4);
    assert!(said.stderr.contains("openmoss skills list"), "{}", said.stderr);
    write_files(&place.path(""), &[("skills/odd-skill/SKILL.md", "no front matter")]);
    let said = place.run(&["skills", "pack", "--out", "out"]).with_code(1);
    assert!(said.stderr.contains("odd-skill cannot be used"), "{}", said.stderr);
    assert!(!place.path("out").exists());
}
