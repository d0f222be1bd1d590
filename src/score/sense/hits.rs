//! Which words and phrases that are known stand in a text, and how does what is around turn them?

use super::lexicon::{CueEntry, LEXICON, MAX_PHRASE, WordEntry};
use super::tokens::{Kind, Token, Tokens};

/// Words before a hit that a negation is looked for in.
const NEGATION_REACH: usize = 4;
/// What is left of something good that is negated, turned round.
const NOT_GOOD: f32 = -0.65;
/// What is left of something bad that is negated: "not bad" is no praise.
const NOT_BAD: f32 = -0.2;
const BOOSTED: f32 = 1.25;
const DAMPED: f32 = 0.75;
const SHOUTED: f32 = 1.2;
const STRETCHED: f32 = 1.15;
/// What might be is less than what is.
const SUPPOSED: f32 = 0.5;
/// Something good that is asked for is not there yet.
const GOOD_ASKED: f32 = 0.6;
const BAD_ASKED: f32 = 0.9;
/// "It is good, but slow": what stands before the turn counts less than what follows.
const BEFORE_TURN: f32 = 0.6;
const AFTER_TURN: f32 = 1.3;
/// A word in a name says little: "Bad Blood", "Super Bowl".
const IN_NAME: f32 = 0.4;
/// Who links to something and does not speak of themselves reports more than they judge.
const REPORTED: f32 = 0.8;

/// A known word or phrase at a place.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// Its first token and one past its last.
    pub first: usize,
    pub end: usize,
    pub cue: u16,
    /// What it says here.
    pub sentiment: f32,
    pub problem: f32,
    pub negated: bool,
    /// How much it counts: less where it is only supposed.
    pub weight: f32,
}

impl Hit {
    pub fn entry(&self) -> &'static CueEntry {
        LEXICON.cue(self.cue)
    }
}

/// All hits in order of place; none overlap: the one that says more counts.
pub fn hits(found: &Tokens) -> Vec<Hit> {
    let mut hits = candidates(found);
    let used = keep_strongest(&mut hits, found.tokens.len());
    let shouting = found.shouted * 2 > found.words;
    for hit in &mut hits {
        weigh(hit, found, &used, shouting);
    }
    hits
}

fn candidates(found: &Tokens) -> Vec<Hit> {
    let tokens = &found.tokens;
    let mut hits = Vec::with_capacity(tokens.len() / 2);
    for (at, token) in tokens.iter().enumerate() {
        if token.entry == 0 {
            continue;
        }
        if token.is(WordEntry::STARTS) {
            let sentence = found.clauses[usize::from(token.clause)].sentence;
            let longest = tokens.len().min(at + MAX_PHRASE);
            let same = |other: &&Token| found.clauses[usize::from(other.clause)].sentence == sentence;
            let length = tokens[at..longest].iter().take_while(same).count();
            if let Some((length, cue)) = LEXICON.phrase(&tokens[at..at + length]) {
                hits.push(Hit {
                    first: at,
                    end: at + length,
                    cue,
                    sentiment: 0.0,
                    problem: 0.0,
                    negated: false,
                    weight: 1.0,
                });
            }
        }
        if token.is(WordEntry::CUED) {
            hits.push(Hit {
                first: at,
                end: at + 1,
                cue: token.known().cue,
                sentiment: 0.0,
                problem: 0.0,
                negated: false,
                weight: 1.0,
            });
        }
    }
    hits
}

/// How much a hit says; a phrase counts more than its words, most of all one that takes their meaning away.
fn strength(hit: &Hit) -> f32 {
    let entry = hit.entry();
    let says = entry.sentiment.unwrap_or(0.0).abs() + entry.problem.abs();
    let longer = 1.5 * (hit.end - hit.first - 1) as f32;
    let silences = hit.end - hit.first > 1 && says == 0.0;
    says + longer + if silences { 10.0 } else { 0.0 }
}

/// What a word is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Free,
    Alone,
    /// A phrase has used it up: a negation in one does not turn its neighbour.
    InPhrase,
}

