//! The operations, noun by noun. The order is the order of the document.

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Api;

pub mod accounts;
pub mod anomalies;
pub mod apps;
pub mod attachments;
pub mod audit;
pub mod bridges;
pub mod calls;
pub mod cards;
pub mod cohort;
pub mod demand;
pub mod devices;
pub mod drafts;
pub mod effect;
pub mod escalations;
pub mod flags;
pub mod impact;
pub mod links;
pub mod mail;
pub mod notifications;
pub mod overview;
pub mod peers;
pub mod posts;
pub mod reviews;
pub mod rules;
pub mod search;
pub mod session;
pub mod shape;
pub mod spaces;
pub mod status;
pub mod threads;
pub mod tokens;

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(session::open::open, session::close::close))
        .routes(routes!(session::me::me))
        .routes(routes!(session::password::password))
        .routes(routes!(status::read::read))
        .routes(routes!(overview::read::read))
        .merge(devices())
        .merge(anomalies())
        .routes(routes!(links::make::make))
        .routes(routes!(links::confirm::confirm))
        .routes(routes!(links::reject::reject))
        .merge(discussion())
        .merge(context())
        .merge(peers())
        .merge(mail())
        .merge(reviews())
        .routes(routes!(demand::list))
        .routes(routes!(demand::csv))
        .routes(routes!(impact::read))
        .routes(routes!(apps::list::list))
        .routes(routes!(apps::judge::judge, apps::unjudge::unjudge))
        .routes(routes!(audit::list::list))
        .routes(routes!(tokens::list::list, tokens::make::make))
        .routes(routes!(tokens::revoke::revoke))
        .routes(routes!(accounts::list::list, accounts::make::make))
        .routes(routes!(accounts::change::change))
        .merge(connections())
}

fn connections() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(bridges::list::list, bridges::make::make))
        .routes(routes!(bridges::platforms::platforms))
        .routes(routes!(bridges::change::change, bridges::remove::remove))
        .routes(routes!(bridges::test::test))
        .routes(routes!(bridges::letters::list))
        .routes(routes!(bridges::letters::again))
        .routes(routes!(bridges::letters::drop))
        .routes(routes!(
            bridges::people::list,
            bridges::people::tie,
            bridges::people::untie
        ))
        .routes(routes!(bridges::code::code))
}

fn devices() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(devices::list::list))
        .routes(routes!(devices::read::read))
        .routes(routes!(devices::boots::boots))
        .routes(routes!(devices::processes::processes))
        .routes(routes!(devices::apps::apps))
        .routes(routes!(devices::vitals::vitals))
        .routes(routes!(devices::observations::observations))
        .routes(routes!(devices::looks::looks))
        .routes(routes!(devices::looks::summary))
        .routes(routes!(cards::of_device))
        .routes(routes!(devices::revoke::revoke))
        .routes(routes!(devices::retire::retire))
}

fn anomalies() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(anomalies::list::list))
        .routes(routes!(anomalies::read::read))
        .routes(routes!(anomalies::evidence::evidence))
        .routes(routes!(anomalies::acknowledge::acknowledge))
        .routes(routes!(anomalies::resolve::resolve))
        .routes(routes!(anomalies::judge::judge))
        .routes(routes!(anomalies::preview::preview))
        .routes(routes!(anomalies::thread::thread))
        .routes(routes!(rules::list::list))
        .routes(routes!(rules::end::end))
}

fn discussion() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(spaces::list::list))
        .routes(routes!(threads::list::list, threads::open::open))
        .routes(routes!(threads::read::read, threads::change::change))
        .routes(routes!(threads::posts::posts, threads::post::post))
        .routes(routes!(threads::level::level))
        .routes(routes!(threads::mark::mark))
        .routes(routes!(threads::merge::merge))
        .routes(routes!(threads::split::split))
        .routes(routes!(threads::removed::removed))
        .routes(routes!(threads::series::series))
        .routes(routes!(threads::escalate::escalate))
        .routes(routes!(threads::invite::invite))
        .routes(routes!(threads::uninvite::uninvite))
        .routes(routes!(threads::accept::accept))
        .routes(routes!(threads::reopen::reopen))
        .routes(routes!(
            threads::follow::follow,
            threads::unfollow::unfollow
        ))
        .routes(routes!(threads::context::context))
        .routes(routes!(posts::edit::edit, posts::delete::delete))
        .routes(routes!(posts::restore::restore))
        .routes(routes!(
            posts::edits::edits,
            posts::forget_edits::forget_edits
        ))
        .routes(routes!(posts::flag::flag))
        .routes(routes!(flags::list::list))
        .routes(routes!(flags::close::close))
        .routes(routes!(escalations::list::list))
        .routes(routes!(escalations::take::take))
        .routes(routes!(escalations::close::close))
        .routes(routes!(search::find::find))
        .routes(routes!(drafts::list::list))
        .routes(routes!(
            drafts::read::read,
            drafts::save::save,
            drafts::drop::drop
        ))
        .routes(routes!(notifications::list::list))
        .routes(routes!(notifications::count::count))
        .routes(routes!(notifications::see::see))
        .merge(attachments())
}

/// Files are larger than any other body.
fn attachments() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(
            attachments::list::list,
            attachments::upload::upload
        ))
        .routes(routes!(attachments::read::read, attachments::drop::drop))
        .layer(DefaultBodyLimit::max(crate::threads::files::MAX_FILE))
}

/// Machine facts beside the talk.
fn context() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(cohort::cohort))
        .routes(routes!(cards::read, cards::share, cards::unshare))
        .routes(routes!(cards::preview))
        .routes(routes!(effect::read))
        .routes(routes!(effect::mark))
        .routes(routes!(effect::unmark))
        .routes(routes!(calls::read, calls::start))
}

fn peers() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(peers::read, peers::set))
        .routes(routes!(peers::of_thread))
        .routes(routes!(peers::of_anomaly))
        .routes(routes!(peers::invite::invite, peers::invite::of_thread))
        .routes(routes!(peers::invite::mine))
        .routes(routes!(peers::invite::accept))
        .routes(routes!(peers::invite::decline))
        .routes(routes!(peers::thank::thank, peers::thank::unthank))
        .routes(routes!(peers::thank::mine))
        .routes(routes!(peers::thank::of_thread))
}

/// One's own mail and feeds.
fn mail() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(mail::read::read))
        .routes(routes!(mail::wishes::save))
        .routes(routes!(mail::addresses::add))
        .routes(routes!(mail::addresses::prefer))
        .routes(routes!(mail::addresses::resume))
        .routes(routes!(mail::addresses::remove))
        .routes(routes!(mail::mutes::mute, mail::mutes::unmute))
        .routes(routes!(mail::test::test))
        .routes(routes!(
            mail::feeds::read,
            mail::feeds::renew,
            mail::feeds::close
        ))
}

fn reviews() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(reviews::list, reviews::open))
        .routes(routes!(reviews::read))
        .routes(routes!(reviews::of_thread))
        .routes(routes!(reviews::answer))
        .routes(routes!(reviews::decide::decide))
}
