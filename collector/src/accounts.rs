//! Accounts: making them, and knowing who is at the door.
//!
//! **Invariant: a password is never kept, logged or compared as text**; it is hashed with argon2id off the async
//! threads, by few at a time. An unknown login costs the same time as a wrong password. Not here: what an account may
//! do (`core::authority`), and the rows (`store::control::accounts`).

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, OnceLock},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, MonotonicClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio::sync::Semaphore;
use uuid::Uuid;
use weft_collector_core::authority::Role;
use weft_collector_store::control::{
    Control, ControlError,
    accounts::{Account, NewAccount},
};

use crate::clock::Clock;

/// Letters of a login.
pub const MAX_LOGIN: usize = 64;
/// Characters of a name or a team.
pub const MAX_NAME: usize = 100;
/// The account in whose name the collector posts; it is nobody's.
pub const COLLECTOR_LOGIN: &str = "weft";
/// Short passwords are guessed, whatever they are made of (NIST SP 800-63B asks for 8 at least).
pub const MIN_PASSWORD: usize = 10;
/// Hashing reads it all; nobody types more.
pub const MAX_PASSWORD: usize = 256;

/// argon2id m=19 MiB, t=2, p=1: OWASP's first recommendation, about 20 ms on a laptop.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at the same time: 4 x 19 MiB is what signing in may take from the machine.
const HASHES_AT_ONCE: usize = 4;
/// Tries for one login from one address, good or bad: ten at once, then one every six seconds. Ten characters and more
/// are not guessed at 14,000 a day; a person with three windows never meets the limit.
const TRIES: NonZeroU32 = NonZeroU32::new(10).expect("10 is not zero");
/// Tries from one address for whatever logins: an office behind one address signs in on Monday morning, a list of
/// names tried with one password does not get far.
const PEER_TRIES_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not zero");
/// Keys remembered before the limiter forgets those that have recovered.
const KEYS: usize = 10_000;

#[derive(Debug, Error)]
pub enum AccountError {
    #[error("{0}")]
    Unfit(String),
    #[error("the login {0:?} is taken")]
    Taken(String),
    #[error("this is the last admin: make another one first")]
    LastAdmin,
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("hashing a password failed: {0}")]
    Hash(String),
}

#[derive(Debug, Error)]
pub enum SignInError {
    /// The same words for an unknown login, a wrong password and a disabled account.
    #[error("login or password is wrong")]
    Wrong,
    #[error("too many tries: wait {0} seconds")]
    TooMany(u64),
    #[error(transparent)]
    Failed(#[from] AccountError),
}

/// An account about to be made, as a person or a file describes it.
#[derive(Clone, Debug)]
pub struct Described {
    pub login: String,
    pub name: String,
    pub team: String,
    pub roles: Vec<Role>,
    pub password: Option<SecretString>,
    pub simulated: bool,
}

/// What is left out stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub name: Option<String>,
    pub team: Option<String>,
    pub roles: Option<Vec<Role>>,
    pub disabled: Option<bool>,
    pub password: Option<SecretString>,
}

type Limiter<K> =
    RateLimiter<K, DashMapStateStore<K>, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// The door. Cloning shares its limits.
#[derive(Clone)]
pub struct Accounts {
    control: Control,
    clock: Clock,
    hashing: Arc<Semaphore>,
    by_login: Arc<Limiter<(String, IpAddr)>>,
    by_peer: Arc<Limiter<IpAddr>>,
    /// A hash of nothing, verified when the login is unknown so that the answer takes as long.
    decoy: Arc<OnceLock<String>>,
}

impl Accounts {
    pub fn new(control: Control, clock: Clock) -> Self {
        let per_login = Quota::per_minute(TRIES);
        let per_peer = Quota::per_minute(PEER_TRIES_AT_ONCE);
        Self {
            control,
            clock,
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            by_login: Arc::new(RateLimiter::dashmap_with_clock(per_login, MonotonicClock)),
            by_peer: Arc::new(RateLimiter::dashmap_with_clock(per_peer, MonotonicClock)),
            decoy: Arc::default(),
        }
    }

