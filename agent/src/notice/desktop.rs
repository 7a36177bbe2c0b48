//! One notice on a desktop, through the program that each system has for it.
//!
//! Invariant: text of a notice reaches a program only as one quoted value or one argument; what is built here is pure and
//! tested, and every program that is started is ended after a time. Why no D-Bus library: docs/adr (notices).

use serde::{Deserialize, Serialize};

/// What appears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// One line.
    pub title: String,
    /// A sentence or two.
    pub body: String,
    /// What a click opens.
    pub url: Option<String>,
}

/// Arguments of `gdbus` that show it; the answer is "(uint32 ID,)".
pub fn gdbus_notify(shown: &Shown) -> Vec<String> {
    let actions = match shown.url {
        Some(_) => "['default', 'Open']".to_owned(),
        None => "@as []".to_owned(),
    };
    let mut arguments = call(
        "org.freedesktop.Notifications",
        "/org/freedesktop/Notifications",
        "org.freedesktop.Notifications.Notify",
    );
    arguments.extend([
        gvariant("Weft"),
        "uint32 0".into(),
        gvariant("dialog-information"),
        gvariant(&shown.title),
        // The specification lets a body hold markup.
        gvariant(&markup(&shown.body)),
        actions,
        "@a{sv} {}".into(),
        "int32 -1".into(),
    ]);
    arguments
}

/// Arguments of `gdbus` that print what becomes of notices.
pub fn gdbus_monitor() -> Vec<String> {
    [
        "monitor",
        "--session",
        "--dest",
        "org.freedesktop.Notifications",
        "--object-path",
        "/org/freedesktop/Notifications",
    ]
    .map(str::to_owned)
    .into()
}

/// Arguments of `gdbus` that open a URL through the portal, as a sandboxed program would.
pub fn gdbus_open(url: &str) -> Vec<String> {
    let mut arguments = call(
        "org.freedesktop.portal.Desktop",
        "/org/freedesktop/portal/desktop",
        "org.freedesktop.portal.OpenURI.OpenURI",
    );
    arguments.extend(["''".into(), gvariant(url), "@a{sv} {}".into()]);
    arguments
}

fn call(destination: &str, path: &str, method: &str) -> Vec<String> {
    [
        "call",
        "--session",
        "--timeout",
        "10",
        "--dest",
        destination,
        "--object-path",
        path,
        "--method",
        method,
    ]
    .map(str::to_owned)
    .into()
}

/// Arguments of `notify-send`, where there is no `gdbus`; the link is in the text.
pub fn notify_send(shown: &Shown) -> Vec<String> {
    let body = match &shown.url {
        Some(url) => format!("{}\n{url}", shown.body),
        None => shown.body.clone(),
    };
    vec![
        "--app-name=Weft".into(),
        "--".into(),
        shown.title.clone(),
        markup(&body),
    ]
}

/// A script for PowerShell's standard input. Every character that is not plain is a numeric entity, so nothing of a notice can
/// end the string or the XML around it.
pub fn powershell(shown: &Shown) -> String {
    let launch = match &shown.url {
        Some(url) => format!(" activationType=\"protocol\" launch=\"{}\"", entities(url)),
        None => String::new(),
    };
    let xml = format!(
        "<toast{launch}><visual><binding template=\"ToastGeneric\"><text>{}</text><text>{}</text></binding></visual></toast>",
        entities(&shown.title),
        entities(&shown.body)
    );
    format!(
        "$null = [Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]\n\
         $null = [Windows.Data.Xml.Dom.XmlDocument, Windows.Data.Xml.Dom.XmlDocument, ContentType = WindowsRuntime]\n\
         $xml = New-Object Windows.Data.Xml.Dom.XmlDocument\n\
         $xml.LoadXml('{xml}')\n\
         $toast = New-Object Windows.UI.Notifications.ToastNotification $xml\n\
         [Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('Weft').Show($toast)\n"
    )
}

