//! The agent as an MSI, by `wixl` and `msibuild` (Debian: wixl, msitools).
//!
//! **Invariant:** wixl ignores some attributes with a warning and exit code 0, so warnings are fatal here, what it cannot
//! write is added as table rows, and the finished tables are read back. Not here: signing; the Windows program itself
//! (`cargo xtask test --cross` builds it).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::{Plan, stage};
use crate::{
    fetch::debian,
    step::{output, root, show},
};

/// What an admin may say on msiexec's command line; secure: they reach the elevated half of the installation.
const SECURE: &str = "SERVER;TOKEN;CA;PROXY;KEEP";

pub fn pack(program: &Path, plan: &Plan) -> Result<PathBuf> {
    debian::ensure("the MSI", &[("wixl", "wixl"), ("msibuild", "msitools")])?;
    let folder = plan.out.join("msi");
    fs::create_dir_all(&folder)?;
    fs::copy(program, folder.join("weft-agent.exe"))
        .with_context(|| format!("{} is missing", program.display()))?;
    fs::copy(root().join("docs/privacy.md"), folder.join("privacy.md"))?;
    fs::copy(root().join("LICENSE"), folder.join("LICENSE.txt"))?;
    fs::write(
        folder.join("weft-agent.wxs"),
        stage::fill(
            "agent/packaging/windows/weft-agent.wxs",
            &[("VERSION", plan.version)],
        )?,
    )?;
    let name = format!("weft-agent-{}-x64.msi", plan.version);
    show(
        Command::new("wixl")
            .env("G_DEBUG", "fatal-warnings")
            .args(["-a", "x64", "-o", &name, "weft-agent.wxs"])
            .current_dir(&folder),
    )?;
    complete(&folder, &name)?;
    check(&folder, &name)?;
    let package = plan.out.join(&name);
    fs::copy(folder.join(&name), &package)?;
    fs::remove_dir_all(&folder)?;
    Ok(package)
}

/// The rows that wixl has no words for.
fn complete(folder: &Path, msi: &str) -> Result<()> {
    let properties = table(folder, msi, "Property")?;
    let secure = value(&properties, "SecureCustomProperties")
        .map_or_else(|| SECURE.to_owned(), |made| format!("{made};{SECURE}"));
    query(
        folder,
        msi,
        &if value(&properties, "SecureCustomProperties").is_some() {
            format!(
                "UPDATE `Property` SET `Value`='{secure}' WHERE `Property`='SecureCustomProperties'"
            )
        } else {
            format!(
                "INSERT INTO `Property` (`Property`, `Value`) VALUES ('SecureCustomProperties', '{secure}')"
            )
        },
    )?;
    // Started late, so that it never slows a sign-in; started again when it fails, whatever the reason.
    import(
        folder,
        msi,
        "MsiServiceConfig",
        "MsiServiceConfig\tName\tEvent\tConfigType\tArgument\tComponent_\r\n\
         s72\ts255\ti4\ti4\tL0\ts72\r\n\
         MsiServiceConfig\tMsiServiceConfig\r\n\
         Delayed\tweft-agent\t1\t3\t1\tProgram\r\n",
    )?;
    import(
        folder,
        msi,
        "MsiServiceConfigFailureActions",
        "MsiServiceConfigFailureActions\tName\tEvent\tResetPeriod\tRebootMessage\tCommand\tActions\tDelayActions\tComponent_\r\n\
         s72\ts255\ti4\tI4\tL255\tL255\tL0\tL0\ts72\r\n\
         MsiServiceConfigFailureActions\tMsiServiceConfigFailureActions\r\n\
         Restart\tweft-agent\t1\t86400\t\t\t1[~]1[~]1\t60000[~]60000[~]60000\tProgram\r\n",
    )?;
    query(
        folder,
        msi,
        "INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) VALUES ('MsiConfigureServices', 'VersionMsi>=\"5.00\"', 5850)",
    )
}

/// An MSI that logs its token or forgets its service is worse than none.
fn check(folder: &Path, msi: &str) -> Result<()> {
    let properties = table(folder, msi, "Property")?;
    let has = |name: &str, word: &str| {
        value(&properties, name).is_some_and(|value| value.split(';').any(|one| one == word))
    };
    ensure!(
        has("MsiHiddenProperties", "TOKEN"),
        "the MSI would write the token into its log"
    );
    ensure!(
        SECURE
            .split(';')
            .all(|word| has("SecureCustomProperties", word)),
        "the MSI's properties would not reach the installation"
    );
    for (name, row) in [
        ("ServiceInstall", "weft-agent"),
        ("ServiceControl", "weft-agent"),
        ("MsiServiceConfigFailureActions", "weft-agent"),
        ("InstallExecuteSequence", "MsiConfigureServices"),
        ("InstallExecuteSequence", "LeaveNothing"),
        ("Registry", "Software\\Weft\\Agent"),
    ] {
        ensure!(
            table(folder, msi, name)?.contains(row),
            "the MSI's table {name} lacks {row}"
        );
    }
    Ok(())
}

fn table(folder: &Path, msi: &str, name: &str) -> Result<String> {
    output(
        Command::new("msiinfo")
            .args(["export", msi, name])
            .current_dir(folder),
    )
}

fn value<'a>(table: &'a str, name: &str) -> Option<&'a str> {
    table
        .lines()
        .filter_map(|line| line.trim_end().split_once('\t'))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn query(folder: &Path, msi: &str, sql: &str) -> Result<()> {
    show(
        Command::new("msibuild")
            .args([msi, "-q", sql])
            .current_dir(folder),
    )
}

fn import(folder: &Path, msi: &str, name: &str, rows: &str) -> Result<()> {
    let file = format!("{name}.idt");
    fs::write(folder.join(&file), rows)?;
    show(
        Command::new("msibuild")
            .args([msi, "-i", &file])
            .current_dir(folder),
    )
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_property_is_found_by_its_whole_name() {
        let table = "Property\tValue\r\ns72\tl0\r\nTOKENS\tno\r\nTOKEN\tyes\r\n";
        assert_eq!(value(table, "TOKEN"), Some("yes"));
        assert_eq!(value(table, "TOK"), None);
    }
}
