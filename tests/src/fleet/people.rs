//! The people of the simulated fleet and what they say to each other, as an import file of the collector.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Plan,
    laptop::Laptop,
    story::{Part, Stories, cast},
};

/// One thread to be: who opens it, how long ago, what is said.
struct Talk<'a> {
    space: &'static str,
    title: &'static str,
    /// (speaker, hours ago, words); the first opens the thread.
    posts: Vec<(&'a Laptop, i64, &'static str)>,
    solved_by: Option<usize>,
}

/// Lines for `weft-collector import`: accounts first, then threads.
pub fn import_lines(plan: &Plan) -> Vec<Value> {
    let laptops: Vec<Laptop> = (0..plan.devices)
        .map(|index| Laptop::invent(plan.seed, index))
        .collect();
    let stories = cast(plan.scenario, &laptops, plan);
    let mut lines: Vec<Value> = laptops
        .iter()
        .map(|laptop| {
            json!({"account": {
                "login": laptop.owner_login, "name": laptop.owner_name, "team": laptop.team,
                "roles": ["user"], "simulated": true,
            }})
        })
        .collect();
    lines.extend(
        talks(&laptops, &stories)
            .into_iter()
            .map(|talk| thread_line(&talk, plan.now)),
    );
    lines
}

fn thread_line(talk: &Talk<'_>, now: Timestamp) -> Value {
    let at = |hours: i64| (now - SignedDuration::from_hours(hours)).to_string();
    let posts: Vec<Value> = talk
        .posts
        .iter()
        .map(|(speaker, hours, words)| json!({"author": speaker.owner_login, "at": at(*hours), "markdown": words}))
        .collect();
    let mut thread = json!({
        "space": talk.space, "title": talk.title, "posts": posts,
        "author": talk.posts.first().map(|(speaker, ..)| speaker.owner_login.as_str()),
        "at": talk.posts.first().map(|(_, hours, _)| at(*hours)),
    });
    if let Some(index) = talk.solved_by {
        thread["solved_by"] = json!(index);
    }
    json!({ "thread": thread })
}

fn talks<'a>(laptops: &'a [Laptop], stories: &Stories) -> Vec<Talk<'a>> {
    let player = |parts: &[Part], nth: usize| {
        parts
            .get(nth)
            .and_then(|part| laptops.get(part.laptop as usize))
    };
    let anyone = |nth: usize| laptops.get((nth * 7 + 2) % laptops.len().max(1));
    let mut talks = Vec::new();
    let mut talk =
        |space, title, posts: Vec<(Option<&'a Laptop>, i64, &'static str)>, solved_by| {
            let posts: Vec<_> = posts
                .into_iter()
                .filter_map(|(who, ago, words)| who.map(|who| (who, ago, words)))
                .collect();
            if !posts.is_empty() {
                talks.push(Talk {
                    space,
                    title,
                    posts,
                    solved_by,
                });
            }
        };
    if !stories.outbreak.is_empty() {
        talk(
            "hardware",
            "Blue screen several times a day on my Latitude since the update",
            vec![
                (
                    player(&stories.outbreak, 0),
                    70,
                    "Since the driver update earlier this week my **Latitude 5440** crashes two or three times a day. Screen freezes, then a blue screen with `VIDEO_TDR_FAILURE` and it restarts. I lost an hour of work today.",
                ),
                (
                    player(&stories.outbreak, 1),
                    66,
                    "Same here, same model. Mine says 0x116. Mostly when I plug in the second screen.",
                ),
                (
                    player(&stories.outbreak, 2),
                    49,
                    "Me too. Is anybody rolling this back?",
                ),
            ],
            None,
        );
    }
    if !stories.beacon.is_empty() {
        talk(
            "help",
            "My laptop restarts every two hours, even at night",
            vec![
                (
                    player(&stories.beacon, 0),
                    92,
                    "It just restarts on its own, about every two hours, even when I am not touching it. This morning there was a program `svchost32.exe` in the task list that I have never seen. Should I worry?",
                ),
                (
                    player(&stories.beacon, 1),
                    30,
                    "Mine started doing the same yesterday! We sit next to each other, could it be a virus?",
                ),
                (
                    anyone(3),
                    28,
                    "I would not plug in any shared USB stick until somebody has looked at it.",
                ),
            ],
            None,
        );
    }
    if !stories.drift.is_empty() {
        talk(
            "apps",
            "How do you share large files with clients?",
            vec![
                (
                    player(&stories.drift, 1),
                    24 * 20,
                    "The approved share refuses anything over 250 MB and clients cannot open the links. I have put the big exports into my own Dropbox for now, works fine.",
                ),
                (
                    player(&stories.drift, 2),
                    24 * 18,
                    "Same, Dropbox, otherwise the agency never gets the files in time.",
                ),
                (
                    player(&stories.drift, 4),
                    24 * 6,
                    "Joined you. It is simply too slow otherwise. Could IT give us something like it?",
                ),
            ],
            None,
        );
    }
    if !stories.disk.is_empty() {
        talk(
            "help",
            "Warning: disk almost full",
            vec![(
                player(&stories.disk, 0),
                20,
                "Windows keeps telling me that my disk is nearly full, though I only have mail and a few recordings. What may I delete?",
            )],
            None,
        );
    }
    talk(
        "help",
        "Teams has no sound with the blue headset",
        vec![
            (
                anyone(1),
                24 * 12,
                "In calls nobody hears me with the new headset. In the settings it looks fine.",
            ),
            (
                anyone(2),
                24 * 12 - 2,
                "Set it as the *communications* device too, not only as the default one.",
            ),
            (anyone(1), 24 * 12 - 3, "That was it, thank you!"),
        ],
        Some(1),
    );
    talk(
        "hardware",
        "Dock does not charge the laptop",
        vec![
            (
                anyone(4),
                24 * 8,
                "Screen and keyboard work over the dock, but the battery goes down.",
            ),
            (
                anyone(5),
                24 * 7,
                "Use the port with the small lightning sign, the other one gives no power.",
            ),
        ],
        Some(1),
    );
    talk(
        "help",
        "VPN asks for the password again and again",
        vec![(
            anyone(6),
            24 * 3,
            "Since Monday the VPN wants my password every half hour. Anybody else?",
        )],
        None,
    );
    talk(
        "help",
        "Printer on the second floor prints only half pages",
        vec![(
            anyone(7),
            24 * 5,
            "It stops in the middle of a page and then prints the rest on a new sheet.",
        )],
        None,
    );
    talk(
        "apps",
        "Which tool for drawing diagrams?",
        vec![
            (
                anyone(8),
                24 * 15,
                "What do people use for simple boxes-and-arrows pictures?",
            ),
            (anyone(9), 24 * 14, "draw.io, it is on the approved list."),
        ],
        Some(1),
    );
    talks
}
