//! Invitations to make an account, and the yes that an account may wait for.

use crate::Identity;
use crate::account_queries::{self as queries, InvitationRow};
use crate::links::{life, parse, void};
use crate::model::{Email, RoleColumn};
use crate::notices::Notice;
use guard::Role;
use kernel::{Cursor, Fault, Kind, Limit, Secret, UserId};
use mail::{Letter, Locale, Topic};
use seal::{Purpose, token};
use uuid::Uuid;

/// An invitation that was just made: the one time that its link is known.
pub(crate) struct Invited {
    pub(crate) row: InvitationRow,
    pub(crate) link: String,
}

impl Identity {
    /// Invites somebody; where there is an address and mail, they get a letter.
    ///
    /// # Errors
    /// 422 for an address that is none, 403 for a role above the inviter's own, or the owner's.
    pub(crate) async fn invite(
        &self,
        by: UserId,
        own: Role,
        email: Option<&str>,
        role: Role,
    ) -> Result<Invited, Fault> {
        if role == Role::Owner || role > own {
            return Err(Fault::field(
                "role",
                "invalid",
                "it is member, monitor or admin, and none above your own; the owner is made by set-up",
            ));
        }
        let email = email.map(Email::parse).transpose().map_err(|fault| Fault::invalid(vec![fault]))?;
        let (text, hash) = token::mint(Purpose::Invite, &*self.ambient.rng);
        let now = self.ambient.now();
        let row = InvitationRow {
            id: self.ambient.uuid(),
            email: email.map(|email| email.written().to_owned()),
            role: RoleColumn(role),
            created_at: now,
            expires_at: now.plus(life(Purpose::Invite)),
            used_at: None,
        };
        let link = self.link(Purpose::Invite, &text);
        let mut tx = self.db.begin().await?;
        queries::insert_invitation(&mut tx, &row, &hash, by).await?;
        if let Some(to) = &row.email {
            let locale = queries::reader(&mut tx, by).await?.map_or_else(String::new, |reader| reader.locale);
            let letter = Letter::write(Locale::of(&locale), Topic::Invitation, &[], &[&link]);
            self.post_letter(&mut tx, None, to.clone(), letter).await?;
        }
        tx.commit().await?;
        Ok(Invited { row, link })
    }

    pub(crate) async fn invitations(&self, before: Cursor, limit: Limit) -> Result<Vec<InvitationRow>, Fault> {
        Ok(queries::list_invitations(&mut self.db.lookup().await?, before, limit).await?)
    }

    /// Takes an invitation back. An account that was made with it stays.
    pub(crate) async fn withdraw_invitation(&self, id: Uuid) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        if !queries::delete_invitation(&mut tx, id).await? {
            return Err(Fault::not_found());
        }
        tx.commit().await?;
        Ok(())
    }

    /// The invitation that this text stands for, if it is good for this address.
    ///
    /// # Errors
    /// 410 `link_void`, 403 `invite_required` for another address than the invited one.
    pub(crate) async fn invitation_of(&self, text: &Secret<String>, email: &Email) -> Result<InvitationRow, Fault> {
        let hash = parse(Purpose::Invite, text)?;
        let found = queries::find_invitation(&mut self.db.lookup().await?, &hash, self.ambient.now()).await?;
        let row = found.ok_or_else(void)?;
        if row.email.as_ref().is_some_and(|invited| Email::fold(invited) != email.folded()) {
            return Err(invite_required("This invitation is for another address."));
        }
        Ok(row)
    }

    /// Lets somebody in who waits, or sends them away: then nothing of them is left.
    ///
    /// # Errors
    /// 404 when nobody of this id waits.
    pub(crate) async fn decide(&self, user: UserId, approve: bool) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        if approve {
            if !queries::approve(&mut tx, user, self.ambient.now()).await? {
                return Err(Fault::not_found());
            }
            self.note_from(&mut tx, user, "approved", String::new(), String::new()).await?;
            self.notify(&mut tx, user, Notice::Approved).await?;
            tx.commit().await?;
            return Ok(());
        }
        if !queries::decline(&mut tx, user).await? {
            return Err(Fault::not_found());
        }
        tx.commit().await?;
        self.keys.destroy(user).await?;
        Ok(())
    }
}

/// Nobody makes an account here without being asked.
pub(crate) fn invite_required(detail: &'static str) -> Fault {
    Fault::new(Kind::Forbidden, "invite_required", detail)
}
