//! Every rule with a check: what it finds, and that no other check digit passes.

use super::ROWS;
use crate::Scanner;
use crate::find::Strength;

/// A rule, a word that says what it is, and numbers made up for it.
type Case = (&'static str, &'static str, [&'static str; 4]);

#[rustfmt::skip] // A case reads as a row.
const CASES: &[Case] = &[
    ("tr_tckn", "tckn", ["69876543288", "71212121210", "11234567818", "91234567872"]),
    ("pl_pesel", "pesel", ["01020312340", "70010150501", "99123113573", "99123150503"]),
    ("pl_nip", "nip", ["2468013571", "1212121217", "9876543210", "1357902468"]),
    ("fr_nir", "nir", ["210031412121288", "294056212121243", "166012750505009", "218127012345661"]),
    ("fr_siret", "siret", ["12345678200010", "24680135100015", "13579024400010", "50505050000014"]),
    ("fr_siren", "siren", ["123456782", "246801351", "135790244", "505050500"]),
    ("it_fiscal_code", "codice fiscale", ["FGLMNP10R28A135L", "BCDFGL58A51D505S", "BCDFGL05P23A987A", "FGLMNP06C47F135U"]),
    ("it_vat", "partita iva", ["24680130416", "12345670439", "12345670421", "13579020515"]),
    ("es_cif", "cif", ["R1234567D", "F12121216", "F12345674", "G50505056"]),
    ("fi_hetu", "hetu", ["010170-803D", "050585-5852", "010170A133T", "311299A717B"]),
    ("se_personnummer", "personnummer", ["010203-9872", "991231-5059", "991231-1355", "010203-1234"]),
    ("se_orgnr", "orgnr", ["8199876544", "4982468011", "4131357909", "5161357909"]),
    ("br_cpf", "cpf", ["98765432100", "24680135735", "50505050544", "12345678909"]),
    ("br_cnpj", "cnpj", ["24680135000103", "98765432000198", "12345678000195", "50505050000107"]),
    ("mx_curp", "curp", ["BEBC700101HDFBCDA1", "GEBC850505HDFFGHA4", "BEGM991231MDFBCDA3", "BEGM850505MDFHBC09"]),
    ("mx_rfc", "rfc", ["FGX010203DE0", "FGX991231ABA", "BCDF010203AB7", "FGBC991231DE5"]),
    ("za_id", "rsa id", ["0102035050099", "9912312468298", "8505051212090", "7001011212298"]),
    ("au_abn", "abn", ["31357902450", "21212121240", "61357902412", "85050505003"]),
    ("au_tfn", "tfn", ["324680136", "113579029", "124680134", "912345671"]),
    ("au_acn", "acn", ["246801356", "135790242", "505050500", "123456780"]),
    ("au_medicare", "medicare", ["3987654351", "4121212181", "4135790251", "4987654361"]),
    ("ng_nin", "nin", ["91357902467", "41234567897", "22468013576", "52468013573"]),
    ("kr_rrn", "rrn", ["591005-2701215", "990812-1695056", "810707-1395052", "531113-2909877"]),
    ("kr_frn", "frn", ["630427-6251354", "790508-6042463", "610614-5721357", "990308-5195050"]),
    ("kr_brn", "brn", ["5262112342", "9539313574", "2488212346", "5536513575"]),
    ("us_npi", "npi", ["1135790248", "1121212124", "1246801355", "1505050504"]),
    ("us_aba", "routing", ["069876547", "041357903", "095050502", "011234564"]),
    ("us_dea", "dea", ["AF1357905", "BF1357905", "FF2468014", "BA5050505"]),
    ("ca_sin", "social insurance", ["724680137", "612121210", "113579023", "150505055"]),
    ("uk_nhs", "nhs", ["4121212126", "7987654329", "9121212120", "6246801358"]),
    ("de_vsnr", "rvnr", ["24050585F509", "12311299F985", "13010170D501", "24010170F129"]),
    ("de_idnr", "idnr", ["28556971439", "36380219742", "43142586795", "52782364199"]),
    ("de_vat", "ust-idnr", ["DE824680137", "DE698765439", "DE124680130", "DE112345670"]),
    ("de_kvnr", "kvnr", ["D135790244", "A121212122", "F121212123", "D505050508"]),
    ("de_passport", "reisepass", ["H98C505008", "G50H9876X1", "G12C987603", "G50H121204"]),
    ("de_id_card", "personalausweis", ["M12C1234T0", "L12C5050T5", "P24H505004", "L12C9876X1"]),
    ("de_lanr", "lanr", ["246801150", "505050076", "246801129", "121212408"]),
    ("th_tnin", "thai", ["8459876543212", "5101234567890", "4109876543212", "8455050505056"]),
    ("in_aadhaar", "aadhaar", ["450505050505", "213579024687", "524680135794", "998765432105"]),
    ("in_gstin", "gstin", ["23ABCHD1212D1ZB", "06DEFTF1212F1Z0", "26DEFCF9876A1Z5", "01ABCHF5050A1Z9"]),
    ("sg_nric", "nric", ["G1212121R", "F5050505R", "S1234567D", "G1234567X"]),
    ("sg_uen", "uen", ["200298765M", "202224680G", "S13LL2468J", "98765432B"]),
    ("ph_tin", "bir", ["123456782", "135790244", "987654329", "246801359"]),
    ("tw_id", "taiwan", ["F812345676", "F912121212", "F224680133", "D812121218"]),
    ("hk_id", "hkid", ["D135790(6)", "A123456(3)", "DE121212(7)", "AB121212(3)"]),
];

/// Rules whose check digit is not the last: how many letters or digits come after it.
const INNER: &[(&str, usize)] = &[("de_lanr", 2), ("au_medicare", 1)];

/// What the default scanner finds: entities and texts.
fn found(text: &str) -> Vec<(&'static str, &str)> {
    let scanner = Scanner::default();
    let entity = |id: &str| {
        let row = ROWS.iter().find(|row| row.rule.id == id);
        row.map_or("core", |row| row.rule.entity)
    };
    let finds = scanner.scan(text);
    finds
        .iter()
        .map(|find| {
            (
                entity(scanner.rule(find.rule).id),
                text.get(find.start..find.end).unwrap(),
            )
        })
        .collect()
}

/// Whether one rule alone finds anything.
fn finds(id: &str, text: &str) -> bool {
    !Scanner::new(|rule| rule.id == id).scan(text).is_empty()
}

fn entity(id: &str) -> &'static str {
    ROWS.iter().find(|row| row.rule.id == id).unwrap().rule.entity
}

/// The number with its check digit or letter replaced by each other one of its kind.
fn wrong(id: &str, number: &str) -> Vec<String> {
    let after = INNER
        .iter()
        .find(|(inner, _)| *inner == id)
        .map_or(0, |(_, after)| *after);
    let places = number
        .char_indices()
        .rev()
        .filter(|(_, c)| c.is_ascii_alphanumeric());
    let (at, check) = places.clone().nth(after).unwrap();
    let kind = if check.is_ascii_digit() {
        '0'..='9'
    } else {
        'A'..='Z'
    };
    kind.filter(|other| *other != check)
        .map(|other| {
            number
                .char_indices()
                .map(|(place, c)| if place == at { other } else { c })
                .collect()
        })
        .collect()
}

#[test]
fn every_checked_rule_has_its_cases() {
    let checked = ROWS.iter().filter(|row| row.rule.strength == Strength::Checked);
    let ids: Vec<&str> = checked.map(|row| row.rule.id).collect();
    assert!(
        ids.iter().all(|id| CASES.iter().any(|case| case.0 == *id)),
        "{ids:?}"
    );
    assert_eq!(ids.len(), CASES.len());
}

#[test]
fn a_number_is_found_where_a_word_says_what_it_is() {
    for (id, word, numbers) in CASES {
        for number in numbers {
            for text in [
                format!("My {word} is {number}."),
                format!("{number} ({word})"),
                format!("{{\"{word}\": \"{number}\"}}"),
                format!("我的{word}：{number}，谢谢"),
                format!("{word}は{number}です"),
                format!("{word}\n{}\n", number.to_lowercase()),
            ] {
                let wanted = (entity(id), text.to_uppercase().contains(number));
                let all = found(&text);
                let hit = all
                    .iter()
                    .any(|(entity, value)| (*entity, value.eq_ignore_ascii_case(number)) == wanted);
                assert!(hit, "{id}: {text}: {all:?}");
            }
        }
    }
}

#[test]
fn full_width_numbers_are_found() {
    let wide = |c: char| match c {
        '!'..='~' => char::from_u32(c as u32 - 0x21 + 0xff01).unwrap(),
        _ => c,
    };
    for (id, word, numbers) in CASES {
        let number: String = numbers[0].chars().map(wide).collect();
        let text = format!("{word}：{number}。");
        assert_eq!(found(&text), [(entity(id), number.as_str())], "{id}: {text}");
    }
}

#[test]
fn no_other_check_digit_passes() {
    for (id, word, numbers) in CASES {
        let mut refused = 0;
        for wrong in numbers.iter().flat_map(|number| wrong(id, number)) {
            assert!(!finds(id, &format!("My {word} is {wrong}.")), "{id}: {wrong}");
            assert!(!finds(id, &wrong), "{id}: {wrong}");
            refused += 1;
        }
        assert!(refused >= 30, "{id}: {refused}");
    }
}

#[test]
fn a_part_of_a_longer_token_is_nothing() {
    for (id, word, numbers) in CASES {
        for number in numbers {
            for text in [
                format!("{word} 0.{number}"),
                format!("{word} 7{number}"),
                format!("{word} {number}7"),
                format!("{word} X{number}"),
                format!("{word} {number}-7a"),
                format!("{word} 12-{number}"),
            ] {
                assert!(!finds(id, &text) || number.ends_with(')'), "{id}: {text}");
            }
        }
    }
}
