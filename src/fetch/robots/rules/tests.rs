//! Do the rules say what RFC 9309 and the public conformance cases say?
//!
//! Written after the text of the RFC (its sections are named) and after what the cases of Google's parser ask.

use super::*;

fn allows(text: &str, path: &str) -> bool {
    allows_bytes(text.as_bytes(), path)
}

fn allows_bytes(text: &[u8], path: &str) -> bool {
    let url = Url::parse(&format!("https://acme.example{path}")).expect(path);
    Rules::read(text, "overheard").allow(&url)
}

/// Checks rules for us: each path with whether it may be asked.
#[track_caller]
fn check(rules: &str, paths: &[(&str, bool)]) {
    let text = format!("User-agent: Overheard\n{rules}");
    for (path, allowed) in paths {
        assert_eq!(allows(&text, path), *allowed, "{path} under {rules:?}");
    }
}

#[test]
fn an_agent_is_found_by_its_product_token_in_any_case() {
    // Section 2.2.1.
    for (name, meant) in [
        ("overheard", true),
        ("Overheard", true),
        ("OVERHEARD", true),
        ("Overheard/1.0", true),
        ("Overheard listener", true),
        ("  overheard  ", true),
        ("overheard # that is us", true),
        ("over", false),
        ("overheardbot", false),
        ("overheard-news", false),
        ("the overheard", false),
        ("Mozilla/5.0 (compatible; Overheard)", false),
        ("", false),
    ] {
        assert_eq!(allows(&format!("User-agent: {name}\nDisallow: /\n"), "/a"), !meant, "{name:?}");
    }
}

#[test]
fn the_groups_that_name_us_are_one_and_those_for_all_count_only_without_them() {
    let apart = "User-agent: overheard\nDisallow: /one\n\nUser-agent: other\nDisallow: /\n\nUser-agent: OVERHEARD\nDisallow: /two\n";
    let several = "User-agent: other\nUser-agent: overheard\n\nUser-agent: third\nDisallow: /one\nDisallow: /two\n";
    let both = "User-agent: *\nDisallow: /\nUser-agent: overheard\nDisallow: /one\nDisallow: /two\n";
    let all_after = "User-agent: overheard\nDisallow: /one\nDisallow: /two\nUser-agent: *\nDisallow: /\n";
    let sitemap_between = "User-agent: overheard\nSitemap: https://acme.example/s.xml\nUser-agent: other\nDisallow: /one\nDisallow: /two\n";
    let unknown_between = "User-agent: overheard\nNo-such-line: 1\nUser-agent: *\nDisallow: /one\nDisallow: /two\n";
    for text in [apart, several, both, all_after, sitemap_between, unknown_between] {
        for (path, allowed) in [("/one", false), ("/two/x", false), ("/three", true)] {
            assert_eq!(allows(text, path), allowed, "{path} under {text}");
        }
    }
    for (text, allowed) in [
        ("User-agent: *\nDisallow: /\n", false),
        ("User-agent: * \nDisallow: /\n", false),
        ("User-agent: * x\nDisallow: /\n", false),
        ("User-agent: *x\nDisallow: /\n", true),
        ("User-agent: other\nDisallow: /\n", true),
        ("User-agent: *\nDisallow: /\nUser-agent: overheard\n", true),
        ("User-agent: *\nDisallow: /\nUser-agent: overheard\nDisallow:\n", true),
        ("User-agent: *\nDisallow: /x\nUser-agent: other\nAllow: /\nUser-agent: *\nDisallow: /a\n", false),
        // Rules before any agent are nobody's.
        ("Disallow: /\nUser-agent: other\nDisallow: /x\n", true),
        ("Disallow: /\n", true),
    ] {
        assert_eq!(allows(text, "/a"), allowed, "{text}");
    }
}

#[test]
fn names_of_lines_have_no_case_comments_and_spaces_no_meaning_and_slips_are_understood() {
    for text in [
        "USER-AGENT: overheard\nDISALLOW: /a\n",
        "uSeR-aGeNt: overheard\ndIsAlLoW: /a\n",
        "  user-agent\t:\toverheard  \n \tdisallow :   /a \t\n",
        "user-agent:overheard\ndisallow:/a",
        "user-agent: overheard # us\n# Disallow: /\ndisallow: /a# and what is below\n",
        "user-agent overheard\ndisallow /a\n",
        "useragent: overheard\ndissallow: /a\n",
        "user agent: overheard\ndisalow: /a\n",
    ] {
        assert!(!allows(text, "/a"), "{text}");
        assert!(allows(text, "/b"), "{text}");
    }
    for text in [
        "foo: overheard\nbar: /a\n",
        "user-agent: overheard\nplease do not ask /a\ndisallow a b\n",
        "user-agent: overheard\nNoindex: /a\n",
    ] {
        assert!(allows(text, "/a"), "{text}");
    }
}

