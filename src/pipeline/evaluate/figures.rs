//! How are right and wrong answers summed up in figures?

/// Share of the texts that the top of a ranking has.
const TOP: f64 = 0.1;
/// Bins of confidence in [`Reliability`].
const BINS: usize = 10;
/// Of the normal distribution, for 95 %.
const Z: f64 = 1.959_964;

/// A proportion with its 95 % interval (Wilson).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Proportion {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Proportion {
    /// `of` things were right among `all`; nothing is known of none.
    pub fn new(of: f64, all: f64) -> Option<Self> {
        if all <= 0.0 {
            return None;
        }
        let value = of / all;
        let (square, shrunk) = (Z * Z / all, 1.0 + Z * Z / all);
        let middle = (value + square / 2.0) / shrunk;
        let half = Z * (value * (1.0 - value) / all + square / (4.0 * all)).sqrt() / shrunk;
        Some(Self { value, low: (middle - half).max(0.0), high: (middle + half).min(1.0) })
    }
}

/// How often each of `N` classes was called what: rows are the truth, columns the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion<const N: usize> {
    pub counts: [[u64; N]; N],
}

impl<const N: usize> Default for Confusion<N> {
    fn default() -> Self {
        Self { counts: [[0; N]; N] }
    }
}

impl<const N: usize> Confusion<N> {
    pub fn add(&mut self, truth: usize, answer: usize) {
        if let Some(count) = self.counts.get_mut(truth).and_then(|row| row.get_mut(answer)) {
            *count += 1;
        }
    }

    pub fn all(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Share of right answers.
    pub fn accuracy(&self) -> Option<Proportion> {
        let right: u64 = (0..N).map(|class| self.counts[class][class]).sum();
        Proportion::new(right as f64, self.all() as f64)
    }

    /// Share of a class that was found.
    pub fn recall(&self, class: usize) -> Option<Proportion> {
        Proportion::new(self.counts[class][class] as f64, self.counts[class].iter().sum::<u64>() as f64)
    }

    /// Share of the answers with a class that were right.
    pub fn precision(&self, class: usize) -> Option<Proportion> {
        let answered: u64 = self.counts.iter().map(|row| row[class]).sum();
        Proportion::new(self.counts[class][class] as f64, answered as f64)
    }

    /// Harmonic mean of precision and recall; 0 where nothing was right.
    pub fn f1(&self, class: usize) -> f64 {
        let (precision, recall) = (self.precision(class), self.recall(class));
        let (precision, recall) = (precision.map_or(0.0, |p| p.value), recall.map_or(0.0, |p| p.value));
        if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
    }

    /// Mean of the classes' F1.
    pub fn macro_f1(&self) -> f64 {
        (0..N).map(|class| self.f1(class)).sum::<f64>() / N as f64
    }

    /// Mean of the classes' recall.
    pub fn average_recall(&self) -> f64 {
        (0..N).map(|class| self.recall(class).map_or(0.0, |recall| recall.value)).sum::<f64>() / N as f64
    }
}

/// Scores with whether each was of a true case.
#[derive(Clone, Debug, Default)]
pub struct Ranking {
    /// The highest score first.
    scored: Vec<(f32, bool)>,
    cases: f64,
}

impl Ranking {
    pub fn new(mut scored: Vec<(f32, bool)>) -> Self {
        scored.sort_by(|one, other| other.0.total_cmp(&one.0));
        let cases = scored.iter().filter(|(_, case)| *case).count() as f64;
        Self { scored, cases }
    }

    /// Texts of the same score: how many there are, and how many of them are cases.
    fn ties(&self) -> Vec<(f64, f64)> {
        let same = |one: &(f32, bool), other: &(f32, bool)| one.0.total_cmp(&other.0).is_eq();
        let cases = |tie: &[(f32, bool)]| tie.iter().filter(|(_, case)| *case).count() as f64;
        self.scored.chunk_by(same).map(|tie| (tie.len() as f64, cases(tie))).collect()
    }

    /// Probability that a case scores higher than another text; ties count half.
    pub fn auc(&self) -> Option<f64> {
        let others = self.scored.len() as f64 - self.cases;
        if self.cases == 0.0 || others == 0.0 {
            return None;
        }
        let (mut others_above, mut lost) = (0.0, 0.0);
        for (all, cases) in self.ties() {
            lost += cases * (others_above + (all - cases) / 2.0);
            others_above += all - cases;
        }
        Some(1.0 - lost / (self.cases * others))
    }

    /// Mean, over the cases, of the share of cases down to there.
    pub fn average_precision(&self) -> Option<f64> {
        if self.cases == 0.0 {
            return None;
        }
        let (mut seen, mut found, mut sum) = (0.0, 0.0, 0.0);
        for (all, cases) in self.ties() {
            seen += all;
            found += cases;
            sum += cases * found / seen;
        }
        Some(sum / self.cases)
    }

