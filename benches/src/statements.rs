//! The statements that the program itself sends, read from the server's log: what is compared is what runs.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A statement with the values of its parameters, as PostgreSQL logged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    /// The server's process.
    process: String,
    pub(crate) sql: String,
    /// `None` for null.
    parameters: Vec<Option<String>>,
}

/// The statements of one transaction, `begin` and `commit` included.
#[derive(Clone, Debug)]
pub(crate) struct Exchange(pub(crate) Vec<Logged>);

impl Logged {
    /// The text with its parameters written into it. In a value, each first of `variables` becomes the second, an
    /// expression of type text.
    pub(crate) fn inlined(&self, variables: &[(&str, &str)]) -> String {
        let mut text = String::with_capacity(self.sql.len());
        let mut rest = self.sql.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            text.push_str(before);
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (number, behind) = after.split_at(digits);
            rest = behind;
            let value = number
                .parse::<usize>()
                .ok()
                .and_then(|number| self.parameters.get(number.checked_sub(1)?));
            match value {
                Some(Some(value)) => push_literal(&mut text, value, variables),
                Some(None) => text.push_str("NULL"),
                None => {
                    text.push('$');
                    text.push_str(number);
                }
            }
        }
        text.push_str(rest);
        text
    }
}

/// A literal, or an expression that puts variables into one. An array's type does not follow from where it stands, except
/// where something is compared with its elements; those that vary are ids.
fn push_literal(text: &mut String, value: &str, variables: &[(&str, &str)]) {
    let mut literal = format!("'{}'", value.replace('\'', "''"));
    for (part, expression) in variables {
        literal = literal.replace(part, &format!("' || {expression} || '"));
    }
    let varies = literal.contains(" || ");
    let compared = text.ends_with("= ANY (");
    let kind = if value.starts_with('{') && value.ends_with('}') {
        match (compared, varies) {
            (true, false) => "",
            (true, true) => "::uuid[]",
            (false, _) => "::text[]",
        }
    } else if varies && is_id(value) {
        "::uuid"
    } else {
        ""
    };
    // Writing to a String cannot fail.
    let _ = write!(text, "({literal}){kind}");
}

