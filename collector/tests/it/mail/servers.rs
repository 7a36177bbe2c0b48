//! A real mail world on loopback: exim takes and delivers mail, dovecot gives it out over IMAP, both with configurations and
//! folders of the test's own.
//!
//! **Invariant:** nothing of the machine's own mail is touched, and both end with the value.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use mail_parser::MessageParser;

/// Both servers run as this user when the test runs as root: exim delivers nothing as root.
const USER: &str = "Debian-exim";
/// Far beyond what a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Servers {
    dir: tempfile::TempDir,
    exim: Child,
    dovecot: Child,
    pub smtp: u16,
    pub imap: u16,
    /// The same with TLS from the first byte on; nothing listens there without a certificate.
    pub smtps: u16,
    pub imaps: u16,
}

/// What the servers show, in PEM: certificate and key.
pub struct Shown {
    pub certificate: String,
    pub key: String,
}

/// A mail in somebody's mailbox.
#[derive(Clone, Debug)]
pub struct Mail {
    pub raw: Vec<u8>,
    pub message_id: String,
    pub subject: String,
    pub from_name: String,
    pub reply_to: String,
    pub in_reply_to: String,
    pub references: Vec<String>,
    pub text: String,
    pub html: String,
}

impl Servers {
    pub fn start() -> Self {
        Self::showing(None)
    }

    /// With a certificate both also speak TLS, at once and by STARTTLS.
    pub fn showing(shown: Option<Shown>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (smtp, imap) = (free_port(), free_port());
        let (smtps, imaps) = (free_port(), free_port());
        let root = dir.path();
        for folder in ["spool", "mail", "log", "dovecot"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        // Another user walks in here.
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        let user = who(root);
        let mut exim = exim_config(root, smtp, &user);
        let mut dovecot = dovecot_config(root, imap, &user);
        if let Some(shown) = shown {
            let (certificate, key) = (root.join("shown.pem"), root.join("shown.key"));
            fs::write(&certificate, shown.certificate).unwrap();
            fs::write(&key, shown.key).unwrap();
            let (certificate, key) = (certificate.display(), key.display());
            exim = exim
                .replace(
                    "tls_advertise_hosts =",
                    &format!(
                        "tls_advertise_hosts = *\ntls_certificate = {certificate}\ntls_privatekey = {key}\ntls_on_connect_ports = {smtps}"
                    ),
                )
                .replace(
                    &format!("daemon_smtp_ports = {smtp}"),
                    &format!("daemon_smtp_ports = {smtp} : {smtps}"),
                );
            dovecot = dovecot
                .replace(
                    "ssl = no",
                    &format!("ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}"),
                )
                .replace("port = 0", &format!("port = {imaps}\n    ssl = yes"));
        }
        fs::write(root.join("exim.conf"), exim).unwrap();
        fs::write(root.join("dovecot.conf"), dovecot).unwrap();
        let exim = start(
            "exim4",
            &[
                "-C",
                &root.join("exim.conf").display().to_string(),
                "-bdf",
                "-q1s",
            ],
        );
        let dovecot = start(
            "dovecot",
            &["-F", "-c", &root.join("dovecot.conf").display().to_string()],
        );
        let servers = Self {
            exim,
            dovecot,
            smtp,
            imap,
            smtps,
            imaps,
            dir,
        };
        servers.wait_for(smtp);
        servers.wait_for(imap);
        servers
    }

    fn wait_for(&self, port: u16) {
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                began.elapsed() < PATIENCE,
                "no server on {port}: {}",
                self.logs()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything delivered to somebody, oldest first.
    pub fn mailbox(&self, name: &str) -> Vec<Mail> {
        let maildir = self.dir.path().join("mail").join(name).join("Maildir");
        let mut files: Vec<PathBuf> = ["new", "cur"]
            .iter()
            .flat_map(|folder| fs::read_dir(maildir.join(folder)).into_iter().flatten())
            .flatten()
            .map(|entry| entry.path())
            .collect();
        files.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
        files
            .iter()
            .filter_map(|path| fs::read(path).ok())
            .map(read)
            .collect()
    }

    pub fn logs(&self) -> String {
        let log =
            |name| fs::read_to_string(self.dir.path().join("log").join(name)).unwrap_or_default();
        format!("{}\n{}", log("exim.mainlog"), log("dovecot.log"))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // Dovecot's master ends its children when it is asked to; exim's are short-lived.
        let _ = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.dovecot.id())])
            .status();
        let _ = self.exim.kill();
        let _ = self.exim.wait();
        let _ = self.dovecot.wait();
    }
}

