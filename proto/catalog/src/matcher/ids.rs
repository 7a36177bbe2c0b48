//! Evidence that is an identifier: packages, bundle ids, desktop ids, flatpaks, snaps, domains.
//!
//! Invariant: an identifier fits whole, or as the parent of the value in its own grammar; never as a substring.
//! Not here: paths that contain identifiers (`place` calls in here for those).

use super::{Found, kin, place, sure};
use crate::account;
use crate::app::Slot;
use crate::index::Catalog;
use crate::normal;
use crate::query::{Context, Flag, Os};

pub(super) fn package<'a>(catalog: &'a Catalog, os: Os, value: &str) -> Option<Found<'a>> {
    let name = normal::package(value);
    if let Some(hit) = catalog.find(os, Slot::Package, &name) {
        return Some(Found::new(hit, sure::PACKAGE));
    }
    let bare = normal::package_without_version(&name);
    if let Some(hit) = catalog.find(os, Slot::Package, &bare) {
        return Some(Found::new(hit, sure::PACKAGE - 0.03));
    }
    if let Some(hit) =
        without_channel(os, &name).and_then(|name| catalog.find(os, Slot::Package, name))
    {
        return Some(Found::new(hit, sure::TRIMMED));
    }
    let other = match os {
        // Distributions call a package after its program.
        Os::Linux => flatpak_known(catalog, &name).or_else(|| {
            place::process_named(catalog, os, &bare)
                .filter(|_| !kin::is_word(&bare) && !is_part(&bare))
                .map(|hit| Found::new(hit, sure::CUT))
        }),
        Os::Macos => bundle_known(catalog, &name),
        // winget answers with the product's own key where it knows no id of its own: `ARP\Machine\X64\Dropbox`.
        Os::Windows => value
            .rsplit_once('\\')
            .and_then(|(_, last)| super::software::by_name(catalog, os, last)),
    };
    other.or_else(|| {
        let name = without_channel(os, &bare).unwrap_or(&bare);
        kin::of_package(catalog, os, name)
    })
}

/// Packages beside the program's: what developers, readers and debuggers want.
fn is_part(name: &str) -> bool {
    ["-dev", "-doc", "-dbg", "-data", "-common", "-l10n"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// `slack@beta` of Homebrew, `Discord.Discord.PTB` of winget: the same app by another channel, file type or machine.
fn without_channel(os: Os, name: &str) -> Option<&str> {
    const CHANNELS: [&str; 22] = [
        "alpha",
        "beta",
        "canary",
        "dev",
        "development",
        "insiders",
        "lts",
        "nightly",
        "preview",
        "ptb",
        "stable",
        "community",
        "managed",
        "portable",
        "install",
        "appx",
        "exe",
        "msi",
        "arm64",
        "x64",
        "x86",
        "cli",
    ];
    match os {
        Os::Linux => None,
        Os::Macos => name
            .split_once('@')
            .map(|(name, _)| name)
            .filter(|name| !name.is_empty()),
        Os::Windows => {
            let mut rest = name;
            while let Some((head, last)) = rest.rsplit_once('.') {
                if !CHANNELS.contains(&last) && !last.bytes().all(|c| c.is_ascii_digit()) {
                    break;
                }
                rest = head;
            }
            (rest.len() < name.len()).then_some(rest)
        }
    }
}

pub(super) fn bundle<'a>(catalog: &'a Catalog, value: &str) -> Option<Found<'a>> {
    let lower = value.trim().to_lowercase();
    // What `launchctl` calls a running app: `application.com.vendor.app.1.2`.
    let lower = lower.strip_prefix("application.").unwrap_or(&lower);
    if let Some((vendor, _)) = lower.split_once('*') {
        return bundle_pattern(catalog, vendor.trim_end_matches('.'));
    }
    bundle_known(catalog, lower).or_else(|| {
        // A file's name may have one dot, too.
        let reversed = lower.matches('.').count() >= 2;
        kin::of_id(catalog, Os::Macos, lower).filter(|_| reversed)
    })
}

