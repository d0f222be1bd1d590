//! Is every fault of a configuration told at once, at its place and in words that help, and is everything good taken?

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::path::Path;

use overheard::config::starter::{Answers, files};
use overheard::config::{Changes, Checked, Config, Paths, reference};
use overheard::model::{Duration, Priority, Role};
use overheard::{receiver, source};
use proptest::prelude::*;
use tempfile::TempDir;

const SOURCES: &str = "[[source]]\nname = \"hn\"\nkind = \"hacker_news\"\nquery = \"acme\"\n";
const WATCHES: &str = "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n";
const ROUTES: &str = "[[receiver]]\nname = \"screen\"\nkind = \"console\"\n\n[route]\nreceiver = \"screen\"\n";

/// A folder with a configuration.
struct Files(TempDir);

impl Files {
    /// A good configuration.
    fn good() -> Self {
        let files = Self(tempfile::tempdir().expect("a folder"));
        files.with("sources.toml", SOURCES).with("watches.toml", WATCHES).with("routes.toml", ROUTES)
    }

    fn with(self, file: &str, text: &str) -> Self {
        std::fs::write(self.0.path().join(file), text).expect("a file");
        self
    }

    fn without(self, file: &str) -> Self {
        std::fs::remove_file(self.0.path().join(file)).expect("no file");
        self
    }

    fn paths(&self) -> Paths {
        Paths { config: self.0.path().into(), sources: self.0.path().join("sources.toml"), data: None }
    }

    fn check(&self) -> Checked {
        Config::check(&self.paths(), &variable)
    }

    fn config(&self) -> Config {
        let checked = self.check();
        checked.config.unwrap_or_else(|| panic!("faults: {:#?}", checked.faults))
    }

    /// Errors and warnings as lines, without the folder.
    fn lines(&self) -> Vec<String> {
        let folder = format!("{}/", self.0.path().display());
        self.check().lines().lines().map(|line| line.replace(&folder, "")).collect()
    }
}

/// The environment of these tests.
fn variable(name: &str) -> Option<String> {
    let value = match name {
        "ACME_URL" => "https://hooks.acme.example/T0/s3cretpath",
        "NOT_AN_URL" => "s3cret-that-is-no-url",
        _ => return None,
    };
    Some(value.to_owned())
}

#[test]
fn what_is_shipped_is_good_and_nothing_about_it_is_doubtful() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = Paths { config: root.join("config"), sources: root.join("sources.toml"), data: None };
    let checked = Config::check(&paths, &|_| None);
    assert_eq!(checked.lines(), "");
    let config = checked.config.expect("a configuration");
    assert!(config.sources.len() >= 5 && config.watches.specs().len() >= 4, "enough to see what it is about");
    assert!(config.sources.iter().all(|source| source.every >= Duration::minutes(5)), "polite");
    assert!(config.watches.specs().iter().any(|watch| watch.priority == Priority::High && watch.role == Role::Brand));
}

#[test]
fn the_reference_is_what_the_program_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(reference::FOLDER);
    for (name, text) in reference::files() {
        let written = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(written == text, "config/reference/{name} has drifted; run `overheard reference --write`");
    }
}

#[test]
fn every_setting_has_words() {
    let catalogue = overheard::config::kinds::catalogue();
    let own = catalogue.sources.iter().chain(&catalogue.receivers).flat_map(|kind| &kind.settings);
    for key in own.chain(&catalogue.source_keys).chain(&catalogue.receiver_keys) {
        assert!(!key.doc.is_empty(), "{} has no doc comment", key.key);
    }
}

#[test]
fn the_sample_of_every_kind_is_taken() {
    let any = |_: &str| Some("https://hooks.acme.example/T0/s3cretpath".to_owned());
    for kind in source::KINDS {
        let files = Files::good().with("sources.toml", kind.sample());
        assert_eq!(Config::check(&files.paths(), &any).lines(), "", "{}", kind.name());
    }
    for kind in receiver::KINDS {
        let files = Files::good().with("routes.toml", &format!("{}\n[route]\nreceiver = \"x\"\n", kind.sample()));
        let lines = Config::check(&files.paths(), &any).lines();
        assert!(!lines.contains("receiver.") || lines.contains("no route names"), "{}: {lines}", kind.name());
    }
}

/// Name of the file, its text, and what is said about it.
type Case = (&'static str, &'static str, &'static [&'static str]);