    /// Makes an account; a taken login is an error.
    pub async fn create(&self, described: Described) -> Result<Account, AccountError> {
        let login = described.login.clone();
        let new = self.prepare(described).await?;
        let made = self.control.accounts().insert(new).await?;
        made.ok_or(AccountError::Taken(login))
    }

    /// Makes the account or brings the one with this login in line, for imports that run twice.
    pub async fn bring(&self, described: Described) -> Result<Account, AccountError> {
        let new = self.prepare(described).await?;
        Ok(self.control.accounts().upsert(new).await?)
    }

    /// The account, when the password is right and the account may sign in.
    pub async fn verify(
        &self,
        login: &str,
        password: SecretString,
        peer: IpAddr,
    ) -> Result<Account, SignInError> {
        let login = login.trim().to_lowercase();
        self.admit(&login, peer)?;
        let known = match unfit_login(&login) {
            Some(_) => None,
            None => self
                .control
                .accounts()
                .with_password(&login)
                .await
                .map_err(AccountError::from)?,
        };
        let (account, hash) = match known {
            Some((account, Some(hash))) if !account.disabled && !account.system => {
                (Some(account), hash)
            }
            _ => (None, self.decoy().await?),
        };
        let right = self.hashing(move || Ok(verifies(&password, &hash))).await?;
        account.filter(|_| right).ok_or(SignInError::Wrong)
    }

    /// IT changes an account. `None`: there is no such person. A new password, fewer roles or a closed account end its
    /// sessions. The last admin stays one: otherwise nobody could undo it.
    pub async fn change(&self, id: Uuid, change: Change) -> Result<Option<Account>, AccountError> {
        let accounts = self.control.accounts();
        let Some(known) = accounts.get(id).await?.filter(|account| !account.system) else {
            return Ok(None);
        };
        let name = match change.name {
            None => known.name.clone(),
            Some(name) => one_line(&name, "name")?,
        };
        if name.is_empty() {
            return Err(AccountError::Unfit("an account has a name".to_owned()));
        }
        let team = match change.team {
            None => known.team.clone(),
            Some(team) => one_line(&team, "team")?,
        };
        let mut roles = change.roles.unwrap_or_else(|| known.roles.clone());
        roles.sort();
        roles.dedup();
        let disabled = change.disabled.unwrap_or(known.disabled);
        let was_admin = known.roles.contains(&Role::Admin) && !known.disabled;
        if was_admin && (disabled || !roles.contains(&Role::Admin)) {
            let admins = accounts.with_role(Role::Admin, 2).await?;
            if admins.iter().all(|admin| admin.id == id) {
                return Err(AccountError::LastAdmin);
            }
        }
        let password = match change.password {
            None => None,
            Some(password) => {
                fit_password(&password)?;
                Some(self.hashing(move || hash(&password)).await?)
            }
        };
        let fewer = known.roles.iter().any(|role| !roles.contains(role));
        let ends = password.is_some() || disabled || fewer;
        accounts.change(id, &name, &team, &roles, password).await?;
        if disabled != known.disabled {
            accounts.set_disabled(id, disabled).await?;
        }
        if ends {
            self.control.sessions().close_all(id, None).await?;
        }
        Ok(accounts.get(id).await?)
    }

    /// Somebody changes their own password; their other sessions end.
    pub async fn change_own(
        &self,
        account: &Account,
        old: SecretString,
        new: SecretString,
        peer: IpAddr,
        session: Option<&str>,
    ) -> Result<(), SignInError> {
        self.verify(&account.login, old, peer).await?;
        fit_password(&new)?;
        let hashed = self.hashing(move || hash(&new)).await?;
        let (name, team) = (&account.name, &account.team);
        self.control
            .accounts()
            .change(account.id, name, team, &account.roles, Some(hashed))
            .await
            .map_err(AccountError::from)?;
        self.control
            .sessions()
            .close_all(account.id, session)
            .await
            .map_err(AccountError::from)?;
        Ok(())
    }