#[test]
fn lines_end_as_on_any_machine_and_a_byte_order_mark_is_no_text() {
    for ending in ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n"] {
        let text = ["User-agent: overheard", "Allow: /a/b", "Disallow: /a"].join(ending);
        assert!(!allows(&text, "/a") && allows(&text, "/a/b"), "{ending:?}");
    }
    let rules = b"User-agent: overheard\nDisallow: /\n";
    for (mark, understood) in [
        (&b"\xef\xbb\xbf"[..], true),
        (b"\xef\xbb", true),
        (b"\xef", true),
        (b"\xef\x11\xbf", false),
        (b"\xfe\xff", false),
    ] {
        assert_eq!(allows_bytes(&[mark, rules].concat(), "/a"), !understood, "{mark:?}");
    }
    assert!(allows_bytes(b"User-agent: overheard\n\xef\xbb\xbfDisallow: /\n", "/a"), "a mark stands only at the start");
}

#[test]
fn the_longest_rule_wins_and_of_two_as_long_the_one_that_allows() {
    // Section 2.2.2.
    check("Disallow: /x/page.html\nAllow: /x/\n", &[("/x/page.html", false), ("/x/other", true)]);
    check("Allow: /x/page.html\nDisallow: /x/\n", &[("/x/page.html", true), ("/x/", false), ("/x", true)]);
    check("Disallow: \nAllow: \n", &[("/x", true)]);
    check("Disallow: /\nAllow: /\n", &[("/x", true)]);
    check("Allow: /folder\nDisallow: /folder\n", &[("/folder/page", true)]);
    check("Disallow: /x\nAllow: /x/\n", &[("/x", false), ("/x/", true)]);
    check("Allow: /page\nDisallow: /*.html\n", &[("/page.html", false), ("/page", true)]);
    check("Allow: /x/page.\nDisallow: /*.html\n", &[("/x/page.html", true), ("/x/y.html", false)]);
    check("Allow: /$\nDisallow: /\n", &[("/", true), ("/page.html", false)]);
    check("Disallow: /X/\n", &[("/x/y", true), ("/X/y", false)]);
    check(
        "Disallow: /\nAllow: /fish\n",
        &[
            ("/fish", true),
            ("/fishheads/a.html", true),
            ("/Fish.asp", false),
            ("/catfish", false),
            ("/?id=fish", false),
        ],
    );
    check("Disallow: /fish/\n", &[("/fish", true), ("/fish/", false), ("/fish/?id=1", false), ("/fish.html", true)]);
    check("Disallow: /\n", &[("/robots.txt", true), ("/robots.txt.html", false)]);
}

#[test]
fn an_asterisk_stands_for_anything_and_a_dollar_for_the_end() {
    // Section 2.2.3.
    check("Disallow: /fish*\n", &[("/fish", false), ("/fish.html", false), ("/Fish", true), ("/catfish", true)]);
    check(
        "Disallow: /*.php\n",
        &[
            ("/a.php", false),
            ("/x/a.php?b=1", false),
            ("/a.php/", false),
            ("//x/any.php.html", false),
            ("/index?f=a.php/", false),
            ("/php/", true),
            ("/index?php", true),
            ("/a.PHP", true),
        ],
    );
    check(
        "Disallow: /*.php$\n",
        &[("/a.php", false), ("/x/a.php", false), ("/a.php?b", true), ("/a.php5", true), ("/a.php.php", false)],
    );
    check("Disallow: /fish*.php\n", &[("/fish.php", false), ("/fishheads/cat.php?x", false), ("/Fish.PHP", true)]);
    check(
        "Disallow: /a*b*c$\n",
        &[("/abc", false), ("/axbxbxc", false), ("/abcx", true), ("/abcxc", false), ("/acb", true)],
    );
    check("Disallow: *\n", &[("/a", false)]);
    check("Disallow: */private/\n", &[("/a/private/", false), ("/private/", false), ("/private", true)]);
    check("Disallow: /a$b\n", &[("/a$b", false), ("/a", true)]);
    check("Disallow: /a$\nAllow: /a/b\n", &[("/a", false), ("/a/", true), ("/a/b", true)]);
    check("Disallow: $\n", &[("/", true)]);
}