/// Arguments of `osascript`: the script is fixed, the texts are its arguments.
pub fn osascript(shown: &Shown) -> Vec<String> {
    let body = match &shown.url {
        Some(url) => format!("{} {url}", shown.body),
        None => shown.body.clone(),
    };
    vec![
        "-e".into(),
        "on run argv".into(),
        "-e".into(),
        "display notification (item 2 of argv) with title (item 1 of argv)".into(),
        "-e".into(),
        "end run".into(),
        // Not an option, whatever it begins with.
        format!("Weft: {}", shown.title),
        body,
    ]
}

/// The number of a notice in the answer of [`gdbus_notify`].
pub fn notice_number(answer: &str) -> Option<u32> {
    answer
        .trim()
        .strip_prefix("(uint32 ")?
        .strip_suffix(",)")?
        .parse()
        .ok()
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The owner clicked.
    Opened,
    /// It is gone.
    Closed,
}

/// A line of [`gdbus_monitor`] that is about this notice.
pub fn ending(line: &str, number: u32) -> Option<Ending> {
    let (_, signal) = line.split_once(": org.freedesktop.Notifications.")?;
    let (name, rest) = signal.split_once(" (uint32 ")?;
    let (about, _) = rest.split_once(',')?;
    if about.parse() != Ok(number) {
        return None;
    }
    match name {
        "ActionInvoked" => Some(Ending::Opened),
        "NotificationClosed" => Some(Ending::Closed),
        _ => None,
    }
}

/// A string in GVariant's text form.
fn gvariant(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

fn markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn entities(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || c == ' ' => c.to_string(),
            // XML has no way to write these.
            c if c.is_control() => " ".to_owned(),
            c => format!("&#{};", u32::from(c)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nasty() -> Shown {
        Shown {
            title: "-e 'x'; \u{2019}rm\u{2018} \\ \"q\" $(id) `id`".into(),
            body: "<b>&\u{0}\n--end".into(),
            url: Some("https://weft.example.org/threads/1?a=b&c='d'".into()),
        }
    }

    #[test]
    fn nothing_of_a_notice_leaves_its_quotes() {
        let arguments = gdbus_notify(&nasty());
        assert_eq!(
            arguments[13],
            "'-e \\'x\\'; \u{2019}rm\u{2018} \\\\ \"q\" $(id) `id`'"
        );
        assert_eq!(arguments[14], "'&lt;b&gt;&amp;  --end'");
        let script = powershell(&nasty());
        let xml = script.split('\'').collect::<Vec<_>>();
        assert_eq!(xml.len(), 5, "two quoted strings and no more: {script}");
        assert!(!script.contains('\u{2019}') && !script.contains("$(id)") && !script.contains('`'));
        assert_eq!(script.lines().count(), 6);
        let arguments = osascript(&nasty());
        assert_eq!(
            &arguments[..6],
            &[
                "-e",
                "on run argv",
                "-e",
                "display notification (item 2 of argv) with title (item 1 of argv)",
                "-e",
                "end run"
            ]
        );
        assert!(arguments[6].starts_with("Weft: "));
        assert_eq!(notify_send(&nasty())[1], "--");
    }

    #[test]
    fn answers_and_signals_are_read() {
        assert_eq!(notice_number("(uint32 5,)\n"), Some(5));
        assert_eq!(notice_number("Error: nobody"), None);
        let line = "/org/freedesktop/Notifications: org.freedesktop.Notifications.ActionInvoked (uint32 5, 'default')";
        assert_eq!(ending(line, 5), Some(Ending::Opened));
        assert_eq!(ending(line, 6), None);
        let line = "/org/freedesktop/Notifications: org.freedesktop.Notifications.NotificationClosed (uint32 5, uint32 2)";
        assert_eq!(ending(line, 5), Some(Ending::Closed));
        assert_eq!(ending("Monitoring signals", 5), None);
    }
}
