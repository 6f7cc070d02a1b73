//! Help, versions, and command lines that make no sense.

use crate::run::penstock;

#[test]
fn help_pages_are_those_that_are_kept() {
    for (args, page) in [
        (&["--help"][..], "penstock"),
        (&["help"], "penstock"),
        (&["check", "-h"], "check"),
        (&["help", "check"], "check"),
        (&["schema", "--help"], "schema"),
        (&["read", "--help"], "read"),
        (&["help", "scan"], "scan"),
        (&["redact", "--help"], "redact"),
        (&["help", "explain"], "explain"),
        (&["simulate", "--help"], "simulate"),
        (&["help", "fleet"], "fleet"),
        (&["budgets", "-h"], "budgets"),
        (&["istio", "-h"], "istio"),
        (&["disguise", "--help"], "disguise"),
    ] {
        let ran = penstock(args);
        let path = format!("{}/tests/help/{page}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE_HELP").is_some() {
            std::fs::write(&path, &ran.out).unwrap();
        }
        assert_eq!(
            ran.out,
            std::fs::read_to_string(&path).unwrap(),
            "{args:?}: UPDATE_HELP=1 writes {path}"
        );
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
        assert!(
            ran.out.lines().all(|line| line.len() <= 88),
            "{args:?}: a line is too long for a terminal"
        );
    }
}

/// A command that refuses a name lists those that it knows.
#[test]
fn the_help_names_every_api_and_every_disguise() {
    for (page, refused) in [
        ("read", &["read", "--api", "nobody", "-"][..]),
        ("disguise", &["disguise", "nobody"]),
        (
            "simulate",
            &["simulate", "gen:prefix", "-f", "A100", "-p", "nobody"],
        ),
    ] {
        let page = penstock(&["help", page]).out;
        let refused = penstock(refused).err.to_lowercase();
        let names = refused.split("there are: ").nth(1).unwrap();
        let names = names.split(';').next().unwrap().trim().split(", ");
        assert!(names.clone().count() > 5);
        for name in names {
            assert!(
                page.split_whitespace().any(|word| word == name),
                "{name} is not on the page"
            );
        }
    }
}

#[test]
fn the_version_is_the_package() {
    let ran = penstock(&["--version"]);
    assert_eq!(
        (ran.code, ran.out),
        (0, format!("penstock {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn a_wrong_command_line_gets_a_hint_and_a_2() {
    for (args, hint) in [
        (&[][..], "try `penstock --help`"),
        (&["chek"], "did you mean check"),
        (&["--verison"], "did you mean --version"),
        (&["check"], "a file is missing"),
        (&["check", "--strickt", "x"], "did you mean --strict"),
        (&["read"], "a file is missing"),
        (&["read", "--jsn", "x"], "did you mean --json"),
        (&["read", "a", "b"], "argument \"b\""),
        (&["read", "--request"], "missing argument for option '--request'"),
        (&["read", "--api", "gemin", "x"], "did you mean gemini"),
        (&["read", "--api", "custom", "x"], "--config"),
        (&["read", "--bytes-per-token", "0", "x"], "1 to 15"),
        (&["read", "-", "-r", "-"], "standard input"),
        (&["schema", "token_metr"], "did you mean token_meter"),
        (&["help", "nobody"], "no command"),
        (&["scan"], "There are: redactor, guard"),
        (&["scan", "gard"], "did you mean guard"),
        (
            &["scan", "redactor", "--leak"],
            "--leak is for `penstock scan guard`",
        ),
        (&["scan", "guard", "-c", "-"], "standard input"),
        (&["explain", "--rolle", "user"], "did you mean --role"),
        (&["explain", "--role", "robot"], "there are: tool"),
        (&["explain", "a", "b"], "argument \"b\""),
        (&["explain", "--config", "-"], "standard input"),
        (&["simulate"], "a trace is missing"),
        (&["simulate", "gen:prefix"], "--fleet is missing"),
        (
            &["simulate", "gen:prefix", "-f", "A100+H10"],
            "no GPU \"H10\"; there are",
        ),
        (
            &["simulate", "gen:pre", "-f", "A100"],
            "there are: gen:conversation",
        ),
        (
            &["simulate", "x", "-f", "A100", "--rates", "4,0"],
            "not a number above 0",
        ),
        (&["simulate", "x", "-f", "A100", "--seeds", "0"], "from 1 to 1000"),
        (
            &["simulate", "x", "-f", "A100", "--policies", "dynamoo"],
            "did you mean dynamo",
        ),
        (
            &["simulate", "x", "-f", "A100", "--capacity", "-r", "4"],
            "leave --rates out",
        ),
        (&["simulate", "x", "--flet", "A100"], "did you mean --fleet"),
        (
            &["simulate", "gen:prefix", "-f", "A100", "-r", "1e-9", "-d", "1"],
            "rate x duration",
        ),
        (&["fleet", "--admin", "https://x"], "not http://HOST:PORT"),
        (&["fleet", "--watch", "0"], "--watch \"0\""),
        (&["fleet", "envoy"], "argument \"envoy\""),
        (&["budgets", "--admin", "https://x"], "has no TLS"),
        (&["budgets", "--top", "many"], "not a whole number"),
        (&["budgets", "-f", "x", "-w", "1"], "a --file does not change"),
        (&["budgets", "--jsn"], "did you mean --json"),
        (&["budgets", "--watch", "0"], "--watch \"0\""),
        (&["istio"], "values are missing"),
        (&["istio", "--fom", "ecds"], "did you mean --form"),
        (&["istio", "--form", "wasmplugn", "x"], "did you mean wasmplugin"),
        (&["disguise"], "There are: zero_width"),
        (&["disguise", "rot12"], "did you mean rot13"),
        (&["scan", "redactor", "--config", "-"], "standard input"),
        (&["scan", "redactor", "a", "b"], "argument \"b\""),
    ] {
        let ran = penstock(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(
            ran.err.starts_with("penstock: ") && ran.err.contains(hint),
            "{args:?}: {}",
            ran.err
        );
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    for args in [
        &["check", "/nowhere/a.yaml"][..],
        &["read", "/nowhere/a.yaml"],
        &["read", "-", "-r", "/nowhere/a.yaml"],
        &["scan", "redactor", "/nowhere/a.yaml"],
        &["scan", "redactor", "--config", "/nowhere/a.yaml"],
        &["scan", "guard", "/nowhere/a.yaml"],
        &["scan", "guard", "--config", "/nowhere/a.yaml"],
        &["explain", "/nowhere/a.yaml"],
        &["explain", "--config", "/nowhere/a.yaml"],
        &["disguise", "all", "/nowhere/a.yaml"],
        &["budgets", "--file", "/nowhere/a.yaml"],
        &["simulate", "/nowhere/a.yaml", "--fleet", "A100"],
        &["istio", "/nowhere/a.yaml"],
    ] {
        let ran = penstock(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains("/nowhere/a.yaml: "), "{}", ran.err);
    }
}

#[test]
fn pipes_get_no_colours() {
    let ran = crate::run::penstock_on(&["read", "-"], b"{\"error\":\"x\"}");
    assert!(
        !ran.out.contains('\x1b') && ran.out.contains("warning: "),
        "{}",
        ran.out
    );
}