    fn admit(&self, login: &str, peer: IpAddr) -> Result<(), SignInError> {
        if self.by_login.len() + self.by_peer.len() > KEYS {
            self.by_login.retain_recent();
            self.by_peer.retain_recent();
        }
        // Long logins must not become long keys.
        let login: String = login.chars().take(MAX_LOGIN).collect();
        let tried = self
            .by_peer
            .check_key(&peer)
            .and_then(|()| self.by_login.check_key(&(login, peer)));
        tried.map_err(|until| {
            let wait = until.wait_time_from(MonotonicClock.now());
            SignInError::TooMany(wait.as_secs() + 1)
        })
    }

    async fn prepare(&self, described: Described) -> Result<NewAccount, AccountError> {
        let login = described.login.trim().to_lowercase();
        if let Some(why) = unfit_login(&login) {
            return Err(AccountError::Unfit(why));
        }
        let name = one_line(&described.name, "name")?;
        if name.is_empty() {
            return Err(AccountError::Unfit(format!(
                "the account {login} has no name"
            )));
        }
        let team = one_line(&described.team, "team")?;
        let password = match described.password {
            Some(password) => {
                fit_password(&password)?;
                Some(self.hashing(move || hash(&password)).await?)
            }
            None => None,
        };
        Ok(NewAccount {
            id: self.clock.id(),
            login,
            name,
            team,
            roles: described.roles,
            password,
            simulated: described.simulated,
            at: self.clock.now(),
        })
    }

    async fn decoy(&self) -> Result<String, AccountError> {
        if let Some(hash) = self.decoy.get() {
            return Ok(hash.clone());
        }
        let made = self
            .hashing(|| hash(&SecretString::from("nobody's password")))
            .await?;
        Ok(self.decoy.get_or_init(|| made).clone())
    }

    /// Runs hashing work off the async threads, a few at a time.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let failed = |error: &dyn std::fmt::Display| AccountError::Hash(error.to_string());
        let _turn = self
            .hashing
            .acquire()
            .await
            .map_err(|error| failed(&error))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| failed(&error))?
    }
}

/// Why this cannot be a login; it is lower case already.
fn unfit_login(login: &str) -> Option<String> {
    let letters = login
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c));
    // `@ana.` in a sentence must mention "ana": see threads::render.
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let fits = letters
        && ends(login.chars().next())
        && ends(login.chars().last())
        && login.len() <= MAX_LOGIN;
    if login == COLLECTOR_LOGIN {
        return Some(format!("the login {login:?} is the collector's own"));
    }
    (!fits).then(|| {
        format!(
            "the login {login:?} does not fit: 1 to {MAX_LOGIN} letters a-z, digits, and . - _ between them"
        )
    })
}

fn one_line(text: &str, what: &str) -> Result<String, AccountError> {
    let line: String = text.chars().filter(|c| !c.is_control()).collect();
    let line = line.trim().to_owned();
    match line.chars().count() <= MAX_NAME {
        true => Ok(line),
        false => Err(AccountError::Unfit(format!(
            "the {what} is longer than {MAX_NAME} characters"
        ))),
    }
}

fn fit_password(password: &SecretString) -> Result<(), AccountError> {
    match password.expose_secret().chars().count() {
        short if short < MIN_PASSWORD => Err(AccountError::Unfit(format!(
            "the password is too short: at least {MIN_PASSWORD} characters"
        ))),
        long if long > MAX_PASSWORD => Err(AccountError::Unfit(format!(
            "the password is too long: at most {MAX_PASSWORD} characters"
        ))),
        _ => Ok(()),
    }
}

fn hash(password: &SecretString) -> Result<String, AccountError> {
    let failed = |error: &dyn std::fmt::Display| AccountError::Hash(error.to_string());
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| failed(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2
        .hash_password(password.expose_secret().as_bytes())
        .map_err(|error| failed(&error))?;
    Ok(hash.to_string())
}

/// The parameters are read from the hash, so old hashes stay good when ours grow.
fn verifies(password: &SecretString, hash: &str) -> bool {
    let given = password.expose_secret().as_bytes();
    given.len() <= MAX_PASSWORD * 4 && Argon2::default().verify_password(given, hash).is_ok()
}

#[cfg(test)]
mod tests;
