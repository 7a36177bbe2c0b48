//! What `codesign -d --verbose=2` says of a program.
//!
//! Invariant: pure; an ad-hoc signature names nobody. Source of the form: codesign(1) and Apple's Technical Note TN2206.

use crate::process::About;

/// Reads the words of the tool.
pub fn parse(words: &str) -> About {
    let value = |key: &str| {
        words
            .lines()
            .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))
            .map(str::trim)
            .filter(|value| !value.is_empty() && *value != "not set")
    };
    let team = value("TeamIdentifier");
    let signer = match (team, value("Authority")) {
        (Some(team), _) => team,
        // Apple's own programs have no team.
        (None, Some("Software Signing" | "Apple Mac OS Application Signing")) => "Apple",
        (None, Some(authority)) => authority,
        (None, None) => "",
    };
    About {
        signer: signer.to_owned(),
        bundle_id: value("Identifier").unwrap_or_default().to_owned(),
        ..About::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_apple_and_nobody() {
        let vendor = "Executable=/Applications/Dropbox.app/Contents/MacOS/Dropbox\nIdentifier=com.getdropbox.dropbox\nFormat=app bundle with Mach-O universal (x86_64 arm64)\nCodeDirectory v=20500 size=555 flags=0x10000(runtime) hashes=6+7 location=embedded\nSignature size=9045\nAuthority=Developer ID Application: Dropbox, Inc. (G7HH3F8CAK)\nAuthority=Developer ID Certification Authority\nAuthority=Apple Root CA\nTimestamp=1 Oct 2024 at 10:00:00\nInfo.plist entries=40\nTeamIdentifier=G7HH3F8CAK\nRuntime Version=14.0.0\n";
        let seen = parse(vendor);
        assert_eq!(
            (seen.signer.as_str(), seen.bundle_id.as_str()),
            ("G7HH3F8CAK", "com.getdropbox.dropbox")
        );
        let apple = "Executable=/bin/ls\nIdentifier=com.apple.ls\nAuthority=Software Signing\nAuthority=Apple Code Signing Certification Authority\nAuthority=Apple Root CA\nTeamIdentifier=not set\n";
        assert_eq!(parse(apple).signer, "Apple");
        let adhoc = "Executable=/opt/homebrew/bin/rclone\nIdentifier=a.out\nSignature=adhoc\nTeamIdentifier=not set\n";
        assert_eq!(parse(adhoc).signer, "");
        assert_eq!(
            parse("x: code object is not signed at all\n"),
            About::default()
        );
    }
}
