//! The private server's configuration, sized to the machine. Everything stays durable: fsync is never touched.

use std::fmt::Write as _;

const MEGABYTE: u64 = 1024 * 1024;
const GIGABYTE: u64 = 1024 * MEGABYTE;

/// The text of `kith.conf`, for a machine with `memory` bytes that this program may use.
pub(crate) fn configuration(memory: u64, small_shared_memory: bool) -> String {
    let mut text = String::from(
        "# Written by Kith at every start. Put changes of your own into local.conf beside this file: it comes later.\n",
    );
    let buffers = (memory / 8).clamp(128 * MEGABYTE, 2 * GIGABYTE) / MEGABYTE;
    let cache = (memory / 2).max(256 * MEGABYTE) / MEGABYTE;
    let maintenance = (memory / 16).clamp(64 * MEGABYTE, 512 * MEGABYTE) / MEGABYTE;
    let lines = [
        ("max_connections", "100".to_owned()),
        ("shared_buffers", format!("{buffers}MB")),
        ("effective_cache_size", format!("{cache}MB")),
        ("maintenance_work_mem", format!("{maintenance}MB")),
        ("work_mem", "16MB".to_owned()),
        ("random_page_cost", "1.1".to_owned()),
        ("wal_compression", "on".to_owned()),
        ("max_wal_size", "4GB".to_owned()),
        ("min_wal_size", "256MB".to_owned()),
        ("checkpoint_timeout", "15min".to_owned()),
        ("jit", "off".to_owned()),
        ("autovacuum_naptime", "30s".to_owned()),
        ("autovacuum_vacuum_scale_factor", "0.05".to_owned()),
        ("autovacuum_analyze_scale_factor", "0.05".to_owned()),
        ("timezone", "'UTC'".to_owned()),
        ("log_timezone", "'UTC'".to_owned()),
        ("log_line_prefix", "'%m [%p] '".to_owned()),
        ("log_lock_waits", "on".to_owned()),
        ("logging_collector", "off".to_owned()),
        ("log_destination", "'stderr'".to_owned()),
    ];
    for (name, value) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} = {value}");
    }
    if small_shared_memory {
        text.push_str(
            "# /dev/shm is small here (a container's default), too small for parallel queries.\n",
        );
        text.push_str("dynamic_shared_memory_type = mmap\n");
    }
    text
}

/// The memory this program may use, in bytes: the machine's, or less where a container has a limit.
pub(crate) fn memory() -> u64 {
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| parse_meminfo(&text))
        .or_else(sysctl);
    let machine = machine.unwrap_or(4 * GIGABYTE);
    limit.map_or(machine, |limit: u64| limit.min(machine))
}

fn parse_meminfo(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn sysctl() -> Option<u64> {
    let output = std::process::Command::new("sysctl")
        .args(["-n", "hw.memsize"])
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Whether `/dev/shm` exists and holds less than 256 MB.
pub(crate) fn small_shared_memory() -> bool {
    nix::sys::statvfs::statvfs("/dev/shm").is_ok_and(|stat| {
        let (blocks, size): (u64, u64) = (stat.blocks(), stat.fragment_size());
        blocks.saturating_mul(size) < 256 * MEGABYTE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_stay_within_their_bounds() {
        assert!(configuration(512 * MEGABYTE, false).contains("shared_buffers = 128MB\n"));
        assert!(configuration(8 * GIGABYTE, false).contains("shared_buffers = 1024MB\n"));
        assert!(configuration(256 * GIGABYTE, false).contains("shared_buffers = 2048MB\n"));
    }

    #[test]
    fn durability_is_left_alone() {
        let text = configuration(8 * GIGABYTE, true);
        assert!(
            !text.contains("fsync")
                && !text.contains("synchronous_commit")
                && !text.contains("full_page_writes")
        );
        assert!(text.contains("dynamic_shared_memory_type = mmap"));
    }

    #[test]
    fn reads_the_machine_s_memory() {
        assert_eq!(
            parse_meminfo("MemTotal:       16384 kB\nMemFree: 1 kB\n"),
            Some(16384 * 1024)
        );
        assert!(memory() > 64 * MEGABYTE);
    }
}
