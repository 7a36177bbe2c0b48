//! RPM's database is a private format, so its own tool is asked: one process for all paths of a question.
//!
//! Invariant: the tool is only started where a database exists, within a deadline; each answer is checked against the
//! question so that a missing line can never shift owners.
//!
//! Not here: a database that needs repair.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use super::Owner;
use crate::{command, files};

const DATABASES: [&str; 2] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];
const LIMITS: command::Limits = command::Limits {
    time: Duration::from_secs(20),
    max_bytes: 4 * 1024 * 1024,
    max_lines: 100_000,
};
/// Paths per process; an argument list has its own limit.
const BATCH: usize = 200;

fn database(root: &Path) -> Option<String> {
    DATABASES
        .iter()
        .map(|path| files::under(root, path))
        .find(|path| {
            ["rpmdb.sqlite", "Packages", "Packages.db"]
                .iter()
                .any(|name| path.join(name).exists())
        })
        .map(|path| path.to_string_lossy().into_owned())
}

pub fn owners(root: &Path, paths: &[&str]) -> HashMap<String, Owner> {
    let Some(database) = database(root) else {
        return HashMap::new();
    };
    let mut out = HashMap::new();
    for batch in paths.chunks(BATCH) {
        ask(&database, batch, &mut out);
    }
    out
}

fn ask(database: &str, paths: &[&str], out: &mut HashMap<String, Owner>) {
    // Each owner is printed with every file name that it has among the questions' base names would be long; instead the
    // tool answers one line per path, and a count that differs sends us to single questions.
    let format = "%{NAME}\\t%{VERSION}-%{RELEASE}\\n";
    let mut arguments = vec!["--dbpath", database, "-qf", "--qf", format];
    arguments.extend(paths);
    let Some(output) = command::run("rpm", &arguments, LIMITS) else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() == paths.len() {
        for (path, line) in paths.iter().zip(lines) {
            if let Some(owner) = owner_of(line) {
                out.insert((*path).to_owned(), owner);
            }
        }
        return;
    }
    if paths.len() == 1 {
        // Several packages may own one file (multilib): the first is as good as any.
        if let Some((path, owner)) = paths
            .first()
            .zip(lines.iter().find_map(|line| owner_of(line)))
        {
            out.insert((*path).to_owned(), owner);
        }
        return;
    }
    let (left, right) = paths.split_at(paths.len() / 2);
    ask(database, left, out);
    ask(database, right, out);
}

/// "file X is not owned by any package" has no tab.
fn owner_of(line: &str) -> Option<Owner> {
    let (name, version) = line.split_once('\t')?;
    (!name.is_empty() && !name.contains(' ')).then(|| Owner {
        manager: "rpm",
        name: name.to_owned(),
        version: version.to_owned(),
    })
}

/// Calls `each` with name and version of every installed package.
pub fn installed(root: &Path, mut each: impl FnMut(&str, &str)) {
    let Some(database) = database(root) else {
        return;
    };
    let format = "%{NAME}\\t%{VERSION}-%{RELEASE}\\n";
    let Some(output) = command::run(
        "rpm",
        &["--dbpath", &database, "-qa", "--qf", format],
        LIMITS,
    ) else {
        return;
    };
    for owner in String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(owner_of)
    {
        each(&owner.name, &owner.version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_are_owners() {
        assert_eq!(
            owner_of("bash\t5.2.26-3.fc40"),
            Some(Owner {
                manager: "rpm",
                name: "bash".into(),
                version: "5.2.26-3.fc40".into()
            })
        );
        assert_eq!(owner_of("file /x is not owned by any package"), None);
        assert_eq!(owner_of("error: file /x:\tNo such file"), None);
    }

    #[test]
    fn without_a_database_nothing_is_asked() {
        assert_eq!(database(Path::new("/nonexistent")), None);
    }
}
