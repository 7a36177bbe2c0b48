//! The door: who comes in, who does not, and how often one may knock.

#![allow(clippy::unwrap_used)]

use std::net::Ipv4Addr;

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn accounts() -> (tempfile::TempDir, Accounts) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("weft.db").display());
    let control = Control::connect(&url).await.unwrap();
    (dir, Accounts::new(control, Clock::system()))
}

fn ana() -> Described {
    Described {
        login: "Ana.B".to_owned(),
        name: " Ana\u{7} B ".to_owned(),
        team: "Sales".to_owned(),
        roles: vec![Role::User],
        password: Some(SecretString::from("correct horse")),
        simulated: false,
    }
}

async fn knock(
    accounts: &Accounts,
    login: &str,
    password: &str,
    peer: IpAddr,
) -> Result<Account, SignInError> {
    accounts
        .verify(login, SecretString::from(password.to_owned()), peer)
        .await
}

#[tokio::test]
async fn the_right_password_opens_and_nothing_else_does() {
    let (_dir, accounts) = accounts().await;
    let made = accounts.create(ana()).await.unwrap();
    assert_eq!(
        (made.login.as_str(), made.name.as_str()),
        ("ana.b", "Ana B")
    );
    assert_eq!(
        knock(&accounts, "ANA.b ", "correct horse", HERE)
            .await
            .unwrap()
            .id,
        made.id
    );
    for (login, password) in [
        ("ana.b", "correct horse "),
        ("ana.b", ""),
        ("ana", "correct horse"),
        ("weft", "nobody's password"),
        ("weft", ""),
        ("' or 1=1 --", "x"),
        ("", ""),
    ] {
        // A fresh address for each, so that the limit plays no part.
        let peer = IpAddr::V4(Ipv4Addr::new(
            10,
            0,
            0,
            u8::try_from(login.len() + password.len()).unwrap(),
        ));
        assert!(
            matches!(
                knock(&accounts, login, password, peer).await,
                Err(SignInError::Wrong)
            ),
            "{login}"
        );
    }
    accounts
        .control
        .accounts()
        .set_disabled(made.id, true)
        .await
        .unwrap();
    assert!(
        knock(&accounts, "ana.b", "correct horse", HERE)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn guesses_run_out_per_login_and_address() {
    let (_dir, accounts) = accounts().await;
    accounts.create(ana()).await.unwrap();
    for _ in 0..10 {
        assert!(matches!(
            knock(&accounts, "ana.b", "wrong", HERE).await,
            Err(SignInError::Wrong)
        ));
    }
    match knock(&accounts, "ana.b", "correct horse", HERE).await {
        Err(SignInError::TooMany(seconds)) => assert!((1..=7).contains(&seconds), "{seconds}"),
        other => panic!("{other:?}"),
    }
    let elsewhere = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));
    assert!(
        knock(&accounts, "ana.b", "correct horse", elsewhere)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_words() {
    let (_dir, accounts) = accounts().await;
    accounts.create(ana()).await.unwrap();
    assert!(matches!(
        accounts.create(ana()).await,
        Err(AccountError::Taken(_))
    ));
    let long = "x".repeat(MAX_PASSWORD + 1);
    type Change = fn(&mut Described);
    let cases: [(&str, Change); 9] = [
        ("own", |a| a.login = "Weft".to_owned()),
        ("login", |a| a.login = "a b".to_owned()),
        ("login", |a| a.login = "ana.".to_owned()),
        ("login", |a| a.login = "änna".to_owned()),
        ("login", |a| a.login = "x".repeat(MAX_LOGIN + 1)),
        ("login", |a| a.login = String::new()),
        ("name", |a| a.name = " ".to_owned()),
        ("team", |a| a.team = "x".repeat(MAX_NAME + 1)),
        ("short", |a| {
            a.password = Some(SecretString::from("123456789"))
        }),
    ];
    for (word, change) in cases {
        let mut described = ana();
        change(&mut described);
        let error = accounts.create(described).await.unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
    let described = Described {
        password: Some(SecretString::from(long)),
        ..ana()
    };
    assert!(
        accounts
            .bring(described)
            .await
            .unwrap_err()
            .to_string()
            .contains("long")
    );
}

#[tokio::test]
async fn hashes_are_argon2id_salted_and_never_the_password() {
    let one = hash(&SecretString::from("correct horse")).unwrap();
    let two = hash(&SecretString::from("correct horse")).unwrap();
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
    assert_ne!(one, two);
    assert!(verifies(&SecretString::from("correct horse"), &two));
    assert!(!verifies(
        &SecretString::from("correct horse"),
        "not a hash"
    ));
}