/// `com.vendor.app*` for all the helpers of an app, `com.vendor.*` where the vendor has no other app here.
fn bundle_pattern<'a>(catalog: &'a Catalog, opening: &str) -> Option<Found<'a>> {
    bundle_known(catalog, opening).or_else(|| {
        catalog
            .find_bundles(opening)
            .map(|hit| Found::new(hit, sure::TRIMMED))
    })
}

/// `com.tinyspeck.slackmacgap`, its helpers below it, and the forms with a team or `group.` in front.
pub(super) fn bundle_known<'a>(catalog: &'a Catalog, value: &str) -> Option<Found<'a>> {
    let lower = value.trim().to_lowercase();
    let mut id = lower.as_str();
    // The value itself, without its team, without the `group.` behind the team.
    for _ in 0..3 {
        if let Some(hit) = parent_of(catalog, Slot::Bundle, Os::Macos, id) {
            let whole = hit.fact.text.eq_ignore_ascii_case(id);
            return Some(Found::new(
                hit,
                if whole { sure::ID } else { sure::ID - 0.03 },
            ));
        }
        let (first, rest) = id.split_once('.')?;
        let team = first.len() == 10 && first.bytes().all(|c| c.is_ascii_alphanumeric());
        if !team && first != "group" {
            return None;
        }
        id = rest;
    }
    None
}

/// Looks for the value and then for what is left of each last dot; two labels at least.
fn parent_of<'a>(
    catalog: &'a Catalog,
    slot: Slot,
    os: Os,
    value: &str,
) -> Option<crate::index::Hit<'a>> {
    let mut id = value;
    while id.contains('.') {
        if let Some(hit) = catalog
            .find(os, slot, id)
            .filter(|hit| !hit.weak() || id == value)
        {
            return Some(hit);
        }
        id = id.rsplit_once('.')?.0;
    }
    if id == value {
        catalog.find(os, slot, id)
    } else {
        None
    }
}

pub(super) fn desktop<'a>(catalog: &'a Catalog, value: &str) -> Option<Found<'a>> {
    desktop_known(catalog, value).or_else(|| {
        let base = value.trim().rsplit('/').next().unwrap_or_default();
        let id = base.strip_suffix(".desktop").unwrap_or(base);
        place::process_named(catalog, Os::Linux, id)
            .filter(|_| !kin::is_word(id))
            .map(|hit| Found::new(hit, sure::CUT))
            .or_else(|| kin::of_id(catalog, Os::Linux, &id.to_lowercase()))
    })
}

/// `slack.desktop`, `slack_slack.desktop` of a snap, `com.slack.Slack.desktop` of a flatpak, ids that launchers wrap.
fn desktop_known<'a>(catalog: &'a Catalog, value: &str) -> Option<Found<'a>> {
    let lower = value.trim().to_lowercase();
    let base = lower.rsplit('/').next().unwrap_or_default();
    // Some ids end in `.desktop` themselves: `org.telegram.desktop`.
    let id = base.strip_suffix(".desktop").unwrap_or(base);
    for form in [id, base] {
        let hit = catalog.find(Os::Linux, Slot::Desktop, form);
        if let Some(hit) = hit.or_else(|| catalog.find(Os::Linux, Slot::Flatpak, form)) {
            return Some(Found::new(hit, sure::DESKTOP));
        }
    }
    if let Some((name, _)) = id.split_once('_')
        && let Some(hit) = catalog.find(Os::Linux, Slot::Snap, name)
    {
        return Some(Found::new(hit, sure::DESKTOP));
    }
    if let Some(wrapped) = id
        .strip_prefix("appimagekit")
        .and_then(|rest| rest.split_once('-'))
        .map(|(_, name)| name)
    {
        let mut found = catalog
            .find(Os::Linux, Slot::Desktop, wrapped)
            .or_else(|| catalog.find(Os::Linux, Slot::Desktop, &normal::bare_name(wrapped)))
            .map(|hit| Found::new(hit, sure::TRIMMED))?;
        found.flag(Flag::Portable);
        return Some(found);
    }
    // `userapp-Telegram Desktop-ABC123`: what a desktop writes for a file type bound by hand.
    let wrapped = id
        .strip_prefix("userapp-")
        .and_then(|rest| rest.rsplit_once('-'))
        .map(|(name, _)| name)?;
    let hit = catalog
        .find(Os::Linux, Slot::Desktop, wrapped)
        .or_else(|| catalog.find(Os::Linux, Slot::Name, wrapped))?;
    Some(Found::new(hit, sure::TRIMMED))
}

