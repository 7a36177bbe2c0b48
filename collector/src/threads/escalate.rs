//! Asking for a role, and asking people in.
//!
//! **Invariant: an escalation moves no thread and opens none**: people of the role are told only if they may read it; where
//! they may not, they are asked in by name, which is written down.

use uuid::Uuid;
use weft_collector_core::authority::Role;
use weft_collector_store::control::{
    accounts::Account,
    escalations::{Escalation, EscalationState},
    follows::Level,
    members,
    notifications::NoticeKind,
};

use super::{Scene, ThreadError, Threads, notices, order::MAX_REASON, source};

/// People of a role who are told; the queue shows it to the others.
const MOST_TOLD: u64 = 200;

impl Threads {
    /// Whoever opened the thread, people asked into it, and staff may ask for a role. Gives the escalation.
    pub async fn escalate(
        &self,
        by: &Account,
        thread: Uuid,
        to: Role,
        reason: &str,
    ) -> Result<Escalation, ThreadError> {
        let scene = self.scene(by, thread).await?;
        let takes_part = scene.thread.author == by.id || scene.invites(by);
        if !takes_part && !self.keeps_order(by, &scene) {
            return Err(ThreadError::Forbidden(
                "only whoever opened the thread, or staff, can do that",
            ));
        }
        if to == Role::User {
            return Err(ThreadError::Invalid(
                "escalate to technician, security or admin",
            ));
        }
        let reason = source::reason(reason, MAX_REASON)?;
        if reason.is_empty() {
            return Err(ThreadError::Invalid("say why this needs them"));
        }
        let at = self.clock.now();
        let escalation = Escalation {
            id: self.clock.id(),
            thread: scene.thread.id,
            to,
            reason: reason.clone(),
            by: by.id,
            at,
            state: EscalationState::Open,
            taken_by: None,
            updated_at: at,
            note: String::new(),
        };
        let people = self.control.accounts().with_role(to, MOST_TOLD).await?;
        let people = people.into_iter().map(|account| account.id).collect();
        let happening = scene.happening(by, None, at);
        let notices = notices::of_people(
            &self.control,
            &self.clock,
            &happening,
            people,
            NoticeKind::Escalated,
            &reason,
        )
        .await?;
        let opened = self
            .control
            .escalations()
            .open(escalation.clone(), notices)
            .await?;
        self.ring();
        match opened {
            true => Ok(escalation),
            false => Err(ThreadError::Conflict(
                "this role was asked already and is not done yet",
            )),
        }
    }

    /// Somebody of the role (or an admin) takes it: from then on they follow.
    pub async fn take_up(&self, by: &Account, id: Uuid) -> Result<Escalation, ThreadError> {
        let (escalation, _) = self.escalation(by, id).await?;
        let now = self.clock.now();
        self.step(&escalation, EscalationState::Taken, Some(by.id), "")
            .await?;
        self.control
            .follows()
            .set(by.id, escalation.thread, Level::Watching, now)
            .await?;
        self.escalation(by, id)
            .await
            .map(|(escalation, _)| escalation)
    }

    pub async fn close_escalation(
        &self,
        by: &Account,
        id: Uuid,
        note: &str,
    ) -> Result<Escalation, ThreadError> {
        let note = source::reason(note, MAX_REASON)?;
        let (escalation, _) = self.escalation(by, id).await?;
        let taken_by = escalation.taken_by.or(Some(by.id));
        self.step(&escalation, EscalationState::Closed, taken_by, &note)
            .await?;
        self.escalation(by, id)
            .await
            .map(|(escalation, _)| escalation)
    }

    async fn step(
        &self,
        escalation: &Escalation,
        state: EscalationState,
        taken_by: Option<Uuid>,
        note: &str,
    ) -> Result<(), ThreadError> {
        let now = self.clock.now();
        let done = self
            .control
            .escalations()
            .step(escalation.id, state, taken_by, note, now)
            .await?;
        match done {
            true => Ok(()),
            false => Err(ThreadError::Conflict("this escalation is closed")),
        }
    }

    async fn escalation(&self, by: &Account, id: Uuid) -> Result<(Escalation, Scene), ThreadError> {
        let found = self.control.escalations().get(id).await?;
        let escalation = found.ok_or(ThreadError::Missing("escalation"))?;
        let scene = match self.scene(by, escalation.thread).await {
            Err(ThreadError::Missing(_)) => return Err(ThreadError::Missing("escalation")),
            scene => scene?,
        };
        let own = by.roles.contains(&escalation.to) || by.roles.contains(&Role::Admin);
        match own {
            true => Ok((escalation, scene)),
            false => Err(ThreadError::Forbidden(
                "only somebody of the role that was asked can do that",
            )),
        }
    }

    /// Asks somebody in. Into open threads everybody who reads them may; into others staff who read them, and they decide
    /// thereby who reads it.
    pub async fn invite(
        &self,
        by: &Account,
        thread: Uuid,
        login: &str,
    ) -> Result<Uuid, ThreadError> {
        let scene = self.scene(by, thread).await?;
        let open = super::may_enter_all(scene.audience);
        if !open && !self.keeps_order(by, &scene) {
            return Err(ThreadError::Forbidden(
                "only staff can ask people into this thread",
            ));
        }
        let login = login.trim().trim_start_matches('@').to_lowercase();
        let account = self.control.accounts().by_login(&login).await?;
        let account = account
            .filter(|account| !account.disabled && !account.system)
            .ok_or(ThreadError::Missing("person"))?;
        if scene.members.len() >= members::MOST {
            return Err(ThreadError::NoRoom(
                "50 people were asked in already: a space serves better",
            ));
        }
        self.keep_pace(by)?;
        let now = self.clock.now();
        if !open {
            self.control
                .members()
                .add(scene.thread.id, account.id, by.id, now)
                .await?;
        }
        let mut happening = scene.happening(by, None, now);
        happening.members.push(account.id);
        let told = notices::of_people(
            &self.control,
            &self.clock,
            &happening,
            vec![account.id],
            NoticeKind::Invited,
            "",
        )
        .await?;
        self.tell(told).await?;
        self.ring();
        Ok(account.id)
    }

    /// Takes the invitation back.
    pub async fn uninvite(
        &self,
        by: &Account,
        thread: Uuid,
        account: Uuid,
    ) -> Result<(), ThreadError> {
        let scene = self.scene(by, thread).await?;
        if account != by.id && !self.keeps_order(by, &scene) {
            return Err(ThreadError::Forbidden("only staff can do that"));
        }
        match self
            .control
            .members()
            .remove(scene.thread.id, account)
            .await?
        {
            true => Ok(()),
            false => Err(ThreadError::Missing("person in this thread")),
        }
    }
}
