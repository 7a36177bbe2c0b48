//! From a report to a submission: limits, numbers, conversion. Pure but for the clock.

use prost::Message as _;
use weft_collector_core::event::{Event, Outcome};
use weft_proto::v1::{Gap, Observation, Rejection, Report};

use super::{Conversation, Open, opening::read_epoch};
use crate::{
    error::{Code, Fault},
    ingest::{
        bookkeeper::{Machine, Note},
        convert::{self, Place, Time},
        numbers::{self, Run, What},
        writer::{Durable, Submission},
    },
    metrics::TimeLabel,
};

/// Gaps in one report: a spool that lost records in more places than this sends several reports.
const GAPS: usize = 1_000;

impl<D: Durable> Conversation<D> {
    /// What of the report is new; `None` when all of it was durable or on its way before.
    pub(super) fn check(
        &self,
        open: &mut Open,
        report: Report,
    ) -> Result<Option<Submission>, Fault> {
        let bytes = report.encoded_len();
        let limit = self.house.limits.observations;
        if report.observations.len() > limit {
            return Err(invalid(format!(
                "{} observations in one report; the limit is {limit}",
                report.observations.len()
            )));
        }
        if report.gaps.len() > GAPS {
            return Err(invalid(format!(
                "{} gaps in one report; the limit is {GAPS}",
                report.gaps.len()
            )));
        }
        if read_epoch(&report.epoch)? != open.epoch {
            return Err(invalid(
                "the report's epoch is not the one of Hello".to_owned(),
            ));
        }
        if let Some(from) = open.repeats_from {
            refuse_repeated(&report, from)?;
        }
        let gaps: Vec<_> = report.gaps.iter().map(range).collect();
        let runs = numbers::accept(
            open.expected,
            report.first_seq,
            report.observations.len(),
            &gaps,
            report.next_seq,
        )?;
        let now = self.house.gate.clock.now();
        let note = Note {
            next_seq: report.next_seq,
            durable_seq: open.durable,
            at: now,
            clock_skew: convert::clock_skew(report.clock, now),
            agent_version: open.agent_version.clone(),
            machine: None,
        };
        let Some(last_seq) = runs.last().map(|run| run.last) else {
            self.house.books.note(open.session.device, open.epoch, note);
            return Ok(None);
        };
        let place = Place {
            device: open.session.device,
            epoch: open.epoch,
            received_at: now,
            simulated: self.caller.device.traits.simulated,
        };
        let events = self.events(&place, runs, report.first_seq, report.observations);
        open.expected = last_seq + 1;
        Ok(Some(Submission {
            device: open.session.device,
            epoch: open.epoch,
            session: open.session.number,
            rejections: events.iter().filter_map(rejection).collect(),
            note: Note {
                durable_seq: last_seq,
                machine: Machine::of(&events),
                ..note
            },
            rows: events.len(),
            events,
            last_seq,
            settled: open.settle.clone(),
            bytes,
        }))
    }

    fn events(
        &self,
        place: &Place,
        runs: Vec<Run>,
        first_seq: u64,
        observations: Vec<Observation>,
    ) -> Vec<Event> {
        let mut events = Vec::with_capacity(observations.len() + runs.len());
        let mut observations = Some(observations);
        for run in runs {
            match run.what {
                What::Gap(reason) => events.push(convert::gap(
                    place,
                    run.first,
                    run.last - run.first + 1,
                    reason,
                )),
                What::Observations => {
                    // At most 1,000, so the difference fits; there is one such run in a report.
                    let skip = usize::try_from(run.first - first_seq).unwrap_or(usize::MAX);
                    let new = observations.take().into_iter().flatten().skip(skip);
                    for (seq, observation) in (run.first..).zip(new) {
                        events.push(self.event(place, seq, observation));
                    }
                }
            }
        }
        events
    }

    fn event(&self, place: &Place, seq: u64, observation: Observation) -> Event {
        let (event, time) = convert::event(place, seq, observation);
        let what = match time {
            Time::Kept => return event,
            Time::Missing => "missing",
            Time::Clamped => "clamped",
        };
        self.house
            .metrics
            .adjusted_times
            .get_or_create(&TimeLabel { what })
            .inc();
        event
    }
}

/// Numbers of a second life: neither can those up to the durable one be told from what is here already, nor may those
/// behind it be taken, or what was numbered in between would be lost without a word. What was given before is an honest
/// repetition.
fn refuse_repeated(report: &Report, from: u64) -> Result<(), Fault> {
    let observed = report.observations.len() as u64;
    let last_observed = report.first_seq.saturating_add(observed.saturating_sub(1));
    let last_lost = report.gaps.iter().map(|gap| gap.last_seq).max();
    let last = last_lost.max((observed > 0).then_some(last_observed));
    match last {
        Some(last) if last >= from => Err(Fault::new(
            Code::Precondition,
            format!(
                "this spool went back in time: it gives numbers from {from} on a second time (number {last} is in this report); begin a new epoch"
            ),
        )),
        _ => Ok(()),
    }
}

fn range(gap: &Gap) -> (u64, u64, i32) {
    (gap.first_seq, gap.last_seq, gap.reason)
}

fn rejection(event: &Event) -> Option<Rejection> {
    match &event.outcome {
        Outcome::Rejected { code, detail } => Some(Rejection {
            seq: event.seq,
            code: code.clone(),
            detail: detail.clone(),
        }),
        _ => None,
    }
}

fn invalid(words: String) -> Fault {
    Fault::new(Code::Invalid, words)
}
