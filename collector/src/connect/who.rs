//! In whose name somebody from elsewhere speaks here.
//!
//! **Invariant: nobody speaks as somebody else.** A person here is who an admin, they themselves or a doubly verified address
//! says; a tie that an admin took away is not made again by an address; everybody else is a guest of their own whose name ends with where they speak: "Ana (Matrix)". A guest has no
//! password and no role. A person's closed account does not speak; a guest's closed account is silenced.

use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use weft_collector_core::authority::Role;
use weft_collector_store::control::{
    ControlError,
    accounts::{Account, NewAccount},
    bridges::{
        Bridge,
        people::{How, Known},
    },
};

use super::{Connect, take::Untaken};
use crate::{
    mail::address,
    threads::{
        connector::{Kind, RemoteAuthor},
        source,
    },
};

/// Characters of a guest's name, before where they speak.
const MAX_NAME: usize = 60;
/// A code is said within minutes or not at all.
pub const CODE_LASTS: SignedDuration = SignedDuration::from_mins(15);
/// Before every code, so that it is known among words.
pub const CODE: &str = "weft-link-";
/// Letters behind it: 80 bits in hex.
pub const CODE_LETTERS: usize = 20;

impl Connect {
    /// The account. `None`: an admin closed it, and they are not heard.
    pub async fn who(
        &self,
        bridge: &Bridge,
        author: &RemoteAuthor,
    ) -> Result<Option<Account>, Untaken> {
        if author.id.is_empty() {
            return Err(Untaken::Refused("nobody says who spoke".to_owned()));
        }
        let bridges = self.control.bridges();
        let known = bridges.person(&bridge.realm(), &author.id).await?;
        match known {
            Some(known) if !matches!(known.how, How::Guest | How::Unlinked) => {
                let account = self.control.accounts().get(known.account).await?;
                match account.filter(|account| !account.disabled && !account.system) {
                    Some(account) => Ok(Some(account)),
                    // They left: whoever uses their name over there is a guest again.
                    None => self.guest(bridge, author).await,
                }
            }
            known => {
                let how = known.as_ref().map_or(How::Guest, |known| known.how);
                if how == How::Guest
                    && let Some(account) = self.by_mail(bridge, author).await?
                {
                    self.know(bridge, author, account.id, How::Mail).await?;
                    return Ok(Some(account));
                }
                let guest = self.guest(bridge, author).await?;
                let renamed = known.is_none_or(|known| known.name != author.name);
                if let Some(guest) = guest.as_ref().filter(|_| renamed) {
                    self.know(bridge, author, guest.id, how).await?;
                }
                Ok(guest)
            }
        }
    }

    /// Takes words that are a code for what they are: the author is whoever got it here. True when it was one.
    pub async fn takes_code(
        &self,
        bridge: &Bridge,
        author: &RemoteAuthor,
        markdown: &str,
    ) -> Result<bool, ControlError> {
        let Some(code) = code_in(markdown) else {
            return Ok(false);
        };
        let now = self.clock.now();
        let account = self
            .control
            .bridges()
            .use_code(&code_hash(&code), now)
            .await?;
        if let Some(account) = account {
            self.know(bridge, author, account, How::Own).await?;
            let who = self.control.accounts().get(account).await?;
            let login = who.map_or(account.to_string(), |who| who.login);
            self.auditor
                .ok(
                    &login,
                    "bridge.link_own",
                    &bridge.id.to_string(),
                    &author.id,
                )
                .await;
        }
        // A code that is over is not for everybody's eyes either.
        Ok(true)
    }

    pub(super) async fn know(
        &self,
        bridge: &Bridge,
        author: &RemoteAuthor,
        account: Uuid,
        how: How,
    ) -> Result<(), ControlError> {
        self.control
            .bridges()
            .know(Known {
                realm: bridge.realm(),
                remote: author.id.clone(),
                account,
                how,
                name: author.name.clone(),
                at: self.clock.now(),
            })
            .await
    }

    /// Only where an admin said that this platform's addresses can be believed.
    async fn by_mail(
        &self,
        bridge: &Bridge,
        author: &RemoteAuthor,
    ) -> Result<Option<Account>, ControlError> {
        let Some(email) = author.email.as_deref().filter(|_| bridge.trusts_mail) else {
            return Ok(None);
        };
        // An address that they confirmed here; else their login, where logins are addresses.
        let owner = match address::fit(email) {
            Some(address) => self.control.addresses().owner(&address).await?,
            None => None,
        };
        let accounts = self.control.accounts();
        let account = match owner {
            Some(owner) => accounts.get(owner).await?,
            None => accounts.by_login(email.trim()).await?,
        };
        Ok(account.filter(|account| !account.disabled && !account.system))
    }

    /// The author's own account, made when they first speak and renamed when they are.
    pub(super) async fn guest(
        &self,
        bridge: &Bridge,
        author: &RemoteAuthor,
    ) -> Result<Option<Account>, Untaken> {
        let login = guest_login(bridge, &author.id);
        let name = guest_name(bridge, author);
        let accounts = self.control.accounts();
        let account = match accounts.by_login(&login).await? {
            Some(account) => account,
            None => {
                let new = NewAccount {
                    id: self.clock.id(),
                    login: login.clone(),
                    name: name.clone(),
                    team: String::new(),
                    roles: Vec::<Role>::new(),
                    password: None,
                    simulated: false,
                    at: self.clock.now(),
                };
                accounts.insert(new).await?;
                // Another collector may have made it just now.
                accounts.by_login(&login).await?.ok_or_else(|| {
                    Untaken::Refused("the guest's account could not be made".to_owned())
                })?
            }
        };
        if account.name != name {
            accounts
                .change(account.id, &name, &account.team, &account.roles, None)
                .await?;
        }
        Ok((!account.disabled).then_some(account))
    }
}

/// The login of whoever has this id over there: nobody can choose an id that gives somebody else's.
fn guest_login(bridge: &Bridge, author: &str) -> String {
    let hash = Sha256::digest(format!("{}\n{author}", bridge.realm()));
    format!("{}-{}", bridge.platform, hex::encode(&hash[..10]))
}

fn guest_name(bridge: &Bridge, author: &RemoteAuthor) -> String {
    let platform = Kind::from_word(&bridge.platform);
    let platform = platform.map_or(bridge.platform.as_str(), |kind| kind.form().name);
    let name = source::title(&author.name).unwrap_or_default();
    let name: String = name.chars().take(MAX_NAME).collect();
    match name.trim() {
        "" => format!("Somebody ({platform})"),
        name => format!("{name} ({platform})"),
    }
}

/// A code alone in its message, whatever marks stand around it.
fn code_in(markdown: &str) -> Option<String> {
    let word = markdown.trim().trim_matches(['`', '*', '_', '\\']);
    let code = word.strip_prefix(CODE)?;
    let fits = code.len() == CODE_LETTERS && code.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| code.to_ascii_lowercase())
}

/// What the store keeps of a code.
pub fn code_hash(code: &str) -> String {
    hex::encode(Sha256::digest(code.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_by_its_shape() {
        let code = "0123456789abcdef0123";
        for (text, found) in [
            ("weft-link-0123456789abcdef0123", Some(code)),
            (" `weft-link-0123456789ABCDEF0123`\n", Some(code)),
            ("weft-link-0123", None),
            ("weft-link-0123456789abcdef012z", None),
            ("my code is weft-link-0123456789abcdef0123", None),
        ] {
            assert_eq!(code_in(text).as_deref(), found, "{text}");
        }
    }
}
