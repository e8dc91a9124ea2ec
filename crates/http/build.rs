//! Builds the web application's files into the program: brotli-compressed in release builds, read from the folder in
//! debug builds. Without `web/dist` the program still builds and says how to make it.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-check-cfg=cfg(web_application)");
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let built = web.join("dist");
    if !built.join("index.html").is_file() {
        // A path that does not exist would make every build run this anew, so the nearest one that does is watched.
        println!("cargo::rerun-if-changed={}", web.display());
        return Ok(());
    }
    println!("cargo::rustc-cfg=web_application");
    println!("cargo::rerun-if-changed={}", built.display());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let embed = std::env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    // What `memory_serve::load!` includes; its own function would print a warning for every file.
    let folder = fs::canonicalize(&built)?;
    let assets =
        memory_serve::assets_to_code(&folder.to_string_lossy(), &folder, &out, embed, |_| ());
    fs::write(
        out.join("memory_serve_assets.rs"),
        format!("&[(\"default\", {assets})]"),
    )?;
    Ok(())
}
