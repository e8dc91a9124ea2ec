//! The same statements sent straight to PostgreSQL.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::data::{Data, Place};
use crate::figures::ratio;
use crate::processes::Watched;

/// What came of a run of pgbench.
pub(crate) struct Straight {
    /// Transactions a second, without the time of connecting.
    pub(crate) throughput: f64,
    /// Milliseconds of the processor that PostgreSQL used for a transaction.
    pub(crate) processor: f64,
}

/// Runs a script with as many connections, as the application's role.
pub(crate) async fn run(
    data: &Data,
    place: &Place,
    watched: Watched,
    connections: u32,
    time: Duration,
    script: &str,
) -> Result<Straight> {
    let file = data.folder.join("pgbench.sql");
    std::fs::write(&file, script)?;
    let before = watched.used()?;
    let output = place
        .client(data, "pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=1"])
        .arg(format!("--client={connections}"))
        .arg(format!("--time={}", time.as_secs().max(1)))
        .arg("--file")
        .arg(&file)
        .arg(kith_store::embedded::cluster::DATABASE)
        .output()
        .await
        .context("pgbench cannot be started; it comes with PostgreSQL")?;
    let used = watched.used()?.since(before);
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "pgbench failed: {said}{}\nThe script:\n{script}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (throughput, transactions) =
        parse(&said).with_context(|| format!("pgbench said something unexpected:\n{said}"))?;
    let micros = u64::try_from(used.database.as_micros())?;
    Ok(Straight {
        throughput,
        processor: ratio(micros, transactions) / 1000.0,
    })
}

/// Transactions a second, and how many there were.
fn parse(said: &str) -> Option<(f64, u64)> {
    let after = |head: &str| said.lines().find_map(|line| line.strip_prefix(head));
    let transactions = after("number of transactions actually processed: ")?;
    let throughput = after("tps = ")?;
    Some((
        throughput.split_whitespace().next()?.parse().ok()?,
        transactions.split('/').next()?.trim().parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_pgbench_are_found() {
        let said = "pgbench (15.18)\nnumber of transactions actually processed: 1234\nnumber of failed transactions: 0 (0.000%)\n\
latency average = 1.2 ms\ninitial connection time = 9.8 ms\ntps = 5678.901 (without initial connection time)\n";
        let (throughput, transactions) = parse(said).unwrap();
        assert!((throughput - 5678.901).abs() < 0.001);
        assert_eq!(transactions, 1234);
        assert!(parse("nothing").is_none());
    }
}
