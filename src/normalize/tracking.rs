//! Which query parameters say where a reader came from, not which page it is?
//!
//! Own list, after what platforms document and what public registries of such parameters report (looked
//! up 2026-11-21). A name is only here if no site is known to need it to find a page.

/// Beginnings of names of which every name is tracking.
const PREFIXES: [&str; 17] = [
    "utm_", "mtm_", "matomo_", "pk_", "piwik_", "hsa_", "at_", "otm_", "itm_", "ga_", "mc_", "guce_", "trk_", "wt_",
    "__hs", "oly_", "fb_",
];

/// Names that are tracking on every site, in alphabetical order.
const NAMES: [&str; 75] = [
    "__s",
    "__source",
    "__twitter_impression",
    "_branch_match_id",
    "_bta_c",
    "_bta_tid",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "_ke",
    "_kx",
    "_openstat",
    "action_object_map",
    "action_ref_map",
    "action_type_map",
    "aspsessionid",
    "cmpid",
    "dclid",
    "dm_i",
    "echobox",
    "ef_id",
    "epik",
    "fbclid",
    "gad_campaignid",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "gdffi",
    "gdfms",
    "gdftrk",
    "gs_l",
    "guccounter",
    "hsctatracking",
    "igsh",
    "igshid",
    "irclickid",
    "irgwc",
    "jsessionid",
    "mbid",
    "mibextid",
    "mkcid",
    "mkevt",
    "mkrid",
    "mkt_tok",
    "mkwid",
    "ml_subscriber",
    "ml_subscriber_hash",
    "msclkid",
    "ncid",
    "ndclid",
    "ns_campaign",
    "ns_mchannel",
    "ns_source",
    "ocid",
    "phpsessid",
    "rb_clickid",
    "ref_src",
    "ref_url",
    "referrer",
    "s_cid",
    "s_kwcid",
    "sccid",
    "soc_src",
    "soc_trk",
    "spm",
    "sr_share",
    "srsltid",
    "ttclid",
    "twclid",
    "vero_conv",
    "vero_id",
    "wbraid",
    "wickedid",
];

/// More names on single sites (a domain and everything under it): which page it is stands elsewhere in the address.
const OF_SITES: [(&str, &[&str]); 16] = [
    ("bbc.co.uk", &["xtor"]),
    ("bbc.com", &["xtor"]),
    ("facebook.com", &["__cft__", "__tn__", "eid", "hc_ref", "rdid", "sfnsn"]),
    ("forbes.com", &["sh"]),
    ("instagram.com", &["hl", "img_index"]),
    ("linkedin.com", &["licu", "refid", "trackingid", "trk"]),
    ("medium.com", &["sk", "source"]),
    ("newyorker.com", &["source"]),
    ("nytimes.com", &["emc", "partner", "smid", "smtyp"]),
    ("open.spotify.com", &["context", "si"]),
    ("reddit.com", &["context", "correlation_id", "rdt", "ref_campaign", "ref_source", "share_id"]),
    ("theguardian.com", &["cmp"]),
    ("tiktok.com", &["_d", "_r", "_t", "is_from_webapp", "sender_device"]),
    ("wsj.com", &["mod", "reflink", "st"]),
    ("x.com", &["cn", "s", "src", "t"]),
    ("youtube.com", &["ab_channel", "app", "feature", "pp", "si", "start_radio", "t"]),
];

/// Whether a parameter of a page on `host` (lower case) only says where a reader came from, or asks for
/// another form of the same page.
pub(super) fn is_tracking(host: &str, name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.as_str();
    if NAMES.binary_search(&name).is_ok() || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return true;
    }
    match name {
        "amp" => matches!(value, "" | "1" | "true"),
        "outputtype" => value == "amp",
        // `?ref=main` names a branch on forges; elsewhere it names the site that links.
        "ref" => !host.contains("git"),
        "source" | "src" => matches!(value, "rss" | "feed" | "newsletter" | "email" | "twitter" | "facebook"),
        _ => of_site(host, name),
    }
}

fn of_site(host: &str, name: &str) -> bool {
    let under =
        |domain: &str| host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'));
    OF_SITES.iter().any(|(domain, names)| names.contains(&name) && under(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_order_so_that_they_can_be_searched() {
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn tracking_is_told_from_what_names_a_page() {
        for (host, parameter, expected) in [
            ("acme.example", "utm_source=x", true),
            ("acme.example", "UTM_Medium=x", true),
            ("acme.example", "fbclid=1", true),
            ("acme.example", "mc_eid=1", true),
            ("acme.example", "id=1", false),
            ("acme.example", "page=2", false),
            ("acme.example", "q=utm_source", false),
            ("acme.example", "ref=newsletter", true),
            ("git.acme.example", "ref=main", false),
            ("acme.example", "source=rss", true),
            ("acme.example", "source=warehouse", false),
            ("acme.example", "amp=1", true),
            ("acme.example", "amp=20", false),
            ("acme.example", "t=30", false),
            ("youtube.com", "t=30", true),
            ("music.youtube.com", "si=x", true),
            ("notyoutube.com", "t=30", false),
            ("youtube.com", "v=x", false),
        ] {
            let (name, value) = parameter.split_once('=').expect("name and value");
            assert_eq!(is_tracking(host, name, value), expected, "{host} {parameter}");
        }
    }
}
