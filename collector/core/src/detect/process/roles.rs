//! What an operating system's own program is *for*, and who ordinarily starts whom by these roles.
//!
//! **Invariant: roles, not verdicts.** Every name here belongs to an operating system or to a class of ordinary software
//! (an office suite, a browser, a server); none is an attack tool, and no name alone gives a point. Only a pair of roles
//! that ordinary work does not produce (a document that starts a shell, a web server that asks who it is) says
//! something, and what the fleet itself does often takes it back ([`super::daily`]).

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Starts services, jobs and sessions for everybody: services.exe, svchost.exe, systemd.
    Manager,
    /// A part of the system that starts a few known programs or none: lsass.exe, winlogon.exe, spoolsv.exe.
    Closed,
    /// Takes orders from another machine: WMI, WinRM.
    Remote,
    /// What a person clicks in.
    Session,
    Shell,
    /// Runs a script that a file or its arguments bring.
    ScriptHost,
    /// A system's program that runs the code of another file: rundll32, regsvr32, msbuild.
    Loader,
    /// Asks about or changes the system, from a shell: whoami, reg, schtasks, crontab.
    Admin,
    Office,
    Browser,
    Server,
    Installer,
    /// The window of a console program: as ordinary as the program beside it.
    Console,
    Other,
}

impl Role {
    /// Runs what others bring, so that its own rarity says little and its arguments and parent say much.
    pub fn is_tool(self) -> bool {
        matches!(
            self,
            Self::Shell | Self::ScriptHost | Self::Loader | Self::Admin
        )
    }
}