    /// Share of cases in the top tenth; of a tie at its end as many as fit, on average.
    pub fn precision_top_10(&self) -> Option<Proportion> {
        let top = (self.scored.len() as f64 * TOP).floor().max(1.0);
        let (mut left, mut found) = (top, 0.0);
        for (all, cases) in self.ties() {
            let taken = all.min(left);
            found += cases * taken / all;
            left -= taken;
            if left <= 0.0 {
                break;
            }
        }
        if self.scored.is_empty() { None } else { Proportion::new(found, top) }
    }
}

/// Whether what is said with some confidence is right that often.
#[derive(Clone, Debug, Default)]
pub struct Reliability {
    bins: [Bin; BINS],
}

/// The answers of like confidence.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    all: u64,
    right: u64,
    confidence: f64,
}

/// One line of a reliability table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityLine {
    /// Confidence from and to.
    pub from: f64,
    pub to: f64,
    pub texts: u64,
    /// Mean confidence.
    pub said: f64,
    /// How often it was right.
    pub right: Proportion,
}

impl Reliability {
    pub fn add(&mut self, confidence: f32, right: bool) {
        let index = ((f64::from(confidence) * BINS as f64) as usize).min(BINS - 1);
        let bin = &mut self.bins[index];
        bin.all += 1;
        bin.right += u64::from(right);
        bin.confidence += f64::from(confidence);
    }

    /// The bins that have texts.
    pub fn lines(&self) -> Vec<ReliabilityLine> {
        let mut lines = Vec::new();
        for (index, bin) in self.bins.iter().enumerate() {
            if let Some(right) = Proportion::new(bin.right as f64, bin.all as f64) {
                let edge = |index: usize| index as f64 / BINS as f64;
                let said = bin.confidence / bin.all as f64;
                lines.push(ReliabilityLine { from: edge(index), to: edge(index + 1), texts: bin.all, said, right });
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 0.000_5
    }

    #[test]
    fn the_interval_of_wilson_is_as_in_the_books() {
        let half = Proportion::new(5.0, 10.0).unwrap();
        assert!(close(half.low, 0.2366) && close(half.high, 0.7634), "{half:?}");
        let all = Proportion::new(10.0, 10.0).unwrap();
        assert!(close(all.low, 0.7225) && close(all.high, 1.0), "{all:?}");
        assert_eq!(Proportion::new(0.0, 0.0), None);
    }

    #[test]
    fn the_means_of_a_confusion_count_each_class_alike() {
        let confusion = Confusion { counts: [[8, 2], [1, 1]] };
        assert!(close(confusion.accuracy().unwrap().value, 0.75));
        assert!(close(confusion.average_recall(), (0.8 + 0.5) / 2.0));
        let (f1, other) = (2.0 * (8.0 / 9.0) * 0.8 / (8.0 / 9.0 + 0.8), 2.0 * (1.0 / 3.0) * 0.5 / (1.0 / 3.0 + 0.5));
        assert!(close(confusion.macro_f1(), (f1 + other) / 2.0));
        assert!(close(Confusion::<3>::default().macro_f1(), 0.0));
    }

    #[test]
    fn a_ranking_is_judged_by_its_order_and_ties_count_half() {
        let perfect = Ranking::new(vec![(0.9, true), (0.8, true), (0.2, false), (0.1, false)]);
        assert_eq!((perfect.auc(), perfect.average_precision()), (Some(1.0), Some(1.0)));
        let undecided = Ranking::new(vec![(0.5, true), (0.5, false), (0.5, true), (0.5, false)]);
        assert_eq!((undecided.auc(), undecided.average_precision()), (Some(0.5), Some(0.5)));
        let mixed = Ranking::new(vec![(0.9, true), (0.8, false), (0.7, true), (0.6, false)]);
        assert_eq!(mixed.auc(), Some(0.75));
        assert!(close(mixed.average_precision().unwrap(), (1.0 + 2.0 / 3.0) / 2.0));
        assert_eq!(Ranking::new(vec![(0.3, true)]).auc(), None);
    }

    #[test]
    fn the_top_tenth_shares_a_tie_at_its_end() {
        let mut scored: Vec<(f32, bool)> = (0..18).map(|_| (0.1, false)).collect();
        scored.extend([(0.9, true), (0.9, true)]);
        assert_eq!(Ranking::new(scored.clone()).precision_top_10().unwrap().value, 1.0);
        scored.extend((0..10).map(|_| (0.9, false)));
        let shared = Ranking::new(scored).precision_top_10().unwrap();
        assert!(close(shared.value, 2.0 / 12.0), "{shared:?}");
        assert_eq!(Ranking::default().precision_top_10(), None);
    }

    #[test]
    fn reliability_sets_what_was_said_beside_what_was_right() {
        let mut reliability = Reliability::default();
        for (said, right) in [(0.62, true), (0.68, false), (1.0, true)] {
            reliability.add(said, right);
        }
        let lines = reliability.lines();
        assert_eq!(lines.len(), 2);
        assert!(close(lines[0].said, 0.65) && close(lines[0].right.value, 0.5));
        assert_eq!((lines[1].texts, lines[1].right.value), (1, 1.0));
    }
}
