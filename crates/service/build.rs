//! Lets cargo see when a file joins or leaves the folders that `src/content/library.rs` embeds: the
//! compiler itself watches only the files that were there before.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for folder in ["skills", "prompts", "rules"] {
        println!("cargo::rerun-if-changed=../../{folder}");
    }
}