fn read(raw: Vec<u8>) -> Mail {
    let message = MessageParser::default().parse(&raw).unwrap();
    let address = |list: Option<&mail_parser::Address<'_>>| {
        let one = list.and_then(|list| list.first());
        let name = one
            .and_then(|one| one.name())
            .unwrap_or_default()
            .to_owned();
        let address = one
            .and_then(|one| one.address())
            .unwrap_or_default()
            .to_owned();
        (name, address)
    };
    let ids = |value: &mail_parser::HeaderValue<'_>| -> Vec<String> {
        let one = value.as_text().map(|one| vec![one.to_owned()]);
        let list = value
            .as_text_list()
            .map(|list| list.iter().map(|id| id.to_string()).collect());
        one.or(list).unwrap_or_default()
    };
    Mail {
        message_id: message.message_id().unwrap_or_default().to_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        from_name: address(message.from()).0,
        reply_to: address(message.reply_to()).1,
        in_reply_to: ids(message.in_reply_to()).join(" "),
        references: ids(message.references()),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: message.body_html(0).unwrap_or_default().into_owned(),
        raw,
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn start(program: &str, arguments: &[&str]) -> Child {
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    Command::new(program)
        .args(arguments)
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; this test needs exim4 (Debian: exim4-daemon-light) and dovecot (dovecot-imapd)"))
}

/// The user as whom both run; the folders are theirs.
fn who(root: &Path) -> String {
    let id = |what: &[&str]| {
        let done = Command::new("id").args(what).output().unwrap();
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    if id(&["-u"]) != "0" {
        return id(&["-un"]);
    }
    let number = |flag| id(&[flag, USER]).parse::<u32>().ok();
    for folder in ["spool", "mail", "log", "dovecot"] {
        chown(root.join(folder), number("-u"), number("-g")).unwrap();
    }
    USER.to_owned()
}

/// People `ada`, `bob`, `cyd`; the collector's mailbox `weft` with plus addresses; `gone` whose mail comes back; `nobody` who is
/// refused at the door; `slow` who is told to come again.
fn exim_config(root: &Path, port: u16, user: &str) -> String {
    let root = root.display();
    format!(
        "primary_hostname = mx.weft.test
spool_directory = {root}/spool
log_file_path = {root}/log/exim.%slog
pid_file_path = {root}/exim.pid
exim_user = {user}
exim_group = {user}
local_interfaces = <; 127.0.0.1
daemon_smtp_ports = {port}
keep_environment =
acl_smtp_rcpt = rcpt
acl_smtp_data = data
smtp_accept_max = 50
message_size_limit = 50M
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
begin acl
rcpt:
  deny domains = weft.test
       local_parts = nobody
       message = 5.1.1 no such user here
  defer domains = weft.test
       local_parts = slow
       message = 4.2.0 come again
  accept domains = weft.test
  deny message = 5.7.1 relay not permitted
data:
  accept
begin routers
postbox:
  driver = accept
  domains = weft.test
  local_parts = weft
  local_part_suffix = +*
  local_part_suffix_optional
  transport = maildir
gone:
  driver = redirect
  domains = weft.test
  local_parts = gone
  data = :fail: 5.1.1 this mailbox is gone
  allow_fail
person:
  driver = accept
  domains = weft.test
  local_parts = ada : bob : cyd : eve
  transport = maildir
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {root}/mail/$local_part_data/Maildir
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add
  mode = 0600
begin retry
*  *  F,1h,1s
"
    )
}

fn dovecot_config(root: &Path, port: u16, user: &str) -> String {
    let root = root.display();
    format!(
        "base_dir = {root}/dovecot
state_dir = {root}/dovecot
instance_name = weft-test
protocols = imap
listen = 127.0.0.1
log_path = {root}/log/dovecot.log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{root}/mail/%n/Maildir
first_valid_uid = 1
mail_fsync = never
default_internal_user = {user}
default_internal_group = {user}
default_login_user = {user}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={root}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  chroot =
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Done {{
    auto = create
  }}
}}
"
    )
}