pub(super) fn flatpak<'a>(catalog: &'a Catalog, value: &str) -> Option<Found<'a>> {
    flatpak_known(catalog, value).or_else(|| kin::of_id(catalog, Os::Linux, &flatpak_id(value)))
}

/// `com.slack.Slack`, a full ref `app/com.slack.Slack/x86_64/stable`, an extension below the id.
fn flatpak_known<'a>(catalog: &'a Catalog, value: &str) -> Option<Found<'a>> {
    let hit = parent_of(catalog, Slot::Flatpak, Os::Linux, &flatpak_id(value))?;
    Some(Found::new(hit, sure::ID))
}

/// The id in a full ref.
fn flatpak_id(value: &str) -> String {
    let lower = value.trim().to_lowercase();
    let rest = lower
        .strip_prefix("app/")
        .or_else(|| lower.strip_prefix("runtime/"))
        .unwrap_or(&lower);
    let id = rest.split(['/', ' ', '\t']).next().unwrap_or_default();
    id.to_owned()
}

/// `slack`, `slack_work` (a parallel install), `snap.slack.slack`, `slack/148`.
pub(super) fn snap<'a>(catalog: &'a Catalog, value: &str) -> Option<Found<'a>> {
    let lower = value.trim().to_lowercase();
    let rest = lower
        .strip_prefix("snap.")
        .or_else(|| lower.strip_prefix("snap:"))
        .unwrap_or(&lower);
    let rest = rest.strip_suffix(".snap").unwrap_or(rest);
    let name = rest
        .split(['/', '.', '_', ' ', '\t'])
        .next()
        .unwrap_or_default();
    catalog
        .find(Os::Linux, Slot::Snap, name)
        .map(|hit| Found::new(hit, sure::ID))
        .or_else(|| package(catalog, Os::Linux, name).map(|found| found.at_most(sure::CUT)))
}

pub(super) fn domain<'a>(catalog: &'a Catalog, os: Os, value: &str) -> Option<Found<'a>> {
    let host = normal::host(value);
    if let Some(hit) = catalog.find_open(os, Slot::Domain, &host) {
        return Some(Found::new(hit, sure::DOMAIN));
    }
    parent_domain(catalog, os, &host).map(|hit| Found::new(hit, sure::DOMAIN))
}

/// The host itself, then every domain above it.
fn parent_domain<'a>(catalog: &'a Catalog, os: Os, host: &str) -> Option<crate::index::Hit<'a>> {
    let mut rest = host;
    loop {
        if let Some(hit) = catalog.find(os, Slot::Domain, rest) {
            return Some(hit);
        }
        rest = rest.split_once('.')?.1;
    }
}

/// `contoso-my.sharepoint.com` names the tenant; the consumer service has hosts of its own.
pub(super) fn onedrive_account(value: &str, context: &Context) -> Option<Flag> {
    let host = normal::host(value);
    if let Some(label) = host.strip_suffix("-my.sharepoint.com") {
        return Some(account::of_tenant_label(label, context));
    }
    let consumer = [
        "live.com",
        "live.net",
        "1drv.ms",
        "1drv.com",
        "livefilestore.com",
        "onedrive.com",
    ];
    consumer
        .iter()
        .any(|own| host == *own || host.ends_with(&format!(".{own}")))
        .then_some(Flag::Personal)
}

/// The tenant's name in `contoso.sharepoint.com` and `contoso-my.sharepoint.com`.
pub(super) fn sharepoint_organisation(value: &str) -> Option<String> {
    let host = normal::host(value);
    let (label, rest) = host.split_once('.')?;
    let label = label
        .strip_suffix("-my")
        .or_else(|| label.strip_suffix("-admin"))
        .unwrap_or(label);
    (rest.starts_with("sharepoint.") && label != "www").then(|| label.to_owned())
}