fn is_id(value: &str) -> bool {
    value.len() == 36
        && value
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

impl Exchange {
    /// A script for pgbench that sends these statements in one pipeline, as the program does.
    pub(crate) fn script(&self, setup: &str, variables: &[(&str, &str)]) -> String {
        let mut script = format!("{setup}\n\\startpipeline\n");
        for statement in &self.0 {
            let _ = writeln!(script, "{};", statement.inlined(variables));
        }
        script.push_str("\\endpipeline\n");
        script
    }

    /// Without the statements that `keep` refuses.
    pub(crate) fn only(mut self, keep: impl Fn(&str) -> bool) -> Exchange {
        self.0.retain(|statement| {
            keep(&statement.sql)
                || is_acting(&statement.sql)
                || is_begin(&statement.sql)
                || is_commit(&statement.sql)
        });
        self
    }

    /// The statements that are not about the transaction itself.
    pub(crate) fn work(&self) -> impl Iterator<Item = &Logged> {
        self.0.iter().filter(|statement| {
            !is_begin(&statement.sql) && !is_commit(&statement.sql) && !is_acting(&statement.sql)
        })
    }
}

fn is_begin(sql: &str) -> bool {
    sql.starts_with("begin")
}

/// Says who acts. A list's statement hands its ids over by a setting as well, and is work.
fn is_acting(sql: &str) -> bool {
    sql.contains("set_config('kith.user'") || sql.contains("set_config('kith.organization'")
}

fn is_commit(sql: &str) -> bool {
    sql.starts_with("commit")
}

/// The end of a server's log, from a place that was its end before.
pub(crate) struct Log {
    path: PathBuf,
    from: u64,
}

impl Log {
    pub(crate) fn here(path: &Path) -> Result<Log> {
        let from = std::fs::metadata(path)
            .with_context(|| format!("the server's log {}", path.display()))?
            .len();
        Ok(Log {
            path: path.to_owned(),
            from,
        })
    }

    /// What was written since.
    pub(crate) fn read(&self) -> Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The transaction among those logged that ran a statement `wanted` accepts.
pub(crate) fn exchange(log: &str, wanted: impl Fn(&str) -> bool) -> Option<Exchange> {
    let logged = parse(log);
    let found = logged
        .iter()
        .rposition(|statement| wanted(&statement.sql))?;
    let process = &logged.get(found)?.process;
    let of_process = |from: usize, to: usize| {
        logged
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .filter(|statement| &statement.process == process)
    };
    let began = logged
        .iter()
        .take(found)
        .rposition(|statement| &statement.process == process && is_begin(&statement.sql))?;
    let mut statements = Vec::new();
    for statement in of_process(began, logged.len()) {
        statements.push(statement.clone());
        if is_commit(&statement.sql) {
            return Some(Exchange(statements));
        }
    }
    None
}

/// The last statement that a cursor was opened for, with its parameters written into it.
pub(crate) fn declared(log: &str) -> Option<String> {
    let logged = parse(log);
    let found = logged
        .iter()
        .rev()
        .find(|statement| statement.sql.starts_with("declare "))?;
    let text = found.inlined(&[]);
    text.split_once(" cursor for ")
        .map(|(_, statement)| statement.to_owned())
}

/// The statements of a log written with `log_statement = all`.
fn parse(log: &str) -> Vec<Logged> {
    let mut found: Vec<Logged> = Vec::new();
    for entry in entries(log) {
        let Some((process, message)) = message(&entry) else {
            continue;
        };
        let sql = message.strip_prefix("LOG:  statement: ").or_else(|| {
            message
                .strip_prefix("LOG:  execute ")
                .and_then(|rest| rest.split_once(": "))
                .map(|(_, sql)| sql)
        });
        if let Some(sql) = sql {
            found.push(Logged {
                process: process.to_owned(),
                sql: sql.trim_end_matches(';').to_owned(),
                parameters: Vec::new(),
            });
        } else if let Some(detail) = message.strip_prefix("DETAIL:  ")
            && let Some((head, values)) = detail.split_once(": ")
            && head.eq_ignore_ascii_case("parameters")
            && let Some(last) = found
                .iter_mut()
                .rev()
                .find(|statement| statement.process == process)
        {
            last.parameters = parameters(values);
        }
    }
    found
}

/// What `auto_explain` logged about statements that read one of these tables from within a function.
pub(crate) fn nested_plans(log: &str, tables: &[&str]) -> Vec<String> {
    entries(log)
        .iter()
        .filter_map(|entry| {
            let (_, text) = message(entry)?.1.split_once("plan:\n")?;
            let query = text.strip_prefix("Query Text: ")?;
            let about = tables
                .iter()
                .any(|table| text.contains(&format!(" on {table} ")));
            (about && !query.starts_with("explain")).then(|| text.to_owned())
        })
        .collect()
}

/// Entries; the further lines of one begin with a tab.
fn entries(log: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match (line.strip_prefix('\t'), entries.last_mut()) {
            (Some(further), Some(last)) => {
                last.push('\n');
                last.push_str(further);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    entries
}

/// `2026-11-21 09:10:42.123 UTC [1234] LOG:  …`: the process and the rest.
fn message(entry: &str) -> Option<(&str, &str)> {
    let (head, message) = entry.split_once("] ")?;
    Some((head.rsplit_once('[')?.1, message))
}

/// `$1 = 'it''s', $2 = NULL`.
fn parameters(text: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            values.push(None);
            rest = value.strip_prefix("NULL").unwrap_or(value);
            continue;
        };
        let mut content = String::new();
        let mut characters = quoted.char_indices().peekable();
        let mut end = quoted.len();
        while let Some((index, character)) = characters.next() {
            if character == '\'' && characters.next_if(|(_, next)| *next == '\'').is_none() {
                end = index + 1;
                break;
            }
            content.push(character);
        }
        values.push(Some(content));
        rest = quoted.get(end..).unwrap_or_default();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-11-21 09:10:42.123 UTC [7] LOG:  statement: begin isolation level repeatable read read only\n\
2026-11-21 09:10:42.123 UTC [8] LOG:  statement: select 1\n\
2026-11-21 09:10:42.123 UTC [7] LOG:  execute s0: select set_config('kith.user',$1,true)\n\
2026-11-21 09:10:42.123 UTC [7] DETAIL:  parameters: $1 = 'it''s = me'\n\
2026-11-21 09:10:42.123 UTC [7] LOG:  execute s1: SELECT t.id\n\
\tFROM companies t WHERE t.id = $1 AND $2 IS NULL AND t.x = ANY ($3)\n\
2026-11-21 09:10:42.123 UTC [7] DETAIL:  Parameters: $1 = 'abc 17', $2 = NULL, $3 = '{a,b}'\n\
2026-11-21 09:10:42.123 UTC [7] LOG:  statement: commit\n";

    #[test]
    fn a_transaction_is_found_in_the_log() {
        let exchange = exchange(LOG, |sql| sql.contains("FROM companies")).unwrap();
        let texts: Vec<String> = exchange.0.iter().map(|one| one.inlined(&[])).collect();
        assert_eq!(
            texts,
            [
                "begin isolation level repeatable read read only",
                "select set_config('kith.user',('it''s = me'),true)",
                "SELECT t.id\nFROM companies t WHERE t.id = ('abc 17') AND NULL IS NULL AND t.x = ANY (('{a,b}'))",
                "commit",
            ]
        );
        assert_eq!(exchange.work().count(), 1);
    }

    #[test]
    fn values_become_variables_of_pgbench() {
        let exchange = exchange(LOG, |sql| sql.contains("FROM companies")).unwrap();
        let script = exchange.script("\\set n random(1, 9)", &[("17", ":n")]);
        assert!(script.starts_with("\\set n random(1, 9)\n\\startpipeline\nbegin"));
        assert!(script.contains("t.id = ('abc ' || :n || '')"), "{script}");
        let script = exchange.script("", &[("a", ":n")]);
        assert!(
            script.contains("t.x = ANY (('{' || :n || ',b}')::uuid[])"),
            "{script}"
        );
    }

    #[test]
    fn plans_of_nested_statements_are_found() {
        let log = "t [7] LOG:  duration: 1.2 ms  plan:\n\tQuery Text: SELECT id\n\t FROM companies\n\tIndex Scan on companies t  (cost)\n\
t [7] LOG:  duration: 1.2 ms  plan:\n\tQuery Text: explain SELECT 1\n\tSeq Scan on companies t\n\
t [7] LOG:  duration: 0.1 ms  plan:\n\tQuery Text: SELECT 1\n\tResult\n";
        let found = nested_plans(log, &["companies"]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("Index Scan on companies t"));
    }

    #[test]
    fn the_statement_of_a_cursor_is_found() {
        let log = "t [7] LOG:  execute <unnamed>: declare piecewise no scroll cursor for SELECT t.id FROM companies t WHERE t.x = $1\n\
t [7] DETAIL:  parameters: $1 = '5'\n";
        assert_eq!(
            declared(log).unwrap(),
            "SELECT t.id FROM companies t WHERE t.x = ('5')"
        );
        assert!(declared(LOG).is_none());
    }

    #[test]
    fn other_transactions_are_not_found() {
        assert!(exchange(LOG, |sql| sql.contains("FROM deals")).is_none());
        assert!(exchange("", |_| true).is_none());
    }
}
