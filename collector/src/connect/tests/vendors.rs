//! Each platform through the real runner and the real door, against a server that behaves as its vendor documents: here and
//! there, edits, deletions, our own echo, and a crash between sending and recording.

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use super::{together::eventually, *};
use crate::{
    connect::door::router,
    threads::connector::{
        Kind, Settings, discourse,
        fake::{Fake, World, line},
        mattermost, slack, teams, zulip,
    },
};

/// A platform and the people on it.
trait Vendor: Sized {
    type World: World;
    const KIND: Kind;
    /// People there can answer in a thread that we opened, and change what they said.
    const WHOLE: bool = true;

    fn world() -> Self::World;
    fn settings(address: &str) -> Settings;
    /// Somebody says something in a thread, or opens one. Gives the post's id and its thread's.
    async fn say(at: &Scene<Self>, thread: Option<&str>, text: &str) -> (String, String);
    async fn edit(at: &Scene<Self>, id: &str, text: &str);
    async fn delete(at: &Scene<Self>, id: &str);
    /// The platform brings what we said ourselves.
    async fn echo(at: &Scene<Self>);
}

struct Scene<V: Vendor> {
    house: House,
    fake: Fake<V::World>,
    bridge: Bridge,
    router: axum::Router,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl<V: Vendor> Scene<V> {
    async fn new() -> Self {
        let mut house = House::new(EVERYTHING).await;
        let before = house.connect.clone();
        house.connect = Connect::new(Parts {
            control: before.control.clone(),
            clock: before.clock.clone(),
            threads: before.threads.clone(),
            auditor: before.auditor.clone(),
            console_url: before.console_url.clone(),
            vault: before.vault.clone(),
            opener: Arc::new(open),
            pace: before.pace,
            chance: Arc::clone(&before.chance),
            dies: Arc::clone(&before.dies),
        });
        let fake = Fake::start(V::world()).await;
        let settings = V::settings(&fake.address);
        let wanted = Wanted {
            kind: V::KIND,
            address: settings.address,
            secrets: settings.secrets,
            ..wanted("help", &settings.place)
        };
        let bridge = house.connect.make(SYSTEM, wanted).await.unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (connect, stop) = (house.connect.clone(), stop.clone());
            async move { connect.run(Uuid::now_v7(), stop).await }
        });
        let scene = Self {
            router: router(house.connect.clone()),
            house,
            fake,
            bridge,
            stop,
            running,
        };
        eventually("the bridge runs", async || {
            scene.house.state(&scene.bridge).await.state == BridgeState::Running
        })
        .await;
        scene
    }

    /// How often these words stand there.
    fn copies(&self, text: &str) -> usize {
        let texts = self.fake.texts();
        let with = texts
            .iter()
            .filter(|there| there.replace('\\', "").contains(text));
        with.count()
    }

    async fn is_there(&self, text: &str) {
        eventually(text, async || self.copies(text) == 1).await;
    }

    async fn is_here(&self, thread: Uuid, text: &str) {
        eventually(text, async || {
            let read = self.house.read(thread).await;
            read.iter().filter(|(_, here)| here == text).count() == 1
        })
        .await;
    }

    /// The thread here that a thread over there is.
    async fn here(&self, remote: &str) -> Uuid {
        let found = async || {
            let bridges = self.house.control.bridges();
            bridges
                .ties(self.bridge.id)
                .thread_here(remote)
                .await
                .unwrap()
        };
        eventually("their thread is one here", async || found().await.is_some()).await;
        found().await.unwrap()
    }

    async fn there(&self, thread: Uuid) -> String {
        let bridges = self.house.control.bridges();
        bridges
            .ties(self.bridge.id)
            .thread_there(thread)
            .await
            .unwrap()
            .unwrap()
    }

    async fn deliver(&self, headers: HeaderMap, body: &str) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/hooks/{}", self.bridge.id))
            .body(Body::from(body.to_owned()))
            .unwrap();
        *request.headers_mut() = headers;
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = http_body_util::BodyExt::collect(response.into_body())
            .await
            .unwrap();
        (
            status,
            serde_json::from_slice(&body.to_bytes()).unwrap_or_default(),
        )
    }

    async fn end(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

fn open(platform: &str, settings: Settings) -> Result<Arc<dyn Platform>, Unopened> {
    let kind = Kind::from_word(platform).unwrap();
    match kind {
        Kind::Mattermost => Ok(Arc::new(
            mattermost::Mattermost::open(settings, line())?.with_pause(Duration::from_millis(10)),
        )),
        kind => kind.open(settings, line(), Clock::system()),
    }
}

async fn here_and_there<V: Vendor>() {
    let at = Scene::<V>::new().await;
    let able = at.house.connect.open(&at.bridge).unwrap().abilities();

    let ours = at
        .house
        .open("help", "My laptop restarts", "It restarts every two hours.")
        .await;
    at.is_there("It restarts every two hours.").await;
    let answer = at
        .house
        .say(&at.house.tech, ours, "Which model is it, please?")
        .await;
    at.is_there("Which model is it, please?").await;

    let (_, thread) = V::say(&at, None, "The printer on floor two eats paper").await;
    let theirs = at.here(&thread).await;
    at.is_here(theirs, "The printer on floor two eats paper")
        .await;
    let (reply, _) = V::say(&at, Some(&thread), "And now it smokes a little").await;
    at.is_here(theirs, "And now it smokes a little").await;
    let (author, _) = at.house.read(theirs).await.remove(0);
    let name = V::KIND.form().name;
    assert_eq!(author, format!("Ana Ruiz ({name})"));
    at.house
        .say(&at.house.tech, theirs, "Please pull the plug now.")
        .await;
    at.is_there("Please pull the plug now.").await;

    if V::WHOLE {
        let in_ours = at.there(ours).await;
        V::say(&at, Some(&in_ours), "It is a ThinkPad T14 of 2023").await;
        at.is_here(ours, "It is a ThinkPad T14 of 2023").await;
        V::edit(&at, &reply, "And now it does not smoke any more").await;
        at.is_here(theirs, "And now it does not smoke any more")
            .await;
        V::delete(&at, &reply).await;
        eventually("their post is gone here", async || {
            at.house.read(theirs).await.len() == 2
        })
        .await;
    }
    if able.edits {
        let threads = &at.house.connect.threads;
        threads
            .edit(&at.house.tech, answer, "Which model and which BIOS is it?")
            .await
            .unwrap();
        at.is_there("Which model and which BIOS is it?").await;
        assert_eq!(at.copies("Which model is it, please?"), 0);
        threads.delete(&at.house.tech, answer, "").await.unwrap();
        eventually("our post is gone there", async || {
            at.copies("Which model and which BIOS") == 0
        })
        .await;
    }

    let before = (at.house.read(ours).await, at.house.read(theirs).await);
    V::echo(&at).await;
    // Whatever came behind the echo was taken: so was the echo.
    let (_, last) = V::say(&at, None, "Something else altogether here").await;
    at.here(&last).await;
    assert_eq!(
        (at.house.read(ours).await, at.house.read(theirs).await),
        before
    );
    assert_eq!(at.house.state(&at.bridge).await.fault, "");
    at.end().await;
}

async fn dies_between_sending_and_recording<V: Vendor>() {
    let at = Scene::<V>::new().await;
    *at.house.dies.lock().unwrap() = Some(Point::Sent);
    let thread = at
        .house
        .open("help", "My laptop restarts", "It restarts every two hours.")
        .await;
    eventually("it died", async || at.house.dies.lock().unwrap().is_none()).await;
    let dead = async || {
        let bridges = at.house.control.bridges();
        bridges.letters(at.bridge.id).tally().await.unwrap().dead
    };
    let searchable = V::KIND != Kind::Teams;
    if searchable {
        eventually("it was found there", async || {
            at.house.state(&at.bridge).await.sent == 1
        })
        .await;
        *at.house.dies.lock().unwrap() = Some(Point::Sent);
        at.house
            .say(&at.house.tech, thread, "Which model is it, please?")
            .await;
        eventually("it was found there too", async || {
            at.house.state(&at.bridge).await.sent == 2
        })
        .await;
        assert_eq!(at.copies("Which model is it, please?"), 1);
        assert_eq!(dead().await, 0);
    } else {
        // Nobody can look: it waits for a person, and is not said twice.
        eventually("it waits for a person", async || dead().await == 1).await;
    }
    assert_eq!(at.copies("It restarts every two hours."), 1);
    at.end().await;
}

macro_rules! each_vendor {
    ($($test:ident),*) => {
        $(mod $test {
            use super::*;

            #[tokio::test]
            async fn discourse() {
                super::$test::<Forum>().await;
            }

            #[tokio::test]
            async fn mattermost() {
                super::$test::<Chat>().await;
            }

            #[tokio::test]
            async fn slack() {
                super::$test::<Workspace>().await;
            }

            #[tokio::test]
            async fn teams() {
                super::$test::<Tenant>().await;
            }

            #[tokio::test]
            async fn zulip() {
                super::$test::<Realm>().await;
            }
        })*
    };
}

each_vendor!(here_and_there, dies_between_sending_and_recording);

struct Forum;

impl Forum {
    async fn tell(at: &Scene<Self>, event: &str, id: &str, user: u64) {
        let (topic, number) = id.split_once('/').unwrap();
        let body = {
            let world = at.fake.world();
            let post = world
                .posts
                .iter()
                .find(|post| post.topic.to_string() == topic && post.number.to_string() == number)
                .unwrap();
            let title = world
                .topics
                .iter()
                .find(|one| one.id == post.topic)
                .unwrap();
            json!({"post": {
                "id": post.id, "topic_id": post.topic, "post_number": post.number, "topic_title": title.title,
                "topic_archetype": "regular", "category_id": discourse::fake::CATEGORY, "post_type": 1, "user_id": user,
                "username": "ana", "name": "Ana Ruiz", "raw": post.raw, "created_at": "2026-11-30T10:00:00Z",
                "updated_at": "2026-11-30T10:00:00Z", "user_deleted": false, "reply_to_post_number": null,
            }})
            .to_string()
        };
        let headers = discourse::fake::signed(event, &body);
        let (status, answer) = at.deliver(headers, &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
}

impl Vendor for Forum {
    type World = discourse::fake::Forum;
    const KIND: Kind = Kind::Discourse;

    fn world() -> Self::World {
        Self::World::default()
    }

    fn settings(address: &str) -> Settings {
        discourse::fake::settings(address)
    }

    async fn say(at: &Scene<Self>, thread: Option<&str>, text: &str) -> (String, String) {
        let (id, topic) = at.fake.world().said(thread, text);
        Self::tell(at, "post_created", &id, 12).await;
        (id, topic)
    }

    async fn edit(at: &Scene<Self>, id: &str, text: &str) {
        at.fake.world().change(id, text);
        Self::tell(at, "post_edited", id, 12).await;
    }

    async fn delete(at: &Scene<Self>, id: &str) {
        Self::tell(at, "post_destroyed", id, 12).await;
    }

    async fn echo(at: &Scene<Self>) {
        let ours: Vec<String> = {
            let world = at.fake.world();
            let ours = world.posts.iter().filter(|post| post.raw.contains("?via="));
            ours.map(|post| format!("{}/{}", post.topic, post.number))
                .collect()
        };
        assert!(!ours.is_empty());
        for id in ours {
            for event in ["post_created", "post_edited"] {
                Self::tell(at, event, &id, discourse::fake::OWN).await;
            }
        }
    }
}

struct Chat;

impl Vendor for Chat {
    type World = mattermost::fake::Chat;
    const KIND: Kind = Kind::Mattermost;

    fn world() -> Self::World {
        Self::World::default()
    }

    fn settings(address: &str) -> Settings {
        mattermost::fake::settings(address)
    }

    async fn say(at: &Scene<Self>, thread: Option<&str>, text: &str) -> (String, String) {
        let root = thread.unwrap_or_default();
        let id = at
            .fake
            .world()
            .say(mattermost::fake::ANA, root, text, json!({}));
        (id.clone(), thread.map_or(id, str::to_owned))
    }

    async fn edit(at: &Scene<Self>, id: &str, text: &str) {
        at.fake.world().edit(id, text);
    }

    async fn delete(at: &Scene<Self>, id: &str) {
        at.fake.world().delete(id);
    }

    /// It comes by itself, with every change of a root.
    async fn echo(at: &Scene<Self>) {
        let ours: Vec<String> = {
            let world = at.fake.world();
            let ours = world
                .posts
                .iter()
                .filter(|post| post["user_id"] == mattermost::fake::OWN);
            ours.filter_map(|post| post["id"].as_str().map(str::to_owned))
                .collect()
        };
        assert!(!ours.is_empty());
        for id in ours {
            at.fake.world().touch(&id);
        }
    }
}

struct Workspace;

impl Workspace {
    async fn tell(at: &Scene<Self>, event: &Value) {
        let body = json!({"type": "event_callback", "event_id": format!("Ev{}", Uuid::now_v7().simple()), "event": event}).to_string();
        let headers = slack::fake::signed(Timestamp::now().as_second(), &body);
        // Slack repeats what it got no answer for.
        for repeated in [false, true] {
            let (status, answer) = at.deliver(headers.clone(), &body).await;
            assert_eq!(
                (status, &answer["repeated"]),
                (StatusCode::OK, &json!(repeated))
            );
        }
    }
}

impl Vendor for Workspace {
    type World = slack::fake::Workspace;
    const KIND: Kind = Kind::Slack;

    fn world() -> Self::World {
        Self::World::default()
    }

    fn settings(address: &str) -> Settings {
        slack::fake::settings(address)
    }

    async fn say(at: &Scene<Self>, thread: Option<&str>, text: &str) -> (String, String) {
        let message = at.fake.world().said(thread, text);
        Self::tell(at, &message).await;
        let id = message["ts"].as_str().unwrap().to_owned();
        (id.clone(), thread.map_or(id, str::to_owned))
    }

    async fn edit(at: &Scene<Self>, id: &str, text: &str) {
        let edited = json!({
            "type": "message", "subtype": "message_changed", "channel": slack::fake::CHANNEL, "ts": "1700009999.000001",
            "message": {"type": "message", "user": slack::fake::ANA, "text": text, "ts": id,
                        "edited": {"user": slack::fake::ANA, "ts": "1700009999.000000"}},
        });
        Self::tell(at, &edited).await;
    }

    async fn delete(at: &Scene<Self>, id: &str) {
        let deleted = json!({
            "type": "message", "subtype": "message_deleted", "channel": slack::fake::CHANNEL, "ts": "1700009999.000002",
            "deleted_ts": id,
        });
        Self::tell(at, &deleted).await;
    }

    async fn echo(at: &Scene<Self>) {
        let ours: Vec<Value> = {
            let world = at.fake.world();
            let ours = world
                .messages
                .iter()
                .filter(|one| one["bot_id"] == slack::fake::BOT);
            ours.cloned().collect()
        };
        assert!(!ours.is_empty());
        for mut message in ours {
            message["channel"] = slack::fake::CHANNEL.into();
            Self::tell(at, &message).await;
        }
    }
}

struct Tenant;

impl Vendor for Tenant {
    type World = teams::fake::Workflow;
    const KIND: Kind = Kind::Teams;
    const WHOLE: bool = false;

    fn world() -> Self::World {
        Self::World::default()
    }

    fn settings(address: &str) -> Settings {
        teams::fake::settings(address)
    }

    async fn say(at: &Scene<Self>, thread: Option<&str>, text: &str) -> (String, String) {
        let channel = teams::fake::CHANNEL;
        let id = Uuid::now_v7().simple().to_string();
        let root = thread.map_or(id.as_str(), |thread| thread.split_once(';').unwrap().1);
        let body = json!({
            "type": "message", "id": id, "timestamp": Timestamp::now(), "from": {"id": "29:1XJKJMvc5GBtc2JwZq0oj8", "name": "Ana Ruiz"},
            "conversation": {"id": format!("{channel};messageid={root}")}, "text": format!("<at>Weft</at> {text}"),
            "channelData": {"teamsChannelId": channel},
        })
        .to_string();
        let headers = teams::fake::signed(&body);
        let (status, answer) = at.deliver(headers, &body).await;
        // What whoever spoke reads under their words.
        assert_eq!(
            (status, &answer["type"]),
            (StatusCode::OK, &json!("message"))
        );
        (format!("{channel};{id}"), format!("{channel};{root}"))
    }

    async fn edit(_: &Scene<Self>, _: &str, _: &str) {}

    async fn delete(_: &Scene<Self>, _: &str) {}

    /// What a workflow posts calls no webhook: nothing comes back.
    async fn echo(_: &Scene<Self>) {}
}

struct Realm;

impl Vendor for Realm {
    type World = zulip::fake::Realm;
    const KIND: Kind = Kind::Zulip;

    fn world() -> Self::World {
        Self::World {
            may_delete: true,
            ..Self::World::default()
        }
    }

    fn settings(address: &str) -> Settings {
        zulip::fake::settings(address)
    }

    async fn say(at: &Scene<Self>, thread: Option<&str>, text: &str) -> (String, String) {
        let mut world = at.fake.world();
        let topic = match thread {
            None => text.chars().take(60).collect(),
            Some(thread) => world.topic(thread),
        };
        let id = world.say(zulip::fake::ANA, &topic, text).to_string();
        (id.clone(), thread.map_or(id, str::to_owned))
    }

    async fn edit(at: &Scene<Self>, id: &str, text: &str) {
        at.fake.world().edit(id.parse().unwrap(), text);
    }

    async fn delete(at: &Scene<Self>, id: &str) {
        at.fake.world().delete(id.parse().unwrap());
    }

    /// It comes by itself.
    async fn echo(at: &Scene<Self>) {
        let texts = at.fake.texts();
        assert!(texts.iter().any(|text| text.contains("?via=")));
    }
}