const ROLES: [(Role, &[&str]); 13] = [
    (
        Role::Manager,
        &[
            "services",
            "svchost",
            "taskeng",
            "taskhostw",
            "taskhost",
            "systemd",
            "init",
            "launchd",
            "cron",
            "crond",
            "anacron",
            "atd",
            "xpcproxy",
            "runsvdir",
        ],
    ),
    (
        Role::Closed,
        &[
            "system",
            "smss",
            "csrss",
            "wininit",
            "winlogon",
            "lsass",
            "lsaiso",
            "lsm",
            "spoolsv",
            "dwm",
            "fontdrvhost",
            "logonui",
            "audiodg",
            "searchindexer",
            "searchprotocolhost",
            "searchfilterhost",
            "dns",
            "dfsrs",
            "utilman",
            "consent",
            "sppsvc",
            "ctfmon",
            "registry",
            "werfault",
            "wermgr",
            "securityd",
            "coreaudiod",
            "windowserver",
            "loginwindow",
        ],
    ),
    (
        Role::Remote,
        &["wmiprvse", "wsmprovhost", "winrshost", "scrcons", "sshd"],
    ),
    (
        Role::Session,
        &[
            "explorer",
            "userinit",
            "runtimebroker",
            "sihost",
            "windowsterminal",
            "finder",
            "dock",
            "gnome-shell",
            "gnome-terminal-server",
            "konsole",
            "plasmashell",
            "xfce4-terminal",
            "terminal",
            "iterm2",
            "tmux",
            "login",
            "sudo",
            "su",
        ],
    ),
    (
        Role::Shell,
        &[
            "cmd",
            "powershell",
            "powershell_ise",
            "pwsh",
            "bash",
            "sh",
            "dash",
            "zsh",
            "fish",
            "ksh",
            "csh",
            "tcsh",
            "ash",
            "busybox",
            "wsl",
            "command",
        ],
    ),
    (
        Role::ScriptHost,
        &[
            "wscript",
            "cscript",
            "mshta",
            "hh",
            "python",
            "pythonw",
            "perl",
            "ruby",
            "php",
            "lua",
            "osascript",
            "tclsh",
            "node",
            "deno",
            "awk",
            "gawk",
        ],
    ),
    (
        Role::Loader,
        &[
            "rundll32",
            "regsvr32",
            "regasm",
            "regsvcs",
            "installutil",
            "msbuild",
            "odbcconf",
            "control",
            "cmstp",
            "msiexec",
            "forfiles",
            "pcalua",
            "scriptrunner",
            "presentationhost",
            "msdt",
            "mavinject",
            "infdefaultinstall",
            "dllhost",
            "verclsid",
            "csi",
            "dnx",
            "fsi",
            "ieexec",
            "jsc",
            "vbc",
            "csc",
            "ilasm",
            "microsoft.workflow.compiler",
            "wmic",
            "sdbinst",
            "mofcomp",
            "syncappvpublishingserver",
            "extexport",
            "gpscript",
            "launchctl",
            "insmod",
            "modprobe",
            "ld.so",
            "gdb",
            "dotnet",
        ],
    ),
    (
        Role::Admin,
        &[
            "net",
            "net1",
            "whoami",
            "systeminfo",
            "ipconfig",
            "reg",
            "regedit",
            "regini",
            "sc",
            "schtasks",
            "at",
            "nltest",
            "dsquery",
            "dsget",
            "csvde",
            "ldifde",
            "tasklist",
            "taskkill",
            "netsh",
            "netstat",
            "arp",
            "route",
            "nslookup",
            "ping",
            "tracert",
            "pathping",
            "hostname",
            "quser",
            "query",
            "qwinsta",
            "rwinsta",
            "vssadmin",
            "wbadmin",
            "bcdedit",
            "wevtutil",
            "fsutil",
            "certutil",
            "certreq",
            "bitsadmin",
            "icacls",
            "cacls",
            "takeown",
            "attrib",
            "cipher",
            "auditpol",
            "gpresult",
            "klist",
            "cmdkey",
            "setspn",
            "esentutl",
            "ntdsutil",
            "diskshadow",
            "makecab",
            "expand",
            "extrac32",
            "curl",
            "wget",
            "ftp",
            "tftp",
            "tar",
            "robocopy",
            "xcopy",
            "findstr",
            "find",
            "where",
            "tree",
            "mstsc",
            "rasdial",
            "appcmd",
            "dnscmd",
            "wusa",
            "pnputil",
            "driverquery",
            "dism",
            "replace",
            "print",
            "shutdown",
            "logoff",
            "tscon",
            "runas",
            "mountvol",
            "subst",
            "label",
            "reagentc",
            "psr",
            "clip",
            "finger",
            "id",
            "uname",
            "crontab",
            "useradd",
            "usermod",
            "userdel",
            "passwd",
            "chpasswd",
            "visudo",
            "chattr",
            "setfacl",
            "iptables",
            "nft",
            "ufw",
            "ss",
            "nc",
            "ncat",
            "socat",
            "last",
            "lastlog",
            "w",
            "who",
            "getent",
            "dmesg",
            "lsof",
            "tcpdump",
            "nmap",
            "base64",
            "xxd",
            "openssl",
            "scp",
            "ssh",
            "dscl",
            "defaults",
            "security",
            "csrutil",
            "spctl",
            "systemsetup",
            "sysctl",
            "ifconfig",
            "ip",
            "sw_vers",
            "plutil",
            "launchd_sim",
            "screencapture",
            "setenforce",
            "auditctl",
            "dd",
            "shred",
            "history",
            "groups",
            "lscpu",
            "lsblk",
            "mount",
            "umount",
            "kill",
            "pkill",
        ],
    ),
    (
        Role::Office,
        &[
            "winword",
            "excel",
            "powerpnt",
            "outlook",
            "msaccess",
            "mspub",
            "visio",
            "onenote",
            "eqnedt32",
            "wordpad",
            "soffice.bin",
            "soffice",
            "acrobat",
            "acrord32",
            "foxitreader",
            "foxitpdfreader",
            "thunderbird",
            "evince",
            "hwp",
            "wps",
            "et",
            "wpp",
        ],
    ),
    (
        Role::Browser,
        &[
            "chrome",
            "msedge",
            "firefox",
            "iexplore",
            "opera",
            "brave",
            "vivaldi",
            "safari",
            "chromium",
            "microsoftedge",
            "microsoftedgecp",
        ],
    ),
    (
        Role::Server,
        &[
            "w3wp",
            "httpd",
            "apache2",
            "nginx",
            "php-cgi",
            "php-fpm",
            "lighttpd",
            "caddy",
            "tomcat",
            "sqlservr",
            "mysqld",
            "mariadbd",
            "postgres",
            "oracle",
            "redis-server",
            "mongod",
            "sqlagent",
            "umworkerprocess",
            "umservice",
            "store",
            "edgetransport",
            "ws_tomcatservice",
            "named",
            "vsftpd",
            "smbd",
            "exim4",
            "postfix",
            "jenkins",
        ],
    ),
    (
        Role::Installer,
        &[
            "trustedinstaller",
            "tiworker",
            "dpkg",
            "apt",
            "apt-get",
            "rpm",
            "dnf",
            "yum",
            "pacman",
            "snapd",
            "packagekitd",
            "installer",
            "softwareupdated",
            "winget",
            "usoclient",
            "mousocoreworker",
        ],
    ),
    (Role::Console, &["conhost", "openconsole"]),
];

/// `name` as [`super::normalised_name`] gives it.
pub fn role(name: &str) -> Role {
    let stem = name
        .strip_suffix(".exe")
        .or_else(|| name.strip_suffix(".com"))
        .unwrap_or(name);
    ROLES
        .iter()
        .find(|(_, names)| names.contains(&stem))
        .map_or(Role::Other, |(role, _)| *role)
}

