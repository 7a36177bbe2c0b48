//! Mail that came back: whose it was, and what that means.
//!
//! **Invariant: only a report about a letter that we wrote pauses anybody's mail**: it came to that letter's own address, which
//! nobody can guess, or it carries the letter's Message-ID and names the address it went to.

use uuid::Uuid;
use weft_collector_store::control::{
    ControlError,
    letters::{Letter, LetterState},
};

use super::{Mail, reading::Incoming, reading::Report, seal::Purpose, send::is_about_address};

impl Mail {
    /// The letter that an address for returned mail belongs to.
    pub(super) fn letter_of_bounce(&self, token: &str) -> Option<Uuid> {
        let word = token.strip_prefix('b')?;
        let carried = self.seal.unseal(Purpose::Bounce, word)?;
        Uuid::from_slice(&carried).ok()
    }

    /// Takes a report. `at`: the letter to whose own address it came. Gives what was done, in words.
    pub(super) async fn take_report(
        &self,
        incoming: &Incoming,
        at: Option<Uuid>,
    ) -> Result<&'static str, ControlError> {
        let Some(report) = &incoming.report else {
            return Ok("it came back, and does not say why");
        };
        let letter = match at {
            Some(id) => self.control.letters().get(id).await?,
            None => self.letter_of_report(report).await?,
        };
        let Some(letter) = letter else {
            return Ok("it reports on no letter of ours");
        };
        if !is_final(report) {
            return Ok("the letter is only late");
        }
        let now = self.clock.now();
        let why = match report.diagnostic.is_empty() {
            true => report.status.clone(),
            false => report.diagnostic.clone(),
        };
        self.control
            .letters()
            .end(letter.id, LetterState::Bounced, &why, now)
            .await?;
        if !is_hard(report) {
            return Ok("the letter came back; its address stays good");
        }
        let Some(account) = letter.account else {
            return Ok("the letter came back");
        };
        let address = match letter.address.is_empty() {
            true => self.address_of(account, report).await?,
            false => Some(letter.address.clone()),
        };
        if let Some(address) = address {
            self.control
                .addresses()
                .pause(account, &address, &why, now)
                .await?;
        }
        Ok("mail to this address is paused")
    }

    /// Without its own address a report must name both the letter and where it went.
    async fn letter_of_report(&self, report: &Report) -> Result<Option<Letter>, ControlError> {
        let Some(id) = &report.message_id else {
            return Ok(None);
        };
        let letter = self.control.letters().by_message_id(id).await?;
        let Some(letter) = letter else {
            return Ok(None);
        };
        let Some(account) = letter.account else {
            return Ok(None);
        };
        let known = self.control.addresses().of(account).await?;
        let names = known.iter().any(|known| known.address == report.recipient);
        Ok(names.then_some(letter))
    }

    /// The address that the report names, if it is the person's; else the one they get mail at.
    async fn address_of(
        &self,
        account: Uuid,
        report: &Report,
    ) -> Result<Option<String>, ControlError> {
        let known = self.control.addresses().of(account).await?;
        let named = known.iter().find(|known| known.address == report.recipient);
        let main = known.iter().find(|known| known.main);
        Ok(named.or(main).map(|address| address.address.clone()))
    }
}

fn is_final(report: &Report) -> bool {
    report.action == "failed" && report.status.starts_with('5')
}

/// Would the next letter come back too? A full mailbox, a letter that is too large or not liked says nothing about the address
/// (RFC 3463: X.2.2, X.3, X.6, X.7). Servers that name no reason say 5.0.0.
fn is_hard(report: &Report) -> bool {
    if is_about_address(&report.diagnostic) {
        return true;
    }
    let soft = ["5.2.2", "5.2.3", "5.3.", "5.6.", "5.7."];
    !soft.iter().any(|code| report.status.starts_with(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_come_back_again_pauses() {
        for (status, diagnostic, hard) in [
            ("5.1.1", "", true),
            ("5.0.0", "", true),
            ("5.7.1", "smtp; 550 5.1.1 no such user", true),
            ("5.2.2", "smtp; 552 5.2.2 mailbox full", false),
            ("5.7.1", "smtp; 550 looks like spam", false),
            ("5.6.0", "", false),
        ] {
            let report = Report {
                action: "failed".to_owned(),
                status: status.to_owned(),
                diagnostic: diagnostic.to_owned(),
                ..Report::default()
            };
            assert!(is_final(&report));
            assert_eq!(is_hard(&report), hard, "{status} {diagnostic}");
        }
        let late = Report {
            action: "delayed".to_owned(),
            status: "4.4.1".to_owned(),
            ..Report::default()
        };
        assert!(!is_final(&late));
    }
}
