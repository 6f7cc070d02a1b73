//! Texts: what is found in them, and what only looks alike.

use super::{RULES, scan};
use proptest::prelude::*;

fn found(text: &str) -> Vec<&str> {
    let mut finds = Vec::new();
    scan(text, &mut finds);
    finds.sort_unstable_by_key(|find| (find.start, find.end));
    let mut values: Vec<&str> = finds
        .iter()
        .map(|find| text.get(find.start..find.end).unwrap())
        .collect();
    values.dedup();
    values
}

fn rules(text: &str) -> Vec<&str> {
    let mut finds = Vec::new();
    scan(text, &mut finds);
    finds
        .iter()
        .map(|find| RULES[usize::from(find.rule.0)].id)
        .collect()
}

#[test]
fn a_value_is_found_in_every_kind_of_assignment() {
    let value = "kR7-pQ2xW9zL4mT8vB3n";
    for text in [
        "api_key = \"@\"",
        "\"apiKey\": \"@\",",
        "API_KEY=@",
        "export SERVICE_API_KEY='@'",
        "api-key: @",
        "apiKey := `@`",
        "{'client_secret' => '@'}",
        "var accessToken string = \"@\"",
        "headers[\"X-Api-Key\"] = \"@\"",
        "X-Api-Key: @",
        "System.setProperty(\"APP_SECRET\", \"@\")",
        "tool --api-key @ run",
        "https://h.example/v1?access_token=@&page=2",
        "\\\"secret\\\": \\\"@\\\"",
        "<apiKey>@</apiKey>",
        "Authorization: Bearer @",
        "\"Authorization\": \"Token @\"",
        "curl -H \"Authorization: @\" http://h",
        "AccountKey=@;EndpointSuffix=x",
    ] {
        assert_eq!(found(&text.replace('@', value)), [value], "{text}");
    }
}

#[test]
fn a_password_may_be_what_people_choose() {
    for (text, value) in [
        ("DB_PASSWORD=Tr0ub4dor&3x", "Tr0ub4dor"),
        ("password: \"S0mmer!2031\"", "S0mmer!2031"),
        ("Server=db;User Id=sa;Password=Gr33n-Tea9;", "Gr33n-Tea9"),
        ("mysql --user=root --password=fl0wer77pot", "fl0wer77pot"),
        ("CREATE USER app IDENTIFIED BY 'Gr33n-Tea9';", "Gr33n-Tea9"),
        ("<add key=\"Password\" value=\"Gr33n-Tea9\" />", "Gr33n-Tea9"),
        ("<password>Gr33n-Tea9</password>", "Gr33n-Tea9"),
        ("jdbc:mysql://db/x?user=a&password=Gr33nTea9", "Gr33nTea9"),
        ("DB_PASSWORD=sunflower", "sunflower"),
        ("A senha é Gr33n-Tea9 mesmo", "Gr33n-Tea9"),
        ("contraseña: Gr33n-Tea9", "Gr33n-Tea9"),
        ("пароль: Gr33n-Tea9", "Gr33n-Tea9"),
        ("my api key is q7Zr3xW9tK2mQ8vL", "q7Zr3xW9tK2mQ8vL"),
        ("password \"Gr33n-Tea9\" works", "Gr33n-Tea9"),
        ("machine h.example login ana password Gr33nTea9", "Gr33nTea9"),
        ("user.setPassword(\"Gr33n-Tea9\")", "Gr33n-Tea9"),
        ("APIキーは q7Zr3xW9tK2mQ8vL です", "q7Zr3xW9tK2mQ8vL"),
        ("令牌：q7Zr3xW9tK2mQ8vL4nB6", "q7Zr3xW9tK2mQ8vL4nB6"),
        ("El token es q7Zr3xW9tK2mQ8vL4nB6", "q7Zr3xW9tK2mQ8vL4nB6"),
        ("password             =    \"Gr33n-Tea9\"", "Gr33n-Tea9"),
        ("the password for the router is bl4ckb1rd!", "bl4ckb1rd"),
        ("La contraseña es Lun4llena, no la pierdas", "Lun4llena"),
        ("パスワードは h4nabi2029 です", "h4nabi2029"),
        ("密码是dragon2029。", "dragon2029"),
        ("비밀번호는 namu2029! 입니다", "namu2029"),
        ("postgres://app:9dKe2-xQ@db:5432/main", "9dKe2-xQ"),
        ("redis://:q8Zt33mm@cache:6379", "q8Zt33mm"),
        ("curl -u admin:w1nterfell https://h.example", "w1nterfell"),
        ("curl -s --user 'ops:T9x!kk2' https://h.example", "T9x!kk2"),
    ] {
        assert!(
            found(text).iter().any(|found| found.starts_with(value)),
            "{text}: {:?}",
            found(text)
        );
    }
}

