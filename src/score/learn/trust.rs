//! How far may what was learned be trusted over the untrained reading?
//!
//! Every correction is predicted before it is learned from: with none, a quarter, a half, three quarters and all of what
//! was learned so far. Each of the five earns weight by how well it would have done (the exponentially weighted forecaster:
//! it never does much worse than the best of the five), and the share in use is their mean. So nothing learned counts before it has shown to help, and a run of contradicting corrections leads back to the untrained reading.

/// The shares that compete.
const SHARES: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// How fast evidence counts. Chosen on the ground truth of VADER (MIT).
const RATE: f64 = 0.5;
/// Log-odds against trusting everything before there is any evidence.
const DOUBT: f64 = 1.0;

/// What each share would have lost so far, in nats.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trust {
    losses: [f64; SHARES.len()],
}

impl Trust {
    /// Notes how one correction would have been predicted: `probability(share)` is what the right answer would have had.
    pub fn observe(&mut self, weight: f32, probability: impl Fn(f32) -> f32) {
        for (loss, share) in self.losses.iter_mut().zip(SHARES) {
            *loss -= f64::from(weight) * f64::from(probability(share).max(1e-6)).ln();
        }
    }

    /// How much of what was learned counts, 0–1.
    pub fn share(&self) -> f32 {
        let least = self.losses.iter().copied().fold(f64::INFINITY, f64::min);
        let (mut all, mut sum) = (0.0, 0.0);
        for (loss, share) in self.losses.iter().zip(SHARES) {
            let weight = ((least - loss) * RATE - DOUBT * f64::from(share)).exp();
            all += weight;
            sum += weight * f64::from(share);
        }
        (sum / all) as f32
    }
}