#[test]
fn what_is_percent_encoded_is_compared_as_what_it_stands_for() {
    // The table of section 2.2.2 and that of 2.2.3.
    check("Disallow: /foo/bar?baz=quz\n", &[("/foo/bar?baz=quz", false), ("/foo/bar?baz=qux", true)]);
    check(
        "Disallow: /foo/bar?baz=https://foo.bar\n",
        &[("/foo/bar?baz=https%3A%2F%2Ffoo.bar", false), ("/foo/bar?baz=https://foo.bar", false)],
    );
    check("Disallow: /foo/bar/\u{30c4}\n", &[("/foo/bar/%E3%83%84", false), ("/foo/bar/\u{30c4}", false)]);
    check("Disallow: /foo/bar/%E3%83%84\n", &[("/foo/bar/%E3%83%84", false), ("/foo/bar/%e3%83%84", false)]);
    check("Disallow: /foo/bar/%e3%83%84\n", &[("/foo/bar/%E3%83%84", false)]);
    check("Disallow: /foo/bar/%62%61%7A\n", &[("/foo/bar/baz", false), ("/foo/bar/%62%61%7A", false)]);
    check("Disallow: /foo/bar/baz\n", &[("/foo/bar/%62%61%7A", false)]);
    check("Disallow: /a%3cd.html\n", &[("/a%3Cd.html", false)]);
    check("Disallow: /a<b c\n", &[("/a%3Cb%20c", false), ("/a<b c", false)]);
    check("Disallow: /a%2fb\n", &[("/a%2Fb", false), ("/a/b", true)]);
    check(
        "Disallow: /path/file-with-a-%2A.html\n",
        &[("/path/file-with-a-*.html", false), ("/path/file-with-a-x.html", true)],
    );
    check("Disallow: /path/foo-%24\n", &[("/path/foo-$", false), ("/path/foo-", true)]);
    check("Disallow: /100%\n", &[("/100%", false), ("/100", true)]);
    check("Disallow: /a%zz\n", &[("/a%zz", false)]);
}

#[test]
fn the_example_of_the_standard_reads_as_it_says() {
    // After section 5.1: one group for all, one for an agent that may see nothing, one for two agents.
    let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\nUser-Agent: foobot\nDisallow:/\n\
                Allow:/example/page.html\nAllow:/example/allowed.gif\n\nUser-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\n\
                User-Agent: quxbot\n";
    for (agent, path, allowed) in [
        ("overheard", "/a.gif", false),
        ("overheard", "/a.gif?x", true),
        ("overheard", "/example/x", false),
        ("overheard", "/publications/x.html", true),
        ("foobot", "/example/page.html", true),
        ("foobot", "/example/allowed.gif", true),
        ("foobot", "/example/", false),
        ("barbot", "/example/page.html", false),
        ("bazbot", "/example/page.html", false),
        ("bazbot", "/a.gif", true),
        ("quxbot", "/example/page.html", true),
    ] {
        let url = Url::parse(&format!("https://acme.example{path}")).expect(path);
        assert_eq!(Rules::read(text.as_bytes(), agent).allow(&url), allowed, "{agent} {path}");
    }
}

#[test]
fn rules_made_to_hurt_are_bounded() {
    let long = format!("User-agent: overheard\nDisallow: /{}\n", "x".repeat(2 * MAX_LINE));
    assert!(allows(&long, "/x"));
    let many = format!(
        "User-agent: overheard\nDisallow: /first\n{}Disallow: /last\n",
        "Disallow: /*a*b*c\n".repeat(MAX_RULES)
    );
    assert!(!allows(&many, "/first") && allows(&many, "/last"));
    let wild = format!("User-agent: overheard\nDisallow: /{}z\n", "*a".repeat(10_000));
    assert!(!allows(&wild, &format!("/{}", "a".repeat(MAX_PATH))), "it ends in an asterisk behind {MAX_WILD}");
}
