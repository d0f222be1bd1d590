use std::time::Instant;
#[test]
fn attrs() {
    for n in [5_000usize, 10_000, 20_000, 40_000] {
        let html: String = format!("<a {}>", (0..n).map(|i| format!("a{i} ")).collect::<String>());
        let t = Instant::now();
        scraper::Html::parse_document(&html);
        println!("{n} attrs {} kB: {:?}", html.len() / 1000, t.elapsed());
    }
    for depth in [100, 500] {
        let html = "<div>".repeat(depth) + &"<i>x</i>".repeat(50_000);
        let t = Instant::now();
        println!("{:?}", overheard::parse::html::check_depth(&html));
        println!("depth {depth} check {} kB: {:?}", html.len() / 1000, t.elapsed());
        let t = Instant::now();
        scraper::Html::parse_document(&html);
        println!("depth {depth} parse {} kB: {:?}", html.len() / 1000, t.elapsed());
    }
    let html = "<ul><li>".repeat(125_000);
    let t = Instant::now();
    println!("{:?}", overheard::parse::html::check_depth(&html));
    println!("check ul li 1 MB: {:?}", t.elapsed());
}
