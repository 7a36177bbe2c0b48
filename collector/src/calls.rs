//! A call link per talk, by the template that IT configured.
//!
//! **Invariant: the room's name is random and holds nothing of the talk**: neither its id nor its title can be guessed from it, nor
//! it from them. Randomness is an argument. Not here: any call.

use jiff::SignedDuration;

/// The place of the room's name in the template.
const SLOT: &str = "{thread}";
const RANDOM_BYTES: usize = 20;
/// A room older than this is left behind: who once read the link does not walk in on a later talk.
pub const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// Longer addresses break mail programs.
const MOST: usize = 500;

/// `https://meet.example/weft-{thread}`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "[threads] call_url = {0:?} is no template: write an https address with {{thread}} once in its path, like \
     \"https://meet.example/weft-{{thread}}\"; empty switches calls off"
)]
pub struct Unfit(String);

impl Template {
    /// `None` for an empty setting: calls are off.
    pub fn read(setting: &str) -> Result<Option<Self>, Unfit> {
        let setting = setting.trim();
        if setting.is_empty() {
            return Ok(None);
        }
        let unfit = || Unfit(setting.to_owned());
        let rest = setting.strip_prefix("https://").ok_or_else(unfit)?;
        let (host, path) = rest.split_once('/').ok_or_else(unfit)?;
        let host_is_plain = host.contains(|c: char| c.is_ascii_alphanumeric())
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
        let bare = path.replace(SLOT, "");
        // Characters that could end an address or a link in Markdown are refused, not escaped.
        let path_is_plain = bare
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/-._~?=&#%+,;@!$*:".contains(c));
        match host_is_plain
            && path_is_plain
            && setting.matches(SLOT).count() == 1
            && setting.len() <= MOST
        {
            true => Ok(Some(Self(setting.to_owned()))),
            false => Err(unfit()),
        }
    }

    /// The address of a new room.
    pub fn room(&self, random: [u8; RANDOM_BYTES]) -> String {
        self.0.replace(SLOT, &hex::encode(random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_https_with_one_room() {
        for good in [
            "https://meet.example/weft-{thread}",
            "https://meet.example:8443/a/{thread}?x=1#config.prejoin=false",
            " https://meet.example/{thread} ",
        ] {
            assert!(matches!(Template::read(good), Ok(Some(_))), "{good}");
        }
        for bad in [
            "http://meet.example/{thread}",
            "https://meet.example/room",
            "https://{thread}.example/",
            "https://meet.example/{thread}/{thread}",
            "https:///{thread}",
            "https://user:pw@meet.example/{thread}",
            "https://meet.example/{thread}) [x](javascript:alert(1)",
            "https://meet.example/{thread}\"<b>",
            "https://meet.example/{thread} x",
            "javascript:{thread}",
            "https://meet.example{thread}",
        ] {
            assert!(Template::read(bad).is_err(), "{bad}");
        }
        assert_eq!(Template::read(""), Ok(None));
    }

    #[test]
    fn a_room_is_random() {
        let template = Template("https://meet.example/weft-{thread}".to_owned());
        let room = template.room([7; RANDOM_BYTES]);
        assert_eq!(room.len(), "https://meet.example/weft-".len() + 40);
        assert_ne!(room, template.room([8; RANDOM_BYTES]));
    }
}
