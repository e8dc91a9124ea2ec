//! Finding the installed PostgreSQL.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::StoreError;

/// The oldest PostgreSQL that the schema runs on.
pub const OLDEST_MAJOR: u32 = 15;

/// Folders where a package may put the programs: each may hold several versions.
const PLACES: [&str; 7] = [
    "/usr/lib/postgresql",
    "/usr/pgsql",
    "/opt/homebrew/opt",
    "/usr/local/opt",
    "/opt/local/lib",
    "/usr/lib64/pgsql",
    "/usr/local/pgsql",
];

/// An installed PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The folder of `postgres` and `initdb`.
    pub folder: PathBuf,
    /// 15, 16, …
    pub major: u32,
}

impl Installation {
    /// The path of one of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Picks the installation to use: the folder given; else one of the cluster's major version; else the newest.
///
/// # Errors
/// [`StoreError::Setup`] saying what is missing, or how to bring a cluster of another major version along.
pub fn choose(
    given: Option<&Path>,
    cluster_major: Option<u32>,
    cluster: &Path,
) -> Result<Installation, StoreError> {
    let mut found = match given {
        Some(folder) => vec![examine(folder).ok_or_else(|| {
            StoreError::setup(format!(
                "KITH_PG_BIN: no `postgres` and `initdb` that run in {}",
                folder.display()
            ))
        })?],
        None => search(),
    };
    found.sort_by_key(|installation| std::cmp::Reverse(installation.major));
    let newest = found.first().cloned();
    let Some(newest) = newest.filter(|newest| newest.major >= OLDEST_MAJOR) else {
        let seen = found.first().map_or_else(
            || "none was found".to_owned(),
            |old| {
                format!(
                    "only version {} was found, in {}",
                    old.major,
                    old.folder.display()
                )
            },
        );
        return Err(StoreError::setup(format!(
            "PostgreSQL {OLDEST_MAJOR} or newer is needed and {seen}. Install it (Debian, Ubuntu: apt-get install postgresql; \
             macOS: brew install postgresql@17), name its folder with KITH_PG_BIN, or give DATABASE_URL of a server"
        )));
    };
    match cluster_major {
        None => Ok(newest),
        Some(major) => found
            .into_iter()
            .find(|one| one.major == major)
            .ok_or_else(|| other_version(major, &newest, cluster)),
    }
}

fn other_version(major: u32, newest: &Installation, cluster: &Path) -> StoreError {
    let cluster = cluster.display();
    StoreError::setup(format!(
        "the data in {cluster} was made by PostgreSQL {major}, and PostgreSQL {} is installed. Either install version \
         {major} beside it; or upgrade the data with the programs of both versions: initdb a new folder, then \
         pg_upgrade --old-bindir <bin of {major}> --new-bindir {} --old-datadir {cluster} --new-datadir <new folder>, \
         and put the new folder in its place; or write a backup with version {major} and restore it into a new data folder",
        newest.major,
        newest.folder.display()
    ))
}

fn search() -> Vec<Installation> {
    let mut folders = Vec::new();
    if let Some(path) = std::env::var_os("PATH") {
        folders
            .extend(std::env::split_paths(&path).filter(|folder| folder.join("initdb").is_file()));
    }
    if let Some(folder) = output(Path::new("pg_config"), "--bindir") {
        folders.push(PathBuf::from(folder.trim()));
    }
    for place in PLACES {
        folders.push(Path::new(place).join("bin"));
        let Ok(entries) = std::fs::read_dir(place) else {
            continue;
        };
        folders.extend(entries.flatten().map(|entry| entry.path().join("bin")));
    }
    let mut found: Vec<Installation> = Vec::new();
    for folder in folders {
        if let Some(installation) = examine(&folder)
            && !found.contains(&installation)
        {
            found.push(installation);
        }
    }
    found
}

fn examine(folder: &Path) -> Option<Installation> {
    // A folder of links may hold only some of the programs; where the links lead, all of them are.
    let real = folder.join("postgres").canonicalize().ok()?;
    let folder = real
        .parent()
        .filter(|parent| parent.join("initdb").is_file())?;
    let version = output(&real, "--version")?;
    Some(Installation {
        folder: folder.to_owned(),
        major: major_of(&version)?,
    })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15; `… 19beta1` is 19.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(2)?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn output(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major_of("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major_of("postgres"), None);
    }

    #[test]
    fn another_major_version_is_refused_with_the_way_to_upgrade() {
        let installed = choose(None, None, Path::new("/data")).unwrap();
        let Err(error) = choose(Some(&installed.folder), Some(9), Path::new("/data")) else {
            panic!("accepted")
        };
        let text = error.to_string();
        assert!(
            text.contains("PostgreSQL 9") && text.contains("pg_upgrade"),
            "{text}"
        );
    }

    #[test]
    fn a_wrong_folder_is_named() {
        let Err(error) = choose(Some(Path::new("/nowhere")), None, Path::new("/data")) else {
            panic!("accepted")
        };
        assert!(error.to_string().contains("KITH_PG_BIN"), "{error}");
    }
}
