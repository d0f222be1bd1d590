//! How is the report of a back-test printed?

use std::io::Write;

use jiff::tz::TimeZone;

use crate::cli::table::{Mark, marked, plain, table};
use crate::model::{Timestamp, words};
use crate::pipeline::backtest::{Counted, DayData, DayFound, Delta, Findings, Received, Report, Sample};

/// Widest bar of a day, in characters.
const BAR: usize = 30;

/// Prints the report for people.
pub fn text(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    header(report, out)?;
    match (&report.change, &report.current, &report.proposed) {
        (Some(_), current, proposed) => compared(report, current.as_ref(), proposed.as_ref(), out),
        (None, Some(findings), _) | (None, None, Some(findings)) => alone(report, findings, out),
        (None, None, None) => Ok(()),
    }
}

fn header(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    let (archive, at) = (&report.archive, |moment| minute(report, moment));
    let (watch, since, until, zone) = (&report.watch, at(report.since), at(report.until), &report.time_zone);
    writeln!(out, "Watch {watch} on what arrived from {since} to {until} ({zone})")?;
    match archive.oldest {
        None => writeln!(out, "The archive is empty: there is nothing to try it on until posts are read.")?,
        Some(oldest) => writeln!(
            out,
            "{} searched; the archive begins at {}",
            words::count(archive.posts as u64, "post"),
            at(oldest)
        )?,
    }
    if let Some(complete) = archive.complete_from.filter(|complete| *complete > report.since) {
        let complete = at(complete);
        writeln!(out, "  before {complete} it has nothing, or only what was a mention then (days marked below)")?;
    }
    Ok(writeln!(out)?)
}

/// A moment in the report's time zone.
fn minute(report: &Report, moment: Timestamp) -> String {
    let zone = TimeZone::get(&report.time_zone).unwrap_or(TimeZone::UTC);
    moment.to_jiff().to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

fn alone(report: &Report, findings: &Findings, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}", sum(findings))?;
    if findings.found == 0 {
        return nothing(report, out);
    }
    days(report, out)?;
    counted("Source", &findings.sources, out)?;
    counted("Site", &findings.sites, out)?;
    counted("Held back by the exclusion", &findings.excluded, out)?;
    overlaps(findings, out)?;
    receivers(findings, out)?;
    samples(report, "Newest mentions, each of another story", &findings.samples, out)
}

fn sum(findings: &Findings) -> String {
    let held_back = findings.found - findings.mentions;
    let held_back = if held_back == 0 { String::new() } else { format!("; exclusions hold {held_back} more back") };
    format!(
        "{} in {}{held_back}",
        several(findings.mentions, "mention", "mentions"),
        several(findings.stories, "story", "stories")
    )
}

fn several(number: usize, one: &str, many: &str) -> String {
    words::plural(number as u64, one, many)
}

fn nothing(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    let hint = match report.archive.posts {
        0 => "No post arrived in that time; a longer --since reaches further back.",
        _ => "Try a longer --since, or single parts of the query with `overheard search`.",
    };
    Ok(writeln!(out, "Nothing was found. {hint}")?)
}

fn compared(
    report: &Report,
    current: Option<&Findings>,
    proposed: Option<&Findings>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let side = |findings: Option<&Findings>| findings.map_or("no such watch".to_owned(), sum);
    writeln!(out, "Now      {}", side(current))?;
    writeln!(out, "Changed  {}", side(proposed))?;
    if !report.found_something() {
        return nothing(report, out);
    }
    let Some(change) = &report.change else { return Ok(()) };
    let mut amounts = table(["", "Posts", "Stories"]);
    for (name, posts, stories) in [
        ("added", change.added.posts, change.added.stories),
        ("removed", change.removed.posts, change.removed.stories),
        ("kept", change.kept.posts, change.kept.stories),
    ] {
        amounts.add_row([name.to_owned(), posts.to_string(), stories.to_string()]);
    }
    writeln!(out, "{amounts}")?;
    days(report, out)?;
    receivers_compared(current, proposed, out)?;
    delta(report, "Added", &change.added, out)?;
    delta(report, "Removed", &change.removed, out)
}

fn delta(report: &Report, name: &str, delta: &Delta, out: &mut dyn Write) -> anyhow::Result<()> {
    samples(report, &format!("{name}, the newest of each story"), &delta.samples, out)
}

/// One line a day, with both numbers where a changed file is compared; days without data together.
fn days(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    let sides: Vec<&Findings> = report.current.iter().chain(&report.proposed).collect();
    let (Some(first), Some(last)) = (sides.first(), sides.last()) else { return Ok(()) };
    let most = sides.iter().flat_map(|side| &side.days).map(|day| day.mentions).max().unwrap_or(0).max(1);
    let without = first.days.iter().take_while(|day| day.data == DayData::None).count();
    if let Some(end) = without.checked_sub(1).and_then(|end| first.days.get(end)) {
        writeln!(out, "until {}  no data", end.day)?;
    }
    writeln!(out, "{:10}  {:>15}  {:>15}", "day", "mentions", "stories")?;
    for (number, day) in first.days.iter().enumerate().skip(without) {
        let of = |count: fn(&DayFound) -> usize| {
            let counts = sides.iter().filter_map(|side| side.days.get(number)).map(|day| count(day).to_string());
            counts.collect::<Vec<_>>().join(" → ")
        };
        let bar = last.days.get(number).map_or(0, |day| (day.mentions * BAR).div_ceil(most));
        let partial = if day.data == DayData::Partial { " (partial)" } else { "" };
        let (mentions, stories) = (of(|day| day.mentions), of(|day| day.stories));
        writeln!(out, "{}  {mentions:>15}  {stories:>15}  {}{partial}", day.day, "▇".repeat(bar))?;
    }
    Ok(writeln!(out)?)
}

