//! What the operating system says that processes used, from /proc: the time of the processor, and memory.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// One tick of /proc/<pid>/stat. Linux shows 100 a second on every architecture that PostgreSQL is packaged for.
const TICK: Duration = Duration::from_millis(10);

/// The program and its database server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    /// The program.
    pub(crate) program: u32,
    /// The postmaster, parent of everything that works for PostgreSQL.
    pub(crate) postmaster: u32,
}

/// Time of the processor since the processes began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) program: Duration,
    pub(crate) database: Duration,
}

impl Used {
    /// What was used since an earlier moment.
    pub(crate) fn since(self, earlier: Used) -> Used {
        Used {
            program: self.program.saturating_sub(earlier.program),
            database: self.database.saturating_sub(earlier.database),
        }
    }
}

/// One process's line in /proc.
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that have ended.
    ended: u64,
}

impl Watched {
    /// What both have used so far. PostgreSQL's part is that of its processes, the ended ones included.
    pub(crate) fn used(self) -> Result<Used> {
        let program = stat(self.program).context("the program has ended")?;
        let database = loop {
            // A process that ends meanwhile moves from the list to its parent's account, and might be missed in both.
            let before = self.ended()?;
            let running = self.running()?;
            let after = self.ended()?;
            if before == after {
                break before + running;
            }
        };
        Ok(Used {
            program: TICK * u32::try_from(program.own)?,
            database: TICK * u32::try_from(database)?,
        })
    }

    /// What the postmaster used itself and inherited, in ticks.
    fn ended(self) -> Result<u64> {
        let postmaster = stat(self.postmaster).context("the database server has ended")?;
        Ok(postmaster.own + postmaster.ended)
    }

    /// What the postmaster's processes have used, in ticks.
    fn running(self) -> Result<u64> {
        let mut ticks = 0;
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if let Some(stat) = stat(process).filter(|stat| stat.parent == self.postmaster) {
                ticks += stat.own;
            }
        }
        Ok(ticks)
    }

    /// The program's memory in MiB: what is resident now, and the most that ever was.
    pub(crate) fn memory(self) -> Result<(f64, f64)> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.program))
            .context("the program has ended")?;
        let kibibytes = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|number| number.parse().ok())
                .context("/proc does not tell the memory of a process")
        };
        let mebibytes = |kibibytes: u64| crate::figures::ratio(kibibytes, 1024);
        Ok((
            mebibytes(kibibytes("VmRSS:")?),
            mebibytes(kibibytes("VmHWM:")?),
        ))
    }
}

/// `None` for a process that is no more.
fn stat(process: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// The name in parentheses may hold anything, so fields count from its end.
fn parse_stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        ended: number(13)? + number(14)?,
    })
}

/// The machine in a line: cores, kind of processor, memory.
pub(crate) fn machine() -> String {
    let read = |file: &str| fs::read_to_string(Path::new("/proc").join(file)).unwrap_or_default();
    let processors = read("cpuinfo");
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory: u64 = read("meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    let gibibytes = crate::figures::ratio(memory, 1024 * 1024);
    format!("{cores} cores ({model}), {gibibytes:.0} GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_an_awkward_name_is_read() {
        let line = "12 (a) b (c) S 7 12 12 0 -1 4194560 1 2 3 4 50 60 70 80 20 0 1 0 100 0 0";
        let stat = parse_stat(line).unwrap();
        assert_eq!((stat.parent, stat.own, stat.ended), (7, 110, 150));
    }

    #[test]
    fn a_process_that_is_no_more_has_no_line() {
        assert!(stat(u32::MAX).is_none());
    }
}
