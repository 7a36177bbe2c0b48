//! What a copy of the database tells, what a lost key stops, and how keys change.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, path::Path};

use uuid::Uuid;
use weft_collector_store::control::{
    accounts::SYSTEM,
    bridges::{Bridge, NewBridge},
};

use super::*;
use crate::mail::{MailError, seal::Seal};

const TOKEN: &str = "syt_a-token-that-opens-a-chat";

/// A vault with a key, for tests of other rooms.
pub fn vault() -> Vault {
    Vault::at(Source::Given("07".repeat(32).into()))
}

/// A house in a directory.
struct House {
    dir: tempfile::TempDir,
    config: Config,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().display().to_string();
        let config = Config::load(None, [("WEFT_COLLECTOR__DATA__DIR".to_owned(), data)]).unwrap();
        Self { dir, config }
    }

    async fn control(&self) -> Control {
        Control::connect(&self.config.control_url()).await.unwrap()
    }

    async fn vault(&self, control: &Control) -> Vault {
        Vault::of_house(&self.config, control, Timestamp::UNIX_EPOCH)
            .await
            .unwrap()
    }

    fn key_file(&self) -> std::path::PathBuf {
        self.dir.path().join("pki/secrets.key")
    }

    /// Every byte of the database's files.
    fn bytes(&self) -> Vec<u8> {
        let files = fs::read_dir(self.dir.path()).unwrap().flatten();
        let databases =
            files.filter(|file| file.file_name().to_string_lossy().starts_with("weft.db"));
        databases
            .flat_map(|file| fs::read(file.path()).unwrap())
            .collect()
    }
}

async fn bridge(control: &Control, secret: Sealed, id: Uuid) -> Bridge {
    let new = NewBridge {
        id,
        name: "Help in Matrix".to_owned(),
        platform: "matrix".to_owned(),
        address: "https://chat.example".to_owned(),
        place: "#help".to_owned(),
        secrets: BTreeMap::from([("token".to_owned(), secret)]),
        space: None,
        thread: None,
        outward: true,
        inward: true,
        bots: false,
        trusts_mail: false,
        beyond_everyone: false,
        by: SYSTEM,
        at: Timestamp::UNIX_EPOCH,
    };
    control.bridges().insert(new).await.unwrap().unwrap()
}

