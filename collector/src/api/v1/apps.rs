//! Apps: what the catalog recognised in the fleet, and what was decided about it.

pub mod judge;
pub mod list;
pub mod unjudge;

use crate::api::problem::Problem;

/// Catalog ids are short words.
const MAX_APP: usize = 64;
const MAX_TEAM: usize = 100;

pub(super) fn check_app(app: &str) -> Result<(), Problem> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    match !app.is_empty() && app.len() <= MAX_APP && app.chars().all(letters) {
        true => Ok(()),
        false => Err(Problem::invalid(
            "an app is named by its catalog id: lower case letters, digits, '_', '-'",
        )),
    }
}

/// `None`: everybody.
fn team(given: Option<String>) -> Result<Option<String>, Problem> {
    let given = given
        .map(|team| team.trim().to_owned())
        .filter(|team| !team.is_empty());
    match given {
        Some(team) if team.chars().count() > MAX_TEAM || team.chars().any(char::is_control) => {
            Err(Problem::invalid(format!(
                "a team is one line of at most {MAX_TEAM} characters"
            )))
        }
        given => Ok(given),
    }
}
