//! Which receivers does the route tree choose for a mention?

use crate::model::Reason;
use crate::query::{Query, Subject};

/// How the root stands in a [`Reason`].
const ROOT: &str = "(default)";
/// How a child without `match` stands in a [`Reason`].
const EVERY: &str = "(every)";

/// One route as it was written; [`Tree::new`] checks it.
#[derive(Clone, Debug, Default)]
pub struct RouteSpec {
    /// What a mention must satisfy to come here; without it every mention does. Not allowed at the root.
    pub query: Option<Query>,
    /// The query as it was written: what reasons show. Not read without a query.
    pub match_text: String,
    /// Who is told; a child without one tells its parent's receiver.
    pub receiver: Option<String>,
    /// A mention taken here is also tried on the routes after this one. Not allowed at the root.
    pub continue_: bool,
    /// Narrower routes, tried in order.
    pub routes: Vec<RouteSpec>,
}

/// The checked tree. The default has no routes and sends nothing.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    root: Option<Route>,
}

#[derive(Clone, Debug)]
struct Route {
    query: Option<Query>,
    text: String,
    receiver: String,
    continue_: bool,
    routes: Vec<Route>,
}

/// A receiver that is told, and the way that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    pub receiver: String,
    pub reason: Reason,
}

/// One thing wrong in a tree, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteFault {
    /// The way from the root down as positions in `routes`, counted from 0; empty is the root.
    pub at: Vec<usize>,
    pub error: TreeError,
}

/// What can be wrong in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("the root route needs a receiver: it takes what no other route takes")]
    NoReceiver,
    #[error("the root route takes every mention: it cannot have a `match`")]
    MatchAtRoot,
    #[error("`continue` has no meaning at the root route: no route comes after it")]
    ContinueAtRoot,
    #[error("routes are nested deeper than {}", Tree::MAX_DEPTH)]
    TooDeep,
    #[error("more than {} routes", Tree::MAX_ROUTES)]
    TooMany,
}

impl Tree {
    /// How deep routes may be nested below the root.
    pub const MAX_DEPTH: usize = 16;
    /// How many routes a tree may have, the root included.
    pub const MAX_ROUTES: usize = 1_000;

    /// The tree that was written, or everything that is wrong with it.
    pub fn new(root: RouteSpec) -> Result<Self, Vec<RouteFault>> {
        let mut builder = Builder { at: Vec::new(), routes: 0, faults: Vec::new() };
        builder.check_root(&root);
        let receiver = root.receiver.clone().unwrap_or_default();
        let root = builder.build(root, ROOT, &receiver);
        if builder.faults.is_empty() { Ok(Self { root }) } else { Err(builder.faults) }
    }

    /// Whether any route looks at the words of a post. Where none does, [`Tree::decide`] can be asked without them.
    pub fn reads_text(&self) -> bool {
        self.root.as_ref().is_some_and(Route::reads_text)
    }

    /// The receivers to tell of a mention, in the order of the routes, each at most once and with the first
    /// way that led to it. Empty only for the tree without routes.
    pub fn decide(&self, subject: &Subject<'_>) -> Vec<Routed> {
        let mut routed = Vec::new();
        if let Some(root) = &self.root {
            root.take(subject, &mut Vec::new(), &mut routed);
        }
        routed
    }
}

/// Turns specs into routes, noting what is wrong on the way.
struct Builder {
    at: Vec<usize>,
    routes: usize,
    faults: Vec<RouteFault>,
}

impl Builder {
    fn check_root(&mut self, root: &RouteSpec) {
        if root.receiver.is_none() {
            self.fault(TreeError::NoReceiver);
        }
        if root.query.is_some() {
            self.fault(TreeError::MatchAtRoot);
        }
        if root.continue_ {
            self.fault(TreeError::ContinueAtRoot);
        }
    }

    /// `None` where a bound is passed; that is noted once a place for depth, once a tree for the number.
    fn build(&mut self, spec: RouteSpec, unnamed: &str, inherited: &str) -> Option<Route> {
        self.routes += 1;
        if self.routes == Tree::MAX_ROUTES + 1 {
            self.fault(TreeError::TooMany);
        }
        if self.routes > Tree::MAX_ROUTES {
            return None;
        }
        if self.at.len() > Tree::MAX_DEPTH {
            self.fault(TreeError::TooDeep);
            return None;
        }
        let receiver = spec.receiver.unwrap_or_else(|| inherited.to_owned());
        let mut routes = Vec::with_capacity(spec.routes.len());
        for (index, child) in spec.routes.into_iter().enumerate() {
            self.at.push(index);
            routes.extend(self.build(child, EVERY, &receiver));
            self.at.pop();
        }
        let text = if spec.query.is_some() { spec.match_text } else { unnamed.to_owned() };
        Some(Route { query: spec.query, text, receiver, continue_: spec.continue_, routes })
    }

    fn fault(&mut self, error: TreeError) {
        self.faults.push(RouteFault { at: self.at.clone(), error });
    }
}

impl Route {
    fn reads_text(&self) -> bool {
        self.query.as_ref().is_some_and(|query| query.expr().reads_text()) || self.routes.iter().any(Self::reads_text)
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        self.query.as_ref().is_none_or(|query| query.matches(subject))
    }

    /// Follows a mention that reached this route; `way` holds the routes above it. Depth is bounded by the tree.
    fn take<'a>(&'a self, subject: &Subject<'_>, way: &mut Vec<&'a str>, routed: &mut Vec<Routed>) {
        way.push(&self.text);
        let mut taken_by_child = false;
        for child in self.routes.iter().filter(|child| child.matches(subject)) {
            taken_by_child = true;
            child.take(subject, way, routed);
            if !child.continue_ {
                break;
            }
        }
        if !taken_by_child && routed.iter().all(|earlier| earlier.receiver != self.receiver) {
            let route = way.iter().map(|text| (*text).to_owned()).collect();
            routed.push(Routed { receiver: self.receiver.clone(), reason: Reason { route } });
        }
        way.pop();
    }
}