async fn opened(vault: &Vault, control: &Control, id: Uuid) -> Result<String, Locked> {
    let bridge = control.bridges().get(id).await.unwrap().unwrap();
    let place = holdings::place_of(id, "token");
    let secret = vault.open(&place, &bridge.secrets["token"])?;
    Ok(secret.expose_secret().to_owned())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn a_sealed_text_opens_only_whole_and_at_its_place() {
    let vault = vault();
    let sealed = vault.seal("bridge 1 token", &TOKEN.into()).unwrap();
    assert!(!sealed.as_text().contains(TOKEN));
    let open = |place: &str, text: &str| vault.open(place, &Sealed::from_text(text.to_owned()));
    let secret = open("bridge 1 token", sealed.as_text()).unwrap();
    assert_eq!(secret.expose_secret(), TOKEN);
    assert_eq!(
        open("bridge 2 token", sealed.as_text()).unwrap_err(),
        Locked::Damaged
    );
    // The same words twice look different, so nobody sees that two bridges share a token.
    let twice = vault.seal("bridge 1 token", &TOKEN.into()).unwrap();
    assert_ne!(twice, sealed);
    let body = sealed.as_text().rfind(':').unwrap() + 1;
    for at in body..sealed.as_text().len() {
        let mut forged = sealed.as_text().as_bytes().to_vec();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        if forged != sealed.as_text() {
            assert_eq!(
                open("bridge 1 token", &forged).unwrap_err(),
                Locked::Damaged,
                "{at}"
            );
        }
    }
    for cut in [
        "",
        "x",
        "abcd1234:",
        "abcd1234:AAAA",
        &sealed.as_text()[FORM.len()..body],
    ] {
        assert!(
            open("bridge 1 token", &format!("{FORM}{cut}")).is_err(),
            "{cut}"
        );
    }
}

#[test]
fn what_is_no_key_is_named_with_its_line_and_never_shown() {
    let good = "ab".repeat(32);
    let two = KeyRing::parse(
        &format!("# mine\n{good} # old\n\n{}\n", "cd".repeat(32)),
        "f",
    )
    .unwrap();
    assert_eq!(two.names().len(), 2);
    let wrong = |text: &str| match KeyRing::parse(text, "the file") {
        Ok(_) => panic!("taken"),
        Err(why) => why.to_string(),
    };
    let words = wrong(&format!("{good}\nhunter2\n"));
    assert!(
        words.contains("line 2") && words.contains("openssl rand"),
        "{words}"
    );
    assert!(!words.contains("hunter2"));
    assert!(wrong("# only words\n").contains("no key"));
    assert!(wrong(&format!("{good} ").repeat(17)).contains("retire"));
}

#[tokio::test]
async fn what_an_older_collector_left_plain_is_sealed_and_gone_from_the_file() {
    let house = House::new();
    let control = house.control().await;
    let (id, mail_key) = (Uuid::now_v7(), "7".repeat(64));
    bridge(&control, Sealed::from_text(TOKEN.to_owned()), id).await;
    let plain = serde_json::json!({"key": mail_key});
    let settings = control.settings();
    settings
        .set("mail.seal", &plain, "system", Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    let before = control.bridges().get(id).await.unwrap().unwrap().changed_at;
    let vault = house.vault(&control).await;
    assert_eq!(opened(&vault, &control, id).await.unwrap(), TOKEN);
    // Whoever runs the bridge goes on.
    let after = control.bridges().get(id).await.unwrap().unwrap().changed_at;
    assert_eq!(before, after);
    // Addresses and links that are out there still open.
    let now = Timestamp::UNIX_EPOCH;
    let seal = Seal::open(&control, &vault, [1; 32], now).await.unwrap();
    let word = Seal::new([0x77; 32]).seal(crate::mail::seal::Purpose::Stop, b"x");
    assert!(
        seal.unseal(crate::mail::seal::Purpose::Stop, &word)
            .is_some()
    );
    // The last connection that closes writes the log back into the file.
    control.close().await.unwrap();
    let bytes = house.bytes();
    assert!(holds(&bytes, FORM), "the test looks at the right files");
    assert!(!holds(&bytes, TOKEN));
    assert!(!holds(&bytes, &mail_key));
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_lies_beside_the_authority_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    house.vault(&house.control().await).await;
    let mode = fs::metadata(house.key_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Whoever comes second takes the key that is there.
    let text = fs::read(house.key_file()).unwrap();
    house.vault(&house.control().await).await;
    keys::make(&house.key_file()).unwrap();
    assert_eq!(fs::read(house.key_file()).unwrap(), text);
}

#[tokio::test]
async fn a_lost_key_is_not_replaced_in_silence_and_works_again_when_it_is_back() {
    let house = House::new();
    let control = house.control().await;
    let vault = house.vault(&control).await;
    let id = Uuid::now_v7();
    let sealed = vault.seal(&holdings::place_of(id, "token"), &TOKEN.into());
    bridge(&control, sealed.unwrap(), id).await;
    let aside = house.dir.path().join("aside");
    fs::rename(house.key_file(), &aside).unwrap();

    let vault = house.vault(&control).await;
    assert!(!house.key_file().exists());
    let words = opened(&vault, &control, id).await.unwrap_err().to_string();
    assert!(words.contains("secrets.key is missing"), "{words}");
    let refused = Seal::open(&control, &vault, [1; 32], Timestamp::UNIX_EPOCH).await;
    assert!(matches!(refused, Err(MailError::Sealed(_))));

    // Another key opens nothing, and the words name the one that is wanted.
    keys::make(&house.key_file()).unwrap();
    let wanted = key_of(&control.bridges().get(id).await.unwrap().unwrap().secrets["token"])
        .unwrap()
        .to_owned();
    let other = opened(&vault, &control, id).await.unwrap_err();
    assert!(
        matches!(&other, Locked::OtherKey { wanted: named, .. } if *named == wanted),
        "{other}"
    );

    // Back again: the same vault opens it without a new start.
    fs::rename(&aside, house.key_file()).unwrap();
    assert_eq!(opened(&vault, &control, id).await.unwrap(), TOKEN);
}

#[tokio::test]
async fn keys_change_while_a_collector_runs() {
    let house = House::new();
    let control = house.control().await;
    let running = house.vault(&control).await;
    let id = Uuid::now_v7();
    let place = holdings::place_of(id, "token");
    bridge(&control, running.seal(&place, &TOKEN.into()).unwrap(), id).await;

    keys::add(&house.key_file()).unwrap();
    let beside = house.vault(&control).await;
    let stored = control.bridges().get(id).await.unwrap().unwrap();
    assert!(beside.is_current(&stored.secrets["token"]));
    // The running one learns of the key when it meets it, and seals with it from then on.
    assert_eq!(opened(&running, &control, id).await.unwrap(), TOKEN);
    let again = running.seal(&place, &TOKEN.into()).unwrap();
    assert!(beside.is_current(&again));

    keys::keep_newest(&house.key_file()).unwrap();
    let after = house.vault(&control).await;
    assert_eq!(after.key_names().len(), 1);
    assert_eq!(opened(&after, &control, id).await.unwrap(), TOKEN);
}

#[tokio::test]
async fn what_a_lost_key_sealed_can_be_forgotten() {
    let house = House::new();
    let control = house.control().await;
    let vault = house.vault(&control).await;
    let id = Uuid::now_v7();
    let sealed = vault.seal(&holdings::place_of(id, "token"), &TOKEN.into());
    bridge(&control, sealed.unwrap(), id).await;
    let now = Timestamp::UNIX_EPOCH;
    Seal::open(&control, &vault, [1; 32], now).await.unwrap();
    lose(&house.key_file());

    let vault = Vault::at(house.config.secrets_key());
    let gone = holdings::forget_locked(&vault, &control, now)
        .await
        .unwrap();
    assert_eq!(gone.len(), 2, "{gone:?}");
    let kept = control.bridges().get(id).await.unwrap().unwrap();
    assert!(kept.secrets.is_empty());
    assert!(Seal::open(&control, &vault, [2; 32], now).await.is_ok());
    assert!(
        holdings::forget_locked(&vault, &control, now)
            .await
            .unwrap()
            .is_empty()
    );
}

/// Another key in the place of this one.
fn lose(path: &Path) {
    fs::remove_file(path).unwrap();
    keys::make(path).unwrap();
}