#[test]
fn look_alikes_are_not_found() {
    for text in [
        "password: required",
        "Enter your password: ",
        "password = getpass.getpass()",
        "password = os.environ[\"DB_PW1\"]",
        "api_key = process.env.API_KEY_2",
        "token: ${{ secrets.TOKEN_1 }}",
        "api_key=\"<your-api-key-1>\"",
        "secret=$SECRET_1",
        "API_KEY=xxxxxxxxxxxxxxxx1",
        "password=changeme123",
        "token_count = 12345678",
        "max_tokens: 4096",
        "nextToken=\"ab12cd34ef56ab12cd34\"",
        "public_key = \"9Xk2mQ8vL4zR7tB3nW6pY1cD5fG0hJqS\"",
        "secret_name: prod-db-7",
        "author: a1b2c3d4e5f6",
        "key: value",
        "sha256:3b7f0c9e5a1d4e6f8b2c7d9e0f1a3b5c7d9e1f3a5b7c9d1e3f5a7b9c1d3e5f7a",
        "commit 5f2e8a1c9b3d7e6f4a0c8b2d1e9f7a3c5b6d8e0f",
        "id: 6fa459ea-ee8a-3ca4-894e-db77e160355e",
        "https://user@host.example/path",
        "http://localhost:8080/@scope/pkg1",
        "The password is required to have 8 characters.",
        "password is base64 encoded",
        "sk-learn is a library",
        "skip-level-1on1",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "eyJub3QiOiJhIHRva2VuIn0.eyJhIjoxMjM0NTY3ODkwfQ.c2ln",
        "curl -u user:password https://h.example",
        "curl -u \"$USER:$PASS1\" https://h.example",
        "mongodb://user:<password>@host1/db",
        "Authorization: Bearer <token1>",
        "Bearer token1 is invalid",
        "secret santa 2024",
        "tokens: 1500 in, 300 out",
        "密码是什么？",
        "キーはEnter1です",
        "getPassword(\"db1\")",
        "the token is gpt2tokenizer",
        "t(\"password1\")",
        "パスワードを忘れた場合",
        "git@github.com:org/repo1.git",
        "data:image/png;base64,iVBORw0KGgo1",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn a_private_key_is_found_as_a_block() {
    let body = "q8Zt33mmKe2xQ7pL4vB9nW6yR1cD5fG0hJsTkU2aXo8iEw3Zb7Nq\n".repeat(4);
    for label in [
        "RSA PRIVATE KEY",
        "PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        let block = format!("-----BEGIN {label}-----\n{body}-----END {label}-----");
        assert_eq!(found(&format!("key: |\n{block}\n")), [block.as_str()]);
        let escaped = block.replace('\n', "\\n");
        assert!(found(&format!("{{\"private_key\": \"{escaped}\\n\"}}")).contains(&escaped.as_str()));
    }
    let cut = format!("-----BEGIN PRIVATE KEY-----\n{body}");
    assert_eq!(found(&format!("{cut}and so on"))[0].len(), cut.len() + 3);
}

#[test]
fn the_shortest_private_key_is_found_whatever_its_letters() {
    let body = "MC4CAQAwBQYDK2VwBCIEIPen+tock/tries/+short+keys/of64characters+/";
    let block = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----");
    assert_eq!(found(&block), [block.as_str()]);
    let shorter = block.replace("MC4C", "");
    assert_eq!(found(&shorter), [""; 0]);
}

#[test]
fn a_token_is_found_by_its_header() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwZW5zdG9jayIsIm4iOjd9.kP3vX9mQ2zL7tR4wB8nY1cD6fG0hJ5sK";
    assert_eq!(rules(&format!("见{token}。")), ["jwt"]);
    assert_eq!(found(&format!("a {token}.")), [token]);
    assert_eq!(found(&format!("cookie: t={token}; x")), [token]);
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwZW5zdG9jayIsIm4iOjd9";
    assert_eq!(
        found(&format!("\"{unsigned}.\"")),
        [format!("{unsigned}.").as_str()]
    );
}

#[test]
fn a_name_before_a_value_does_not_hide_its_form() {
    let key = "ghp_q8Zt33mmKe2xQ7pL4vB9nW6yR1cD5fG0hJsT";
    for text in [
        "token: @",
        "the token is @",
        "Bearer @",
        "API_KEY=@",
        "password \"@\"",
        "トークンは@",
    ] {
        let text = text.replace('@', key);
        assert!(rules(&text).contains(&"github_pat"), "{text}");
    }
}

#[test]
fn an_escaped_line_break_is_no_part_of_a_word() {
    let text = "a\\nghp_q8Zt33mmKe2xQ7pL4vB9nW6yR1cD5fG0hJsT\\nb";
    assert_eq!(found(text), ["ghp_q8Zt33mmKe2xQ7pL4vB9nW6yR1cD5fG0hJsT"]);
}

proptest! {
    #[test]
    fn a_find_is_a_part_of_its_text(parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..24)) {
        let text = parts.concat();
        let mut finds = Vec::new();
        scan(&text, &mut finds);
        for find in finds {
            prop_assert!(find.start < find.end && text.get(find.start..find.end).is_some(), "{find:?} {text}");
        }
    }
}

/// What texts with secrets are made of, whole and cut off.
const PARTS: [&str; 40] = [
    "password",
    "api_key",
    "token",
    "密码",
    "是",
    "パスワードは",
    "é",
    "🔑",
    " ",
    "\n",
    "=",
    ": ",
    ":",
    "\"",
    "'",
    "`",
    "://",
    "@",
    "~",
    "|",
    "--",
    "-u ",
    "curl ",
    "Bearer ",
    "Authorization: ",
    "-----BEGIN ",
    "PRIVATE KEY-----",
    "-----END ",
    "eyJhbGciOiJIUzI1NiJ9",
    ".",
    "us12",
    "8Q~",
    "q7Zr3xW9tK2mQ8vL",
    "mailgun",
    "is ",
    "<",
    ">",
    "，",
    "&",
    "\\n",
];
