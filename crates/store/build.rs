//! Lists the files of `migrations/` so that the program carries them. A file without its partner stops the build.

use std::{collections::BTreeMap, env, error::Error, fmt::Write as _, fs, path::PathBuf};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything this way"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../migrations");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found: BTreeMap<i32, (String, u8)> = BTreeMap::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let (stem, side) = match (name.strip_suffix(".up.sql"), name.strip_suffix(".down.sql")) {
            (Some(stem), _) => (stem, 1),
            (_, Some(stem)) => (stem, 2),
            _ => continue,
        };
        let (number, title) = stem
            .split_once('_')
            .ok_or_else(|| format!("migrations/{name}: the name is not NNNN_name.up.sql"))?;
        let version: i32 = number
            .parse()
            .map_err(|_| format!("migrations/{name}: {number:?} is not a number"))?;
        let kept = found
            .entry(version)
            .or_insert_with(|| (format!("{number}_{title}"), 0));
        if kept.0 != stem {
            return Err(format!("migrations/: {} and {stem} have the same number", kept.0).into());
        }
        kept.1 |= side;
    }
    let mut list = String::from("&[\n");
    for (version, (stem, sides)) in &found {
        if *sides != 3 {
            return Err(format!("migrations/{stem}: needs both .up.sql and .down.sql").into());
        }
        let title = stem.split_once('_').map_or("", |(_, title)| title);
        let path = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../migrations/{stem}");
        writeln!(
            list,
            "Migration {{ version: {version}, name: Cow::Borrowed(\"{title}\"), up: Cow::Borrowed(include_str!({path}.up.sql\"))), \
             down: Cow::Borrowed(include_str!({path}.down.sql\"))) }},"
        )?;
    }
    list.push(']');
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("migrations.rs"),
        list,
    )?;
    Ok(())
}
