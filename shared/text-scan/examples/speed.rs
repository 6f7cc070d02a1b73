//! Nanoseconds a byte on texts of a kind. With a file as argument: on that text.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use penstock_text_scan::view::views;
use penstock_text_scan::{Folded, Scanner};

const ENGLISH: &str = "The committee met on Tuesday to go over the plans for the new library, which should open in the spring of \
next year. Most members liked the reading room, though two of them asked for more light and for quieter floors. They agreed to \
write to the architect: she will bring new drawings in 3 weeks. ";
const CHINESE: &str = "委员会星期二开会，讨论新图书馆的方案。图书馆预计明年春天开放。多数委员喜欢阅览室，但有两位希望光线更好、地板更安静。\
他们决定写信给建筑师，请她在三周内提交新的图纸。";
const JAPANESE: &str = "委員会は火曜日に集まり、来年の春に開館する予定の新しい図書館の計画について話し合いました。多くの委員は閲覧室を\
気に入りましたが、二人はもっと明るく静かな床を求めました。";
const CODE: &str = "fn main() {\n    let total: u64 = (0..1024).map(|n| n * 3 + 1).sum();\n    println!(\"{total:>8}\");\n    for row in \
&rows[1..] {\n        out.push(row.len() as f64 / 2.5);\n    }\n}\n";
const DENSE: &str = "Ana Ruiz, ana.ruiz@example.com, +34 600 100 200, 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00, 12345678Z, \
10.0.0.1, 00:1a:2b:3c:4d:5e; ";

const RUSSIAN: &str = "Комитет собрался во вторник, чтобы обсудить планы новой библиотеки, которая должна открыться весной \
следующего года. Большинству понравился читальный зал, но двое попросили больше света. ";
const FRENCH: &str = "Le comité s’est réuni mardi pour étudier les plans de la nouvelle bibliothèque, qui devrait ouvrir au \
printemps. La plupart ont aimé la salle de lecture, mais deux ont demandé plus de lumière. ";

fn main() -> std::io::Result<()> {
    let scanner = Scanner::default();
    let mut texts: Vec<(String, String)> = [
        ("English", ENGLISH),
        ("Chinese", CHINESE),
        ("Japanese", JAPANESE),
        ("Russian", RUSSIAN),
        ("French", FRENCH),
        ("code", CODE),
        ("dense", DENSE),
    ]
    .map(|(name, text)| (name.to_string(), text.repeat(64 * 1024 / text.len())))
    .into();
    for unit in [
        "1",
        "1 ",
        "12 ",
        "1-",
        "a1.",
        "@",
        "a@",
        "a@b.",
        ":",
        "1:",
        "4111 ",
        "1990年",
        "phone 12 34 56 ",
        "born 1-1-1990 ",
        "\"@",
        "0x0",
        "+1",
    ] {
        texts.push((format!("{unit:?}"), unit.repeat((1 << 20) / unit.len())));
    }
    for path in std::env::args().skip(1) {
        texts.push((path.clone(), std::fs::read_to_string(path)?));
    }
    for (name, text) in &texts {
        let fold = nanoseconds(text, |text| Folded::new(text).text().len());
        let view = nanoseconds(text, |text| views(text).views.len());
        let all = nanoseconds(text, |text| scanner.scan(text).len());
        writeln!(
            std::io::stdout(),
            "{name:>18}: fold {fold:6.2} ns/byte, views {view:6.2} ns/byte, all {all:6.2} ns/byte"
        )?;
    }
    Ok(())
}

/// The fastest of several runs.
fn nanoseconds(text: &str, run: impl Fn(&str) -> usize) -> f64 {
    let runs = (8_000_000 / text.len()).clamp(3, 200);
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        black_box(run(black_box(text)));
        start.elapsed()
    });
    let fastest = times.min().unwrap_or_default();
    fastest.as_nanos() as f64 / text.len() as f64
}
