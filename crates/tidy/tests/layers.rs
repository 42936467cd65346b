//! The arrows of the architecture, held by machine: what each crate may use, and nothing else.
#![expect(clippy::expect_used, reason = "a test that cannot look has failed")]

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Crate → everything that it may use in its own code. A new line here is a decision: give its
/// reason in the commit. `dev` crates are for tests and benchmarks and may use every layer.
const ALLOWED: &[(&str, &[&str])] = &[
    (
        "openmoss-domain",
        &["chrono", "chrono-tz", "croner", "emojis", "serde", "serde_json", "thiserror", "uuid"],
    ),
    (
        "openmoss-storage",
        &[
            "openmoss-domain",
            "crossbeam-channel",
            "diesel",
            "diesel_migrations",
            "libsqlite3-sys",
            "serde",
            "serde_json",
            "thiserror",
            "tracing",
            "uuid",
        ],
    ),
    (
        "openmoss-service",
        &[
            "openmoss-domain",
            "openmoss-storage",
            "base64",
            "bcrypt",
            "chrono",
            "chrono-tz",
            "hex",
            "hmac",
            "lettre",
            "rand",
            "rust-embed",
            "serde",
            "serde-saphyr",
            "serde_json",
            "sha2",
            "subtle",
            "tempfile",
            "thiserror",
            "tracing",
            "ureq",
            "uuid",
            "zip",
        ],
    ),
    (
        "openmoss-http",
        &[
            "openmoss-domain",
            "openmoss-service",
            "actix-web",
            "form_urlencoded",
            "futures-util",
            "hex",
            "mime_guess",
            "rmcp",
            "rust-embed",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "serde_urlencoded",
            "tokio",
            "tracing",
            "utoipa",
            "utoipa-actix-web",
            "utoipa-swagger-ui",
            "uuid",
        ],
    ),
    (
        "openmoss",
        &[
            "openmoss-domain",
            "openmoss-service",
            "openmoss-http",
            "bcrypt",
            "clap",
            "comfy-table",
            "figment",
            "granit-parser",
            "indicatif",
            "mimalloc",
            "pulldown-cmark",
            "rand",
            "rpassword",
            "serde",
            "serde_json",
            "strsim",
            "tempfile",
            "thiserror",
            "tokio",
            "tracing",
            "tracing-subscriber",
            "ureq",
        ],
    ),
];
const DEV_CRATES: &[&str] = &["openmoss-testkit", "openmoss-tidy", "openmoss-bench"];
/// What the libraries that we build on may be licensed under; all allow an MIT program.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn metadata() -> Metadata {
    MetadataCommand::new().exec().expect("cargo metadata runs")
}

fn members(metadata: &Metadata) -> Vec<&Package> {
    metadata.workspace_packages()
}

/// The names of a crate's own dependencies of one kind.
fn dependencies(package: &Package, kind: DependencyKind) -> BTreeSet<&str> {
    let of_kind = package.dependencies.iter().filter(|dependency| dependency.kind == kind);
    of_kind.map(|dependency| dependency.name.as_str()).collect()
}

#[test]
fn each_crate_uses_only_what_its_layer_may() {
    let metadata = metadata();
    for package in members(&metadata) {
        let name = package.name.as_str();
        if DEV_CRATES.contains(&name) {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(crate_name, _)| *crate_name == name);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{name} has no line in ALLOWED"));
        for used in dependencies(package, DependencyKind::Normal) {
            assert!(
                allowed.contains(&used),
                "{name} must not use {used}: see the map in ARCHITECTURE.md"
            );
        }
    }
}

#[test]
fn the_list_of_what_is_allowed_holds_nothing_unused() {
    let metadata = metadata();
    for package in members(&metadata) {
        let used = dependencies(package, DependencyKind::Normal);
        let allowed = ALLOWED.iter().find(|(name, _)| *name == package.name.as_str());
        for name in allowed.map_or(&[][..], |(_, allowed)| allowed) {
            assert!(used.contains(name), "{} no longer uses {name}", package.name);
        }
    }
}

#[test]
fn nothing_is_shipped_from_a_development_crate() {
    let metadata = metadata();
    for package in members(&metadata) {
        if DEV_CRATES.contains(&package.name.as_str()) {
            continue;
        }
        for name in dependencies(package, DependencyKind::Normal) {
            assert!(!DEV_CRATES.contains(&name), "{} must not ship {name}", package.name);
        }
    }
}

#[test]
fn every_crate_shares_versions_lints_and_stays_unpublished() {
    let metadata = metadata();
    for package in members(&metadata) {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}: shared lints", package.name);
        assert_eq!(package.publish.as_deref(), Some(&[][..]), "{}: publish", package.name);
        let own = manifest.lines().filter(|line| line.contains("version = \""));
        assert_eq!(own.count(), 0, "{}: versions belong into the workspace", package.name);
    }
}

#[test]
fn every_library_has_a_licence_that_fits_and_comes_from_the_registry() {
    let allowed: Vec<_> = LICENCES.iter().filter_map(|name| spdx::license_id(name)).collect();
    for package in &metadata().packages {
        if package.source.is_none() {
            continue;
        }
        let source = package.source.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(source.starts_with("registry+"), "{} comes from {source}", package.name);
        let text = package.license.clone().unwrap_or_default();
        let expression = spdx::Expression::parse_mode(&text, spdx::ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{}: {text:?}: {error}", package.name));
        let fits = expression
            .evaluate(|required| required.license.id().is_some_and(|id| allowed.contains(&id)));
        assert!(fits, "{} is licensed under {text}", package.name);
    }
}