const FAULTS: &[Case] = &[
    (
        "daemon.toml",
        "data_dri = \"x\"",
        &["daemon.toml:1:1: data_dri: unknown key `data_dri` (did you mean `data_dir`?)"],
    ),
    (
        "daemon.toml",
        "time_zone = \"Europe/Zurih\"",
        &["daemon.toml:1:13: time_zone: `Europe/Zurih` is no time zone; did you mean `Europe/Zurich`?"],
    ),
    (
        "daemon.toml",
        "contact = \"kim@acme.example\"",
        &[
            "daemon.toml:1:11: contact: this is neither an e-mail address with `mailto:` nor the address of a page (write \"mailto:kim@acme.example\")",
        ],
    ),
    (
        "daemon.toml",
        "retention = { posts = \"60d\", mentions = \"30d\" }",
        &[
            "daemon.toml:1:41: retention.mentions: mentions are kept 30d, shorter than other posts (60d) (keep mentions at least as long as posts)",
        ],
    ),
    (
        "daemon.toml",
        "[retention]\nposts = \"1h\"\nmentions = 7",
        &[
            "daemon.toml:2:9: retention.posts: 1h is too short: it must be at least 1d",
            "daemon.toml:3:12: retention.mentions: this must be text in quotes, not the number `7`",
        ],
    ),
    (
        "daemon.toml",
        "[team]\nhandles = [\"acme\"]\ndomains = [\"https://acme.example\"]",
        &[
            "daemon.toml:2:11: team.handles: `acme` lacks the site that the handle is on (write for example \"acme@reddit.com\")",
            "daemon.toml:3:11: team.domains: `https://acme.example` is no domain (write only the name: \"acme.example\")",
        ],
    ),
    (
        "daemon.toml",
        "listen = \"0.0.0.0:7700\"",
        &[
            "warning: daemon.toml:1:10: listen: anyone who reaches this address can read everything Overheard has (keep it on 127.0.0.1, or put a proxy with a login before it)",
        ],
    ),
    (
        "daemon.toml",
        "proxy = \"ftp://proxy.acme.example\"",
        &[
            "daemon.toml:1:9: proxy: this is no address of a proxy (write for example \"http://proxy.acme.example:3128\")",
        ],
    ),
    (
        "sources.toml",
        "[[source]]\nname = \"hn\"\nkind = \"hacker_new\"\nquery = \"x\"",
        &["sources.toml:3:8: source.hn.kind: there is no kind `hacker_new` (did you mean `hacker_news`?)"],
    ),
    (
        "sources.toml",
        "[[source]]\nname = \"hn\"\nkind = \"hacker_news\"\nevry = \"2m\"\nqery = \"x\"",
        &[
            "sources.toml:4:1: source.hn.evry: unknown key `evry` (did you mean `every`?)",
            "sources.toml:5:1: source.hn.qery: unknown key `qery` (did you mean `query`?)",
        ],
    ),
    (
        "sources.toml",
        "[[source]]\nname = \"HN acme\"\nkind = \"hacker_news\"\nevery = \"1s\"\ntags = 3",
        &[
            "sources.toml:2:8: source.HN acme.name: a name has small letters, digits, `-`, `_` and `.`, and begins with a letter or digit (write \"hn-acme\")",
            "sources.toml:4:9: source.HN acme.every: 1s is too short: it must be at least 10s",
            "sources.toml:5:8: source.HN acme.tags: this must be a list in square brackets, not the number `3`",
        ],
    ),
    (
        "sources.toml",
        "[[source]]\nname = \"a\"\nkind = \"hacker_news\"\n\n[[source]]\nname = \"a\"\nkind = \"hacker_news\"",
        &["sources.toml:6:8: source.a.name: the name `a` is taken: it stands in line 2 already"],
    ),
    (
        "sources.toml",
        "[[source]]\nkind = \"hacker_news\"\ntypes = [\"stories\"]",
        &[
            "sources.toml:1:1: source[1].name: `name` is missing",
            "sources.toml:3:10: source[1].types: `stories` is none of `story`, `comment`",
        ],
    ),
    (
        "sources.toml",
        "[source]\nname = \"a\"",
        &[
            "sources.toml:1:1: source: `source` must be blocks `[[source]]` (write [[source]] with two brackets before each)",
        ],
    ),
    (
        "sources.toml",
        "[[source]]\nname = \"f\"\nkind = \"discourse\"\nurl = \"http://10.0.0.7/\"",
        &[
            "warning: sources.toml:1:1: source.f: `10.0.0.7` is a private address: it will not be asked (if it is yours, add [hosts.\"10.0.0.7\"] with allow_private = true)",
        ],
    ),
    (
        "sources.toml",
        "[[source]]\nname = \"f\"\nkind = \"discourse\"\nurl = \"http://forum.localhost/\"\n[hosts.\"*.localhost\"]\nallow_private = true\n[hosts.\"https://x.example/y\"]\nper_second = 0\n[hosts.z]\npace_of = \"domain\"\ngroup = \"g\"\nconcurrent = 0",
        &[
            "sources.toml:7:8: hosts.\"https://x.example/y\": `https://x.example/y` is no name of a host (write only the name: [hosts.\"x.example\"])",
            "sources.toml:8:14: hosts.\"https://x.example/y\".per_second: this must be a number from 0.0001 to 1000",
            "sources.toml:11:9: hosts.\"z\".group: a host shares the pace of a group or that of its domain, not both (take out `group` or `pace_of`)",
            "sources.toml:12:14: hosts.\"z\".concurrent: this must be a number from 1 to 64",
        ],
    ),
    (
        "sources.toml",
        "[[source]]\nname = \"a\"\nkind = \"webhook_in\"\nevery = \"2m\"\nsecret = { env = \"ACME_URL\" }",
        &["sources.toml:4:9: source.a.every: its posts are sent to us: nobody is ever asked (take out `every`)"],
    ),
    (
        "sources.toml",
        "",
        &[
            "warning: sources.toml: source: there is no source: Overheard has nothing to read (add a block [[source]]; `overheard kinds` shows which kinds there are)",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nrole = \"bran\"\nrespond_within = \"2h\"\nquery = \"acme\"",
        &[
            "warning: watches.toml:1:1: watch.a.owner: nobody owns this watch (add owner = \"…\": who looks after what it finds)",
            "watches.toml:3:8: watch.a.role: `bran` is none of `brand`, `product`, `competitor`, `topic` (did you mean `brand`?)",
            "watches.toml:4:1: watch.a.respond_within: unknown key `respond_within` (known here: name, role, owner, priority, query, scope, max_alerts_per_day, follow, must_match, must_not_match)",
        ],
    ),
    (
        "routes.toml",
        "[[receiver]]\nname = \"c\"\nkind = \"console\"\nmax_alerts_per_10_minutes = 0\n[[receiver]]\nname = \"d\"\nkind = \"console\"\nmax_alerts_per_10_minutes = 10001\n[route]\nreceiver = \"c\"\n[[route.routes]]\nmatch = \"acme\"\nreceiver = \"d\"",
        &[
            "routes.toml:4:29: receiver.c.max_alerts_per_10_minutes: a bound of 0 would tell it of nothing but digests (leave it out for 60)",
            "routes.toml:8:29: receiver.d.max_alerts_per_10_minutes: the bound is at most 10000 (leave it out for 60)",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"",
        &["watches.toml:1:1: watch.a.query: `query` is missing"],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme\"\nmust_match = [\"Acme is down\", \"other\"]\nmust_not_match = [{ title = \"ACME!\" }, { titel = \"x\" }]",
        &[
            "watches.toml:5:31: watch.a.must_match: the query does not find this post, and it must: `acme`: not in the title or the text (widen the query, or correct the example)",
            "watches.toml:6:42: watch.a.must_not_match: unknown key `titel` (did you mean `title`?)",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme NOT site:jobs.acme.example\"\nmust_match = [{ text = \"acme\", url = \"https://www.acme.example/\" }]\nmust_not_match = [{ text = \"acme\", url = \"https://jobs.acme.example/1\" }, { title = \"ACME!\" }]",
        &[
            "watches.toml:6:75: watch.a.must_not_match: the query finds this post, and it must not: `acme`: in the title (narrow the query with NOT …, or correct the example)",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme\"\nscope = { sources = [\"hm\", \"hn\"], kinds = [\"hacker_new\"], languages = [\"en\", \"english\"], sites = [] }\nmax_alerts_per_day = 0",
        &[
            "warning: watches.toml:5:22: watch.a.scope.sources: there is no source `hm`: nothing comes from it (did you mean `hn`?)",
            "watches.toml:5:44: watch.a.scope.kinds: there is no kind `hacker_new` (did you mean `hacker_news`?)",
            "watches.toml:5:78: watch.a.scope.languages: `english` is no language (write a language tag such as en or de)",
            "watches.toml:5:90: watch.a.scope.sites: unknown key `sites` (known here: sources, kinds, languages)",
            "watches.toml:6:22: watch.a.max_alerts_per_day: a cap of 0 would tell nobody of anything before midnight (leave it out for no cap; to be told of nothing, let no route take this watch)",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme\"\nscope = { sources = [] }\nmax_alerts_per_day = 10001",
        &[
            "watches.toml:5:21: watch.a.scope.sources: an empty list lets no post through (name at least one, or leave the key out)",
            "watches.toml:6:22: watch.a.max_alerts_per_day: the cap is at most 10000",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme\"\nscope = { languages = [\"de\"] }\nmust_match = [\"Acme\", { title = \"Acme\", lang = \"en\" }]",
        &[
            "watches.toml:6:23: watch.a.must_match: the query does not find this post, and it must: `lang:de`: the language is `en` (widen the query, or correct the example)",
        ],
    ),
    (
        "watches.toml",
        "[lists]\njobs = [\"hiring\"]\n\n[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme\"\n\n[[exclusion]]\nname = \"Jobs\"\nquery = \"$jobs AND (\"\nowner = \"kim\"\n\n[[exclusion]]\nname = \"jobs\"\nquery = \"$jobs\"\nmust_match = [\"Acme hires\"]\nmust_not_match = [\"Hiring\"]\n\n[[exclusion]]\nname = \"jobs\"\nquery = \"score>1\"\n",
        &[
            "watches.toml:10:8: exclusion.Jobs.name: a name has small letters, digits, `-`, `_` and `.`, and begins with a letter or digit (write \"jobs\")",
            "watches.toml:11:20: exclusion.Jobs.query: `(` is never closed (close it with `)`)",
            "watches.toml:12:1: exclusion.Jobs.owner: unknown key `owner` (known here: name, query, must_match, must_not_match)",
            "watches.toml:17:15: exclusion.jobs.must_match: the query does not find this post, and it must: `hiring`: not in the title or the text (widen the query, or correct the example)",
            "watches.toml:18:19: exclusion.jobs.must_not_match: the query finds this post, and it must not: `hiring`: in the title and in the text (narrow the query with NOT …, or correct the example)",
            "watches.toml:21:8: exclusion.jobs.name: the name `jobs` is taken: it stands in line 15 already",
            "watches.toml:22:10: exclusion.jobs.query: `score` does not exist in a watch: it is only known after the watches were asked (leave it to a route's `match`, or search for it)",
        ],
    ),
    (
        "watches.toml",
        "[lists]\nunused = [\"x\"]\nnumber = 7\n\n[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme\"",
        &[
            "warning: watches.toml:2:1: lists.unused: no query uses the list `unused` (write $unused in a query, or take the list out)",
            "watches.toml:3:10: lists.number: a list is a text in quotes or several in square brackets (write for example number = [\"acme\", '\"acme cloud\"'])",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme -ac*\"\n\n[[watch]]\nname = \"b\"\nowner = \"kim\"\nquery = \"acme likes<0\"",
        &[
            "warning: watches.toml:4:9: watch.a.query: this watch never matches: `acme` and `NOT ac*` are never true together (take one of them out, or join them with OR)",
            "warning: watches.toml:9:9: watch.b.query: this watch never matches: `likes<0` is never true (no post has such a value)",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"published>1970-01-01\"\n\n[[watch]]\nname = \"b\"\nowner = \"kim\"\nquery = \"acme OR best\"",
        &[
            "warning: watches.toml:4:9: watch.a.query: this watch matches nearly every post: `published>1970-01-01` is true of nearly all (add what to look for, as in `acme AND …`)",
            "warning: watches.toml:9:9: watch.b.query: `best` is a common word: by itself it is in a good part of all posts (say what stands beside it, as in `best NEAR/5 (outage OR refund*)`, or write it in its case: {best})",
        ],
    ),
    (
        "watches.toml",
        "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme (down OR outage)\"\n\n[[watch]]\nname = \"b\"\nowner = \"kim\"\nquery = \"(outage OR down) Acme\"\n\n[[watch]]\nname = \"c\"\nowner = \"kim\"\nquery = \"acme down OR acme outage\"",
        &[
            "warning: watches.toml:9:9: watch.b.query: this watch finds the same posts as the watch `a` (take one of them out: each mention would be told of twice)",
            "warning: watches.toml:14:9: watch.c.query: this watch finds the same posts as the watch `a` (take one of them out: each mention would be told of twice)",
        ],
    ),
    (
        "watches.toml",
        "[[exclusion]]\nname = \"jobs\"\nquery = \"hiring OR job* OR site:jobs.example\"\n\n[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme jobs\"\n\n[[watch]]\nname = \"b\"\nowner = \"kim\"\nquery = \"acme site:eu.jobs.example\"\n\n[[watch]]\nname = \"c\"\nowner = \"kim\"\nquery = \"acme\"",
        &[
            "warning: watches.toml:8:9: watch.a.query: every post that this watch finds is held back by the exclusion `jobs`: nobody is told of any (narrow the exclusion with NOT …, or take the watch out)",
            "warning: watches.toml:13:9: watch.b.query: every post that this watch finds is held back by the exclusion `jobs`: nobody is told of any (narrow the exclusion with NOT …, or take the watch out)",
        ],
    ),
    (
        "watches.toml",
        "[[exclusion]]\nname = \"all\"\nquery = \"the\"\n\n[[exclusion]]\nname = \"none\"\nquery = \"lang:en lang:de\"\n\n[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = '''acme or\n  C++'''",
        &[
            "warning: watches.toml:3:9: exclusion.all.query: `the` is a common word: by itself it is in a good part of all posts (say what stands beside it, as in `the NEAR/5 (outage OR refund*)`, or write it in its case: {the})",
            "warning: watches.toml:7:9: exclusion.none.query: this exclusion holds nothing back: `lang:en` and `lang:de` are never true together (take one of them out, or join them with OR)",
            "warning: watches.toml:12:17: watch.a.query: `or` is looked for as a word (write OR in capitals, or \"or\" in quotes if the word is meant)",
            "warning: watches.toml:13:3: watch.a.query: `C++` means the word `c`: signs are not looked for (write raw:\"C++\" for these very characters)",
        ],
    ),
    (
        "routes.toml",
        "[[receiver]]\nname = \"screen\"\nkind = \"console\"\n[route]\nreceiver = \"screen\"\n[[route.routes]]\nmatch = \"score>80 score<20\"\n[[route.routes]]\nmatch = \"score>=0\"",
        &[
            "warning: routes.toml:7:9: route.routes[1].match: no mention comes here: `score>80` and `score<20` are never true together (take one of them out, or join them with OR)",
            "warning: routes.toml:9:9: route.routes[2].match: nearly every mention comes here: `score>=0` is true of nearly all (narrow it, or leave `match` out)",
        ],
    ),
    (
        "routes.toml",
        "[[receiver]]\nname = \"screen\"\nkind = \"console\"\n[route]\nreceiver = \"scren\"\ngroup_wait = \"30s\"",
        &[
            "warning: routes.toml:1:1: receiver.screen: no route names the receiver `screen`: it is told of nothing (name it in a route, or take it out)",
            "routes.toml:5:12: route.receiver: there is no receiver `scren` (did you mean `screen`?)",
            "routes.toml:6:1: route.group_wait: unknown key `group_wait` (known here: receiver, match, continue, routes)",
        ],
    ),
    (
        "routes.toml",
        "[[receiver]]\nname = \"screen\"\nkind = \"console\"\n[route]\nreceiver = \"screen\"\n[[route.routes]]\n[[route.routes]]\nmatch = \"watch:acm AND owner:kim\"",
        &[
            "warning: routes.toml:7:1: route.routes[2]: no mention comes here: the route before takes every one (give that one a `match` or continue = true, or put it last)",
            "warning: routes.toml:8:16: route.routes[2].match: there is no watch `acm`: this part of the query is never true (did you mean `acme`?)",
        ],
    ),
    (
        "routes.toml",
        "[[receiver]]\nname = \"screen\"\nkind = \"console\"\n[[route.routes]]\nreceiver = \"screen\"",
        &["routes.toml:4:3: route: the root route needs a receiver: it takes what no other route takes"],
    ),
    (
        "routes.toml",
        "",
        &[
            "warning: routes.toml: route: there is no [route]: nobody is told of anything (add [route] with receiver = \"…\")",
        ],
    ),
    (
        "routes.toml",
        "[[receiver]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://localhost:9000/\"\n[route]\nreceiver = \"hook\"",
        &[
            "warning: routes.toml:4:7: receiver.hook.url: `localhost` is a private address: nothing will be sent to it (if it is yours, add allow_private = true)",
        ],
    ),
];

#[test]
fn faults_are_told_with_place_words_and_hint() {
    for (file, text, expected) in FAULTS {
        assert_eq!(Files::good().with(file, text).lines(), *expected, "{file}:\n{text}");
    }
}

#[test]
fn watches_are_measured_on_the_archive_and_what_finds_too_much_is_told() {
    let queries = ["acme", "apple", "apple iphone", "ap* OR ba*", "bes? best", "acme OR pear OR \"a b\""];
    let block = |query: &&str| {
        let name: String = query.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        format!("[[watch]]\nname = \"{name}\"\nowner = \"kim\"\nquery = '{query}'\n")
    };
    let text: String = queries.iter().map(block).collect();
    let files = Files::good().with("watches.toml", &text);
    let mut checked = files.check();
    let before = checked.faults.len();
    let count = |query: &overheard::query::Query| match query.source() {
        "acme" | "\"acme\"" => Some((3, 1_000)),
        "apple" | "\"apple\"" => Some((90, 1_000)),
        "\"pear\"" => Some((50, 1_000)),
        "apple iphone" => Some((80, 1_000)),
        _ => Some((600, 1_000)),
    };
    assert_eq!(checked.measure(&mut |query| count(query)), 6);
    let folder = format!("{}/", files.0.path().display());
    let told: Vec<String> =
        checked.faults[before..].iter().map(|fault| fault.to_string().replace(&folder, "")).collect();
    assert_eq!(
        told,
        [
            "watches.toml:8:9: watch.apple.query: this watch matches 90 of 1000 archived posts (9 %): a single common word without context (say what stands beside it, as in `apple NEAR/5 (outage OR refund*)`, or write it in its case: {apple})",
            "watches.toml:16:9: watch.aporba.query: this watch matches 600 of 1000 archived posts (60 %): nearly everything (add what to look for, as in `… AND (down OR refund*)`)",
            "watches.toml:20:9: watch.besbest.query: this watch matches 600 of 1000 archived posts (60 %): nearly everything (add what to look for, as in `… AND (down OR refund*)`)",
            "watches.toml:24:9: watch.acmeorpearorab.query: `pear` in this watch matches 50 of 1000 archived posts (5 %): a single common word without context (say what stands beside it, as in `pear NEAR/5 (outage OR refund*)`, or write it in its case: {pear})",
        ]
    );
}

#[test]
fn where_little_was_read_or_nothing_can_be_told_no_watch_finds_too_much() {
    let mut checked = Files::good().check();
    let before = checked.faults.len();
    assert_eq!(checked.measure(&mut |_| Some((90, 100))), 1);
    assert_eq!(checked.measure(&mut |_| None), 0);
    assert_eq!(checked.faults.len(), before);
}

/// Four sources: two know no likes, one of them no authors; one that rests knows nothing either.
const LACKING: &str = "\
    [[source]]\nname = \"hn\"\nkind = \"hacker_news\"\nquery = \"acme\"\n\
    [[source]]\nname = \"sub\"\nkind = \"reddit\"\nsubreddits = [\"acme\"]\n\
    [[source]]\nname = \"news\"\nkind = \"sitemap\"\nurl = \"https://acme.example/news.xml\"\n\
    [[source]]\nname = \"rests\"\nkind = \"sitemap\"\nurl = \"https://acme.example/old.xml\"\nenabled = false\n";

#[test]
fn a_clause_about_what_sources_never_give_is_told_with_them_and_what_would_help() {
    let no_account = "Reddit is read without an account; give `client_id` and `client_secret` of an application";
    let sitemap = "a sitemap says nothing of them, nor has it texts";
    let never = |field: &str, of: &str, why: &str| format!("what is asked of `{field}` can never be true{of} ({why})");
    for (watch, told) in [
        ("query = \"acme\"", vec![]),
        ("query = \"acme NOT likes>5\"", vec![]),
        ("query = \"acme kind:hacker_news likes>5\"", vec![]),
        ("query = \"acme AND (kind:hacker_news OR source:rests) AND likes>5\"", vec![]),
        (
            "query = \"acme likes>5\"",
            vec![(15, never("likes", " of posts of 2 of 3 sources here (`sub`, `news`)", no_account))],
        ),
        (
            "query = \"acme author:kim author:lee\"",
            vec![(15, never("author", " of posts of `news`, 1 of 3 sources here", sitemap))],
        ),
        (
            "query = \"acme replies>2\"\nscope = { sources = [\"sub\"] }",
            vec![(15, never("replies", ": posts of `sub` never have it", no_account))],
        ),
        (
            "query = \"acme likes>5\"\nscope = { kinds = [\"reddit\", \"sitemap\"] }",
            vec![(15, never("likes", ": posts of all 2 sources here (`sub`, `news`) never have it", no_account))],
        ),
        (
            "query = \"(likes>5 source:hn) OR (acme NOT source:hn NOT kind:reddit replies>1)\"",
            vec![(69, never("replies", ": posts of `news` never have it", sitemap))],
        ),
    ] {
        let watches = format!("[[watch]]\nname = \"a\"\nowner = \"kim\"\n{watch}\n");
        let lines = Files::good().with("sources.toml", LACKING).with("watches.toml", &watches).lines();
        let told: Vec<String> =
            told.iter().map(|(at, what)| format!("warning: watches.toml:4:{at}: watch.a.query: {what}")).collect();
        assert_eq!(lines, told, "{watch}");
    }
}

#[test]
fn a_route_is_looked_at_with_the_sources_of_the_watch_that_it_is_about() {
    let watches = format!("{WATCHES}scope = {{ sources = [\"sub\"] }}\n");
    for (asked, told) in [("watch:acme likes>9", true), ("watch:acme score>9", false), ("source:hn likes>9", false)] {
        let routes = format!("{ROUTES}\n[[route.routes]]\nmatch = \"{asked}\"\n");
        let files = Files::good().with("sources.toml", LACKING).with("watches.toml", &watches);
        let lines = files.with("routes.toml", &routes).lines();
        let found = lines.iter().any(|line| {
            line.contains("routes.toml") && line.contains("`likes` can never be true: posts of `sub` never have it")
        });
        assert_eq!(found, told, "{asked}: {lines:#?}");
    }
}

#[test]
fn names_in_a_query_that_nothing_has_are_told_where_they_stand() {
    let watches = "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme AND (source:HM OR kind:reddi)\"\n";
    assert_eq!(
        Files::good().with("watches.toml", watches).lines(),
        [
            "warning: watches.toml:4:27: watch.a.query: there is no source `hm`: this part of the query is never true (did you mean `hn`?)",
            "warning: watches.toml:4:38: watch.a.query: there is no kind `reddi`: this part of the query is never true (did you mean `reddit`?)",
        ]
    );
    let scoped = "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme\"\nscope = { sources = [\"hm\"] }\n";
    assert_eq!(Files::good().with("watches.toml", scoped).lines().len(), 1, "once is enough");
}

#[test]
fn an_error_refuses_the_whole_and_a_warning_does_not() {
    for (file, text, expected) in FAULTS {
        let only_warnings = expected.iter().all(|line| line.starts_with("warning: "));
        assert_eq!(Files::good().with(file, text).check().config.is_some(), only_warnings, "{file}:\n{text}");
    }
}

#[test]
fn faults_of_all_files_come_together_in_the_order_of_files_and_lines() {
    let files = Files::good()
        .with("daemon.toml", "listen = 7\ndata_dri = 1")
        .with("sources.toml", "[[source]]\nname = \"x\"\nkind = \"?\"")
        .with("watches.toml", "[[watch]]\nname = \"x\"\nowner = \"kim\"\nquery = \"(acme\"")
        .with("routes.toml", "[route]\nreceiver = \"nobody\"");
    let places: Vec<String> =
        files.lines().iter().map(|line| line.split(": ").next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        places,
        ["daemon.toml:1:10", "daemon.toml:2:1", "sources.toml:3:8", "watches.toml:4:10", "routes.toml:2:12"]
    );
}

#[test]
fn a_missing_file_says_what_to_do_and_the_daemons_own_may_be_missing() {
    assert_eq!(Files::good().lines(), Vec::<String>::new());
    for file in ["sources.toml", "watches.toml", "routes.toml"] {
        let lines = Files::good().without(file).lines();
        let expected = format!("{file}: there is no such file (`overheard init` writes a configuration to begin with)");
        assert_eq!(lines, [expected], "and no more about what it lacks");
        assert!(Files::good().without(file).check().config.is_none(), "{file}");
    }
}

#[test]
fn syntax_errors_are_told_together_and_their_consequences_are_not() {
    let watches = "[[watch]]\nname = \"a\nquery = acme\n\n[[watch]]\nname = \"b\"\nowner = \"kim\"\nquery = \"acme AND\"\n\n[[watch]]\nname = \"c\"\nowner = \"kim\"\nquery = = \"acme\"\n";
    let places: Vec<String> = Files::good()
        .with("watches.toml", watches)
        .lines()
        .iter()
        .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "))
        .collect();
    assert_eq!(
        places[..2],
        [
            "watches.toml:2:10: invalid basic string, expected `\"` (a quote \" is missing at the end of the text, or a \\ in it should be \\\\)",
            "watches.toml:3:9: string values must be quoted, expected literal string (put the text into quotes"
        ]
    );
    assert!(places[2].starts_with("watches.toml:8:"), "the block between is checked: {places:#?}");
    assert!(places[3..].iter().all(|place| place.starts_with("watches.toml:13:")), "{places:#?}");
    assert!(places.len() > 3, "{places:#?}");
}

#[test]
fn a_block_lost_in_a_syntax_error_is_not_missed_elsewhere() {
    let routes = "[[receiver]\nname = \"screen\"\nkind = \"console\"\n\n[route]\nreceiver = \"screen\"\n";
    let lines = Files::good().with("routes.toml", routes).lines();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.starts_with("routes.toml:1:")), "{lines:#?}");
}

#[test]
fn a_watch_with_a_fault_is_not_missed_by_the_routes() {
    let routes = format!("{ROUTES}[[route.routes]]\nmatch = \"watch:acme owner:kim\"\n");
    let watches = "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"(acme\"\n";
    let lines = Files::good().with("watches.toml", watches).with("routes.toml", &routes).lines();
    assert_eq!(lines, ["watches.toml:4:10: watch.acme.query: `(` is never closed (close it with `)`)"]);
}

#[test]
fn the_place_of_a_query_fault_is_inside_the_text() {
    for (query, place) in [
        ("query = \"acme AND (down\"", "4:19"),
        ("query = 'acme AND (down'", "4:19"),
        ("query = '''\n  acme AND\n  (down'''", "6:3"),
        ("query = \"\"\"\n  \"acme\" AND\n  (down\"\"\"", "6:3"),
        ("query = \"\\\"acme\\\" AND (down\"", "4:23"),
        ("query = \"\"\"acme \\\n    AND (down\"\"\"", "5:9"),
        ("query = '''\r\n  acmé AND\r\n  (down'''", "6:3"),
        ("query = 'acmé (down'", "4:15"),
    ] {
        let lines =
            Files::good().with("watches.toml", &format!("[[watch]]\nname = \"a\"\nowner = \"kim\"\n{query}\n")).lines();
        let expected = format!("watches.toml:{place}: watch.a.query: `(` is never closed (close it with `)`)");
        assert_eq!(lines, [expected], "{query}");
    }
}

#[test]
fn a_fault_in_a_list_is_told_once_and_at_its_entry() {
    let watches = "[lists]\nnames = [\"acme\", 'a (b']\nmore = ['$names', \"globex\"]\n\n[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"$names OR $more OR $nams\"\n";
    let lines = Files::good().with("watches.toml", watches).lines();
    assert_eq!(lines[0], "watches.toml:2:21: lists.names: `(` is never closed (close it with `)`)", "{lines:#?}");
    assert!(lines[1..].iter().all(|line| !line.contains("lists.more") || !line.contains("never closed")), "{lines:#?}");
}

#[test]
fn lists_can_be_used_in_watches_other_lists_and_routes() {
    let watches = "[lists]\nnames = [\"acme\", '\"acme cloud\"']\nall = ['$names', \"globex\"]\nnoise = 'coyote OR anvil'\nhot = 'score>=60'\n\n[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"$all NOT $noise\"\nmust_match = [\"Globex and Acme\"]\nmust_not_match = [\"Acme anvil\"]\n";
    let routes = "[[receiver]]\nname = \"screen\"\nkind = \"console\"\n[route]\nreceiver = \"screen\"\n[[route.routes]]\nmatch = \"watch:a $names\"\n";
    let lines = Files::good().with("watches.toml", watches).with("routes.toml", routes).lines();
    let about_hot = lines.iter().filter(|line| !line.contains("lists.hot")).collect::<Vec<_>>();
    assert!(about_hot.is_empty(), "{lines:#?}");
}

const SECRETS: &[Case] = &[
    ("routes.toml", "secret = \"hunter2hunter2\"", &["receiver.hook.secret: a secret does not belong into the file"]),
    (
        "routes.toml",
        "secret = { env = \"hunter2-hunter2\" }",
        &["receiver.hook.secret: a secret does not belong into the file"],
    ),
    (
        "routes.toml",
        "secret = { env = \"NOT_SET\" }",
        &[
            "receiver.hook.secret: the environment variable `NOT_SET` is not set (set it before `overheard` starts: export NOT_SET=…)",
        ],
    ),
    (
        "routes.toml",
        "secret = { file = \"no/such/file\" }",
        &["receiver.hook.secret: the file `no/such/file` with the secret cannot be read"],
    ),
    ("routes.toml", "secret = { \"\\u0000resolved\" = \"hunter2hunter2\" }", &["a secret is named, not written"]),
    ("routes.toml", "url = { env = \"NOT_AN_URL\" }", &["receiver.hook.url: "]),
];

#[test]
fn secrets_are_named_and_never_shown() {
    for (_, line, expected) in SECRETS {
        let url = if line.starts_with("url") { "" } else { "url = { env = \"ACME_URL\" }\n" };
        let routes =
            format!("[[receiver]]\nname = \"hook\"\nkind = \"webhook\"\n{url}{line}\n[route]\nreceiver = \"hook\"\n");
        let files = Files::good().with("routes.toml", &routes);
        let (checked, lines) = (files.check(), files.lines());
        assert!(checked.config.is_none(), "{line}");
        assert!(lines.iter().any(|line| line.contains(expected[0])), "{line}: {lines:#?}");
        for shown in [checked.lines(), checked.drawn(false), checked.to_json().to_string()] {
            assert!(!shown.contains("hunter2hunter2") && !shown.contains("s3cret"), "{line}:\n{shown}");
        }
    }
}

#[test]
fn a_configuration_does_not_print_its_secrets() {
    let routes = "[[receiver]]\nname = \"hook\"\nkind = \"webhook\"\nurl = { env = \"ACME_URL\" }\n[route]\nreceiver = \"hook\"\n";
    let shown = format!("{:?}", Files::good().with("routes.toml", routes).config());
    assert!(shown.contains("hook") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn what_is_configured_arrives() {
    let files = Files::good()
        .with(
            "daemon.toml",
            "data_dir = \"/srv/overheard\"\ntime_zone = \"Europe/Zurich\"\nresolve = { \"*.test\" = \"127.0.0.1\" }\nproxy = \"http://proxy.acme.example:3128\"\n[team]\nhandles = [\"acme_support@reddit.com\"]\n",
        )
        .with(
            "sources.toml",
            "[[source]]\nname = \"hn\"\nkind = \"hacker_news\"\nevery = \"2m\"\ntags = [\"Dev\"]\n[[source]]\nname = \"old\"\nkind = \"hacker_news\"\nenabled = false\n[hosts.\"Forum.acme.example\"]\nper_second = 0.5\nallow_private = true\n",
        )
        .with("watches.toml", "[[watch]]\nname = \"a\"\nowner = \"kim\"\nrole = \"product\"\npriority = \"high\"\nquery = \"acme\"\n");
    let config = files.config();
    assert_eq!(config.daemon.data_dir, Path::new("/srv/overheard"));
    assert_eq!(config.daemon.time_zone.zone.iana_name(), Some("Europe/Zurich"));
    assert_eq!(config.daemon.listen.to_string(), "127.0.0.1:7700");
    assert_eq!(
        config.daemon.proxy.as_ref().and_then(|proxy| proxy.url()).map(|url| url.to_string()).as_deref(),
        Some("http://proxy.acme.example:3128/")
    );
    assert_eq!(config.daemon.resolve["*.test"].to_string(), "127.0.0.1");
    assert_eq!(config.daemon.retention.mentions, Duration::days(400));
    let [source] = &config.sources[..] else { panic!("one source is asked") };
    assert_eq!((source.name.as_str(), source.kind, source.every), ("hn", "hacker_news", Duration::minutes(2)));
    assert_eq!(source.tags, ["dev"]);
    assert_eq!(config.resting.len(), 1);
    assert!(config.source("old").is_some_and(|source| !source.enabled));
    assert_eq!(config.hosts["forum.acme.example"].per_second, Some(0.5));
    let watch = config.watches.get("a").expect("the watch");
    assert_eq!((watch.role, watch.priority, watch.owner.as_deref()), (Role::Product, Priority::High, Some("kim")));
    assert_eq!(config.receiver("screen").map(|receiver| receiver.kind), Some("console"));

    let paths = Paths { data: Some("elsewhere".into()), ..files.paths() };
    let given = Config::check(&paths, &variable).config.expect("a configuration");
    assert_eq!(given.daemon.data_dir, Path::new("elsewhere"), "--data goes first");
}

#[test]
fn changes_are_named() {
    let old = Files::good().config();
    assert!(Changes::between(&old, &Files::good().config()).is_empty(), "the same text is no change");
    let spaced = Files::good().with("watches.toml", &format!("\n# a comment\n{WATCHES}")).config();
    assert!(Changes::between(&old, &spaced).is_empty(), "another place is no change");

    let new = Files::good()
        .with(
            "sources.toml",
            &format!(
                "{}\n[[source]]\nname = \"so\"\nkind = \"stack_exchange\"\nsite = \"stackoverflow\"\n",
                SOURCES.replace("acme", "globex")
            ),
        )
        .with("watches.toml", "[[watch]]\nname = \"globex\"\nowner = \"kim\"\nquery = \"globex\"\n")
        .with("daemon.toml", "listen = \"127.0.0.1:7701\"")
        .config();
    assert_eq!(
        Changes::between(&old, &new).to_string(),
        "sources: 1 added (so), 1 altered (hn); watches: 1 added (globex), 1 removed (acme); daemon altered; only a restart takes up listen"
    );
}

#[test]
fn a_list_that_changes_alters_the_watches_that_use_it() {
    let watches = |entry: &str| {
        format!(
            "[lists]\nnames = [\"{entry}\"]\n\n[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"$names\"\n{WATCHES}"
        )
    };
    let config = |entry: &str| Files::good().with("watches.toml", &watches(entry)).config();
    assert_eq!(Changes::between(&config("acme"), &config("globex")).to_string(), "watches: 1 altered (a)");
}

#[test]
fn a_scope_is_part_of_what_the_watch_asks() {
    let watch = |scope: &str| {
        format!(
            "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme OR globex\"\nmax_alerts_per_day = 20\n{scope}\n"
        )
    };
    let scope = "scope = { sources = [\"hn\"], kinds = [\"rss\", \"discourse\"], languages = [\"en-GB\"] }";
    let config = Files::good().with("watches.toml", &watch(scope)).config();
    let spec = config.watches.get("a").expect("the watch");
    assert_eq!(spec.query.to_string(), "(acme OR globex) AND source:hn AND (kind:rss OR kind:discourse) AND lang:en");
    assert_eq!((spec.query.source(), spec.max_alerts_per_day), ("acme OR globex", Some(20)));

    let without = Files::good().with("watches.toml", &watch("")).config();
    assert_ne!(spec.version(), without.watches.get("a").expect("the watch").version());
    assert_eq!(Changes::between(&config, &without).to_string(), "watches: 1 altered (a)");
}

#[test]
fn exclusions_arrive_and_their_changes_are_named() {
    let jobs = |query: &str| format!("{WATCHES}\n[[exclusion]]\nname = \"jobs\"\nquery = \"{query}\"\n");
    let config = |text: &str| Files::good().with("watches.toml", text).config();
    let (without, with, other) = (config(WATCHES), config(&jobs("hiring")), config(&jobs("hiring OR jobs")));
    let names: Vec<&str> = with.exclusions.iter().map(|exclusion| exclusion.name.as_str()).collect();
    assert_eq!(names, ["jobs"]);
    assert_eq!(Changes::between(&without, &with).to_string(), "exclusions: 1 added (jobs)");
    assert_eq!(Changes::between(&with, &other).to_string(), "exclusions: 1 altered (jobs)");
    assert_eq!(Changes::between(&with, &without).to_string(), "exclusions: 1 removed (jobs)");
}

#[test]
fn faults_are_drawn_under_the_line_they_are_about() {
    let files = Files::good()
        .with("watches.toml", "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = '''\n  acme AND\n  (down'''\n");
    let folder = format!("{}/", files.0.path().display());
    let drawn = files.check().drawn(false).replace(&folder, "");
    assert_eq!(
        drawn,
        "error: watch.a.query: `(` is never closed\n --> watches.toml:6:3\n  |\n6 |   (down'''\n  |   ^\n  |\n  = help: close it with `)`\n"
    );
}

/// Names as people could give them, and worse.
fn a_name() -> impl Strategy<Value = String> {
    let odd = [
        "C++",
        ".NET",
        "\"Acme\"",
        "Acme's",
        "a\\b",
        "'''",
        "\"\"\"",
        "東京",
        "Ünïcødé GmbH",
        "NOT",
        "OR",
        "x AND",
        "🚀",
        "-",
        "()",
        "{a}",
        "$acme",
        "#1",
        "a:b",
        "at&t",
        "<<<",
        "acme*",
        "down",
        "ab c",
        "l'Oréal™",
    ];
    prop_oneof![
        prop::sample::select(odd.to_vec()).prop_map(str::to_owned),
        "\\PC{1,30}",
        "[a-z\"'\\\\$(){}#:*?~<>-]{1,12}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_names_are_the_starter_is_good(
        brand in a_name(),
        products in prop::collection::vec(a_name(), 0..3),
        competitors in prop::collection::vec(a_name(), 0..3),
        owner in a_name(),
    ) {
        let answers = Answers {
            brand,
            products,
            competitors,
            owner,
            domains: vec!["https://www.acme.example/about".into()],
            handles: vec!["@acme_support@reddit.com".into()],
            contact: Some("kim@acme.example".into()),
        };
        let Ok(answers) = answers.tidy() else { return Ok(()) };
        let folder = Files(tempfile::tempdir().expect("a folder"));
        for (path, text) in files(&answers, &folder.paths()) {
            std::fs::write(path, text).expect("a file");
        }
        let lines = folder.lines();
        prop_assert!(lines.is_empty(), "{answers:#?}\n{lines:#?}");
        let config = folder.config();
        prop_assert!(!config.sources.is_empty() && config.watches.specs().len() >= 3);
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in "(\\PC{0,9}|[\\[\\]{}=\"'.,#\n\\\\a-z0-9 ]{0,40}|\\[\\[(source|watch|receiver)\\]\\]\n|(name|kind|query|url|lists|match) = ){0,12}") {
        let files = Files::good().with("daemon.toml", &text).with("sources.toml", &text).with("watches.toml", &text).with("routes.toml", &text);
        let checked = files.check();
        prop_assert!(checked.drawn(true).len() >= checked.faults.len());
    }
}