/// Leaves the strongest of hits that overlap, and tells what each word is used for.
fn keep_strongest(hits: &mut Vec<Hit>, tokens: usize) -> Vec<Use> {
    let mut uses = vec![Use::Free; tokens];
    let mut order: Vec<(f32, u32)> =
        hits.iter().enumerate().map(|(index, hit)| (strength(hit), index as u32)).collect();
    if hits.windows(2).any(|pair| pair[1].first < pair[0].end) {
        order.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    }
    for (_, index) in order {
        let hit = &mut hits[index as usize];
        let place = &mut uses[hit.first..hit.end];
        if place.iter().all(|used| *used == Use::Free) {
            place.fill(if hit.end - hit.first > 1 { Use::InPhrase } else { Use::Alone });
        } else {
            hit.cue = 0;
        }
    }
    hits.retain(|hit| hit.cue != 0);
    uses
}

fn weigh(hit: &mut Hit, found: &Tokens, used: &[Use], shouting: bool) {
    let entry = hit.entry();
    let (mut sentiment, mut problem) = (entry.sentiment.unwrap_or(0.0), entry.problem);
    let own = &found.tokens[hit.first..hit.end];
    let clause = usize::from(own[0].clause);
    let before = before(hit.first, found);
    hit.negated = own[0].kind != Kind::Face && is_negated(own, before, hit.first, found, used);
    if hit.negated {
        sentiment *= if sentiment > 0.0 { NOT_GOOD } else { NOT_BAD };
        problem *= if problem < 0.0 { -0.7 } else { -0.3 };
    }
    let boosted = found.tokens[hit.first.saturating_sub(2)..hit.first].iter().any(|token| token.is(WordEntry::BOOSTS));
    let damped = hit.first > 0 && found.tokens[hit.first - 1].is(WordEntry::DAMPS);
    let mut factor = 1.0;
    factor *= if boosted { BOOSTED } else { 1.0 } * if damped { DAMPED } else { 1.0 };
    if !shouting && own.iter().any(|token| token.caps) {
        factor *= SHOUTED;
    }
    if own.iter().any(|token| token.stretched) {
        factor *= STRETCHED;
    }
    if before.iter().any(|token| token.is(WordEntry::SUPPOSES)) {
        factor *= SUPPOSED;
        hit.weight = SUPPOSED;
    }
    let place = found.clauses[clause];
    if place.asks {
        factor *= if sentiment > 0.0 { GOOD_ASKED } else { BAD_ASKED };
    }
    let next = found.clauses.get(clause + 1);
    if next.is_some_and(|next| next.contrast && next.sentence == place.sentence) {
        factor *= BEFORE_TURN;
    }
    if place.contrast {
        factor *= AFTER_TURN;
    }
    if is_name(hit, found) {
        factor *= IN_NAME;
    }
    if found.links > 0 && found.me == 0 {
        factor *= REPORTED;
    }
    hit.sentiment = sentiment * factor;
    hit.problem = problem * if problem > 0.0 { factor.clamp(0.6, 1.3) } else { factor.min(1.0) };
}

/// Whether a word is likely part of a name: it begins with a capital in the middle of a sentence, where not all words do.
fn is_name(hit: &Hit, found: &Tokens) -> bool {
    let token = found.tokens[hit.first];
    let in_name = hit.end - hit.first == 1 && token.capital && !token.caps && !token.hashtag;
    if !in_name || hit.first == 0 || found.capitals * 2 > found.words {
        return false;
    }
    let sentence = |token: &Token| found.clauses[usize::from(token.clause)].sentence;
    let previous = &found.tokens[hit.first - 1];
    sentence(previous) == sentence(&token) && previous.kind == Kind::Word
}

/// The words of the clause before a place.
fn before(first: usize, found: &Tokens) -> &[Token] {
    let clause = found.tokens[first].clause;
    let count = found.tokens[..first].iter().rev().take_while(|token| token.clause == clause).count();
    &found.tokens[first - count..first]
}

fn is_negated(own: &[Token], before: &[Token], first: usize, found: &Tokens, used: &[Use]) -> bool {
    // A phrase with a negation inside means what it says.
    if own.iter().any(|token| token.is(WordEntry::NEGATES)) {
        return false;
    }
    let reach = before.len().min(NEGATION_REACH);
    let from = first - reach;
    (from..first).any(|at| used[at] != Use::InPhrase && found.tokens[at].is(WordEntry::NEGATES))
}