fn counted(what: &str, counts: &[Counted], out: &mut dyn Write) -> anyhow::Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let mut rows = table([what, "Posts"]);
    for counted in counts {
        rows.add_row([plain(&counted.name), counted.posts.to_string()]);
    }
    Ok(writeln!(out, "{rows}")?)
}

fn overlaps(findings: &Findings, out: &mut dyn Write) -> anyhow::Result<()> {
    if findings.overlaps.is_empty() {
        return Ok(());
    }
    let mut rows = table(["Found by another watch too", "Mentions", "Of this watch", "Of the other"]);
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    for overlap in &findings.overlaps {
        let of_other = overlap.share_of_other.map_or("?".to_owned(), percent);
        rows.add_row([overlap.watch.clone(), overlap.both.to_string(), percent(overlap.share_of_this), of_other]);
    }
    Ok(writeln!(out, "{rows}")?)
}

fn receivers(findings: &Findings, out: &mut dyn Write) -> anyhow::Result<()> {
    if findings.without_route > 0 {
        let have = if findings.without_route == 1 { "has" } else { "have" };
        writeln!(out, "{} {have} no route to anybody.", words::count(findings.without_route as u64, "mention"))?;
    }
    if findings.receivers.is_empty() {
        return Ok(());
    }
    let mut rows = table(["Receiver", "Alerts it takes part in", "Only because of it", "Told before", "Over the cap"]);
    for received in &findings.receivers {
        rows.add_row([
            received.receiver.clone(),
            received.alerts.to_string(),
            received.only_this_watch.to_string(),
            received.told_before.to_string(),
            capped(received),
        ]);
    }
    Ok(writeln!(out, "{rows}")?)
}

/// `7 stories: 2026-03-01 3, 2026-03-02 4`.
fn capped(received: &Received) -> String {
    let stories: usize = received.capped.iter().map(|capped| capped.stories).sum();
    if stories == 0 {
        return String::new();
    }
    let days: Vec<String> = received.capped.iter().map(|capped| format!("{} {}", capped.day, capped.stories)).collect();
    format!("{}: {}", several(stories, "story", "stories"), days.join(", "))
}

fn receivers_compared(
    current: Option<&Findings>,
    proposed: Option<&Findings>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let all = || current.into_iter().chain(proposed).flat_map(|findings| &findings.receivers);
    let mut names: Vec<&str> = all().map(|received| received.receiver.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    let of = |findings: Option<&Findings>, name: &str| {
        let received = findings.and_then(|findings| findings.receivers.iter().find(|one| one.receiver == name));
        received.cloned().unwrap_or_default()
    };
    let mut rows = table(["Receiver", "Alerts now", "Alerts changed", "Only because of it", "Over the cap"]);
    for name in names {
        let (before, after) = (of(current, name), of(proposed, name));
        rows.add_row([
            name.to_owned(),
            before.alerts.to_string(),
            after.alerts.to_string(),
            format!("{} → {}", before.only_this_watch, after.only_this_watch),
            capped(&after),
        ]);
    }
    Ok(writeln!(out, "{rows}")?)
}

fn samples(report: &Report, title: &str, samples: &[Sample], out: &mut dyn Write) -> anyhow::Result<()> {
    if samples.is_empty() {
        return Ok(());
    }
    let mut rows = table(["Score", "Arrived", "Where", "Post", "Why"]);
    for sample in samples {
        let words = [marked(&sample.title, Mark::Stars), marked(&sample.snippet, Mark::Stars), plain(&sample.url)];
        let words: Vec<String> = words.into_iter().filter(|words| !words.is_empty()).collect();
        rows.add_row([
            sample.score.to_string(),
            minute(report, sample.received),
            plain(&sample.site),
            words.join("\n"),
            plain(&sample.why.join(", ")),
        ]);
    }
    writeln!(out, "{title}; *words* that matched are marked")?;
    Ok(writeln!(out, "{rows}")?)
}

/// One line a day.
pub fn csv(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["day", "data", "mentions", "stories", "mentions_changed", "stories_changed"])?;
    let days =
        |findings: &Option<Findings>| findings.as_ref().map(|findings| findings.days.clone()).unwrap_or_default();
    let (current, proposed) = (days(&report.current), days(&report.proposed));
    for number in 0..current.len().max(proposed.len()) {
        let (now, changed) = (current.get(number), proposed.get(number));
        let Some(day) = now.or(changed) else { continue };
        let data = match day.data {
            DayData::None => "none",
            DayData::Partial => "partial",
            DayData::Whole => "whole",
        };
        let cell = |count: Option<usize>| count.map_or(String::new(), |count| count.to_string());
        csv.write_record([
            day.day.to_string(),
            data.to_owned(),
            cell(now.map(|day| day.mentions)),
            cell(now.map(|day| day.stories)),
            cell(changed.map(|day| day.mentions)),
            cell(changed.map(|day| day.stories)),
        ])?;
    }
    csv.flush()?;
    Ok(())
}