/// Who alone starts these parts of the system: (child, parents). From the system's own start-up order.
const ONLY_UNDER: [(&str, &[&str]); 16] = [
    ("smss.exe", &["system", "smss.exe"]),
    ("csrss.exe", &["smss.exe", "svchost.exe"]),
    ("wininit.exe", &["smss.exe"]),
    ("winlogon.exe", &["smss.exe"]),
    ("services.exe", &["wininit.exe", "winlogon.exe"]),
    ("lsass.exe", &["wininit.exe", "winlogon.exe"]),
    ("lsaiso.exe", &["wininit.exe"]),
    (
        "svchost.exe",
        &["services.exe", "msmpeng.exe", "svchost.exe", "rpcnet.exe"],
    ),
    ("taskhostw.exe", &["svchost.exe"]),
    ("taskhost.exe", &["svchost.exe", "services.exe"]),
    ("runtimebroker.exe", &["svchost.exe"]),
    ("wmiprvse.exe", &["svchost.exe"]),
    ("spoolsv.exe", &["services.exe"]),
    ("searchprotocolhost.exe", &["searchindexer.exe"]),
    ("userinit.exe", &["winlogon.exe", "dwm.exe"]),
    ("logonui.exe", &["winlogon.exe", "wininit.exe"]),
];

/// True when the system itself starts this program in another way only. An unknown parent proves nothing.
pub fn breaks_start_order(child: &str, parent: &str) -> bool {
    !parent.is_empty()
        && ONLY_UNDER
            .iter()
            .any(|(name, parents)| *name == child && !parents.contains(&parent))
}

/// How little ordinary work explains that a parent of one role starts a child of another: 0 (daily) to 5 (hardly ever).
/// The numbers are an order, not a measurement; the fleet's own counts correct them.
pub fn strangeness(parent: Role, child: Role) -> f64 {
    use Role::{
        Admin, Browser, Closed, Installer, Loader, Manager, Office, Other, Remote, ScriptHost,
        Server, Session, Shell,
    };
    match (parent, child) {
        (_, Role::Console) | (Role::Console, _) => 0.0,
        (Office, Shell | ScriptHost | Loader | Admin) => 4.5,
        (Office, Other) => 0.8,
        (Browser, Shell | ScriptHost | Loader | Admin) => 3.0,
        (Server, Shell | ScriptHost | Loader | Admin) => 3.5,
        (Closed, Shell | ScriptHost | Loader | Admin) => 3.5,
        (Closed, Other) => 0.5,
        (Remote, Shell | ScriptHost | Loader | Admin) => 3.0,
        (Remote, Other) => 1.5,
        (ScriptHost, Shell | Loader) => 2.5,
        (ScriptHost, ScriptHost | Admin) => 2.0,
        (ScriptHost, Other) => 0.8,
        (Loader, Shell | ScriptHost | Admin) => 3.0,
        (Loader, Loader | Other) => 1.2,
        (Manager, Shell) => 1.5,
        (Manager, ScriptHost) => 1.5,
        (Manager, Admin | Loader) => 0.6,
        (Admin, Shell | ScriptHost | Loader) => 2.5,
        (Admin, Other) => 1.0,
        (Shell, Loader) => 1.4,
        (Shell, ScriptHost) => 1.0,
        (Shell, Admin) => 1.2,
        (Shell, Shell) => 0.9,
        (Shell, Other) => 0.3,
        (Session, ScriptHost | Loader) => 1.0,
        (Session, Shell) => 0.5,
        (Session, Admin) => 0.8,
        (Installer, Shell | ScriptHost | Admin) => 0.8,
        (Other, Shell | ScriptHost | Loader | Admin) => 1.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_role() {
        let mut all: Vec<&str> = ROLES
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(count, all.len());
    }

    #[test]
    fn a_document_that_starts_a_shell_is_stranger_than_a_person_who_does() {
        let of = |parent, child| strangeness(role(parent), role(child));
        assert!(of("winword.exe", "powershell.exe") > of("explorer.exe", "powershell.exe"));
        assert!(of("w3wp.exe", "cmd.exe") > of("services.exe", "cmd.exe"));
        assert_eq!(of("cmd.exe", "conhost.exe"), 0.0);
    }

    #[test]
    fn the_start_order_is_known_and_silence_proves_nothing() {
        assert!(breaks_start_order("lsass.exe", "explorer.exe"));
        assert!(!breaks_start_order("lsass.exe", "wininit.exe"));
        assert!(!breaks_start_order("lsass.exe", ""));
        assert!(!breaks_start_order("notepad.exe", "lsass.exe"));
    }
}
