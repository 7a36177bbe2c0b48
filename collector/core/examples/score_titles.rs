//! Scores the symptom reader on labelled titles that are not in the repository: `source<TAB>label[,label]<TAB>title` lines.
//!
//! Invariant: it only measures. The first label is the gold one; further ones are right too when the reader names them.
//! Usage: `cargo run -p weft-collector-core --example score_titles -- FILE [misses]`

use std::{collections::BTreeMap, env, error::Error, fs, process::ExitCode};

use weft_collector_core::symptoms::{NAMES, read};

type Counts = BTreeMap<String, (f64, f64, f64)>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let file = arguments.next().ok_or("name a file of labelled titles")?;
    let misses = arguments.next().is_some();
    let text = fs::read_to_string(file)?;
    let (mut first, mut strict, mut all) = (Counts::new(), Counts::new(), Counts::new());
    let mut lines = 0;
    for (number, line) in text.lines().enumerate() {
        let mut parts = line.splitn(3, '\t');
        let (Some(source), Some(labels), Some(title)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("line {}: not source, labels, title", number + 1).into());
        };
        lines += 1;
        let labels: Vec<&str> = labels.split(',').collect();
        let read = read(title);
        let named: Vec<&str> = read.symptoms.iter().map(|s| s.name.as_str()).collect();
        let top = named[0];
        count(&mut strict, labels[0], &[top]);
        let gold = if labels.contains(&top) {
            top
        } else {
            labels[0]
        };
        count(&mut first, gold, &[top]);
        count(&mut all, gold, &named);
        if misses && gold != top {
            println!(
                "{source} {} <- {top} ({}): {title}",
                labels.join(","),
                read.symptoms[0].why
            );
        }
    }
    println!("{lines} titles");
    for (name, counts) in [
        ("first label", &first),
        ("primary gold only", &strict),
        ("all named", &all),
    ] {
        println!(
            "macro-F1, {name}: {:.3}",
            NAMES.iter().map(|n| f1(counts, n).2).sum::<f64>() / NAMES.len() as f64
        );
    }
    for name in NAMES {
        let (precision, recall, f1) = f1(&first, name);
        let (hit, _, missed) = first.get(name).copied().unwrap_or_default();
        println!(
            "{name:20} n {:3} precision {precision:.2} recall {recall:.2} f1 {f1:.2}",
            hit + missed
        );
    }
    Ok(())
}

fn count(counts: &mut Counts, gold: &str, named: &[&str]) {
    for name in named {
        let entry = counts.entry((*name).to_owned()).or_default();
        if *name == gold {
            entry.0 += 1.0
        } else {
            entry.1 += 1.0
        }
    }
    if !named.contains(&gold) {
        counts.entry(gold.to_owned()).or_default().2 += 1.0;
    }
}

fn f1(counts: &Counts, name: &str) -> (f64, f64, f64) {
    let (hit, wrong, missed) = counts.get(name).copied().unwrap_or_default();
    let share = |of: f64| if of > 0.0 { hit / of } else { 0.0 };
    (
        share(hit + wrong),
        share(hit + missed),
        share((2.0 * hit + wrong + missed) / 2.0),
    )
}
