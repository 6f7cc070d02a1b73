//! How numbers are written, what has to stand near them, and what has no check digit at all.

use super::ROWS;
use crate::Scanner;
use proptest::prelude::*;

/// The entities that the default rules of this module find.
fn found(text: &str) -> Vec<&'static str> {
    with(&Scanner::default(), text)
}

/// The same with the rules that are off by default.
fn found_by_all(text: &str) -> Vec<&'static str> {
    with(&Scanner::new(|_| true), text)
}

fn with(scanner: &Scanner, text: &str) -> Vec<&'static str> {
    let finds = scanner.scan(text);
    let ids = finds.iter().map(|find| scanner.rule(find.rule).id);
    ids.filter_map(|id| ROWS.iter().find(|row| row.rule.id == id))
        .map(|row| row.rule.entity)
        .collect()
}

#[test]
fn distinctive_forms_need_no_word() {
    for (entity, number) in [
        ("BR_CPF", "123.456.789-09"),
        ("BR_CNPJ", "12.345.678/0001-95"),
        ("BR_CNPJ", "12.ABC.345/01DE-35"),
        ("DE_SOCIAL_SECURITY", "13 010170 D 501"),
        ("DE_VAT_ID", "DE 112 345 670"),
        ("FI_PERSONAL_IDENTITY_CODE", "010170-803D"),
        ("FI_PERSONAL_IDENTITY_CODE", "010170a133t"),
        ("FR_NIR", "2 94 05 62 121 212 43"),
        ("FR_SIRET", "123 456 782 00010"),
        ("HK_ID", "A123456(3)"),
        ("IN_GSTIN", "01ABCHF5050A1Z9"),
        ("IN_PAN", "ABCPE1234F"),
        ("IT_FISCAL_CODE", "FGLMNP10R28A135L"),
        ("IT_VAT_CODE", "IT24680130416"),
        ("KR_BRN", "526-21-12342"),
        ("KR_DRIVER_LICENSE", "11-22-123456-12"),
        ("KR_RRN", "591005-2701215"),
        ("MX_CURP", "BEBC700101HDFBCDA1"),
        ("MX_RFC", "FGBC991231DE5"),
        ("PH_TIN", "123-456-782-000"),
        ("SE_PERSONNUMMER", "010203-9872"),
        ("SG_NRIC_FIN", "S1234567D"),
        ("SG_UEN", "200298765M"),
        ("TH_TNIN", "8-4598-76543-21-2"),
        ("TW_NATIONAL_ID", "F912121212"),
        ("UK_DRIVING_LICENCE", "SMITH701015AB1CD"),
        ("UK_NINO", "AB 12 34 56 C"),
        ("US_MBI", "1EG4-TE5-MK73"),
        ("ZA_ID_NUMBER", "8505051212090"),
    ] {
        assert_eq!(found(&format!("see {number} there")), [entity], "{number}");
        assert_eq!(found(&format!("请看{number}。")), [entity], "{number}");
    }
}

#[test]
fn a_plain_number_needs_a_word_or_a_text_of_its_own() {
    for (entity, number, word) in [
        ("ABA_ROUTING_NUMBER", "011234564", "routing"),
        ("AU_TFN", "912 345 671", "tax file number"),
        ("BR_CPF", "12345678909", "CPF"),
        ("CA_SIN", "612 121 210", "social insurance"),
        ("DE_TAX_ID", "43142586795", "Steuer-IdNr."),
        ("IN_AADHAAR", "2135 7902 4687", "Aadhaar"),
        ("PL_PESEL", "70010150501", "PESEL"),
        ("TR_NATIONAL_ID", "11234567818", "kimlik"),
        ("UK_NHS", "412 121 2126", "NHS"),
        ("US_NPI", "1246801355", "NPI"),
    ] {
        assert_eq!(found(&format!("order {number} shipped")), [""; 0], "{number}");
        assert_eq!(
            found(&format!("the {word} {number} is filed")),
            [entity],
            "{number}"
        );
        assert!(found(&format!(" {number}\n")).contains(&entity), "{number}");
    }
}

#[test]
fn a_time_since_1970_is_no_number_of_a_person() {
    for time in (1_700_000_000..1_700_000_100_u64).flat_map(|time| [time, time * 1000]) {
        assert_eq!(found(&time.to_string()), [""; 0], "{time}");
    }
}

#[test]
fn the_word_decides_between_numbers_that_look_alike() {
    for (entity, text) in [
        ("US_PASSPORT", "passport 912803456"),
        ("DE_LANR", "Arztnummer 246801150"),
        ("AU_TFN", "TFN 123456782"),
        ("CA_SIN", "NAS 123456782"),
        ("US_DRIVER_LICENSE", "driver's license F912121212"),
        ("UK_PASSPORT", "his UK passport, AB1234567"),
        ("IT_PASSPORT", "passaporto AB1234567"),
        ("CN_PASSPORT", "护照号码：E12345678"),
        ("JP_PASSPORT", "パスポート番号はTK1234567です"),
        ("IT_IDENTITY_CARD", "carta d'identità AB1234567"),
    ] {
        assert_eq!(found(text), [entity], "{text}");
    }
}

#[test]
fn grammar_without_a_check_digit_refuses_what_is_never_given() {
    for text in [
        "NINO FQ 12 34 56 C",
        "NINO AB 12 34 56 H",
        "NINO GB 12 34 56 A",
        "MBI 1SG4-TE5-MK73",
        "MBI 0EG4-TE5-MK73",
        "ITIN 911-89-1234",
        "ITIN 911-49-1234",
        "driving licence SMITH713015AB1CD",
        "driving licence SMI9H701015AB1CD",
        "PAN ABCDE1234F",
        "운전면허 99-22-123456-12",
        "RRN 700230-1234567",
        "RRN 591005-9701215",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn korean_numbers_of_today_have_no_check_digit() {
    assert_eq!(found("주민등록번호 591005-2701216"), ["KR_RRN"]);
    assert_eq!(found("call 591005-2701216 now"), [""; 0]);
    assert_eq!(found("외국인등록번호 590105-5701216"), ["KR_FRN"]);
}

#[test]
fn a_gstin_with_a_wrong_last_character_still_holds_a_pan() {
    assert_eq!(found("GSTIN 01ABCHF5050A1Z8"), ["IN_GSTIN"]);
    assert_eq!(found("part 01ABCHF5050A1Z8 is out"), [""; 0]);
}

#[test]
fn plates_and_postcodes_are_found_only_on_demand() {
    for (entity, text) in [
        ("UK_POSTCODE", "postcode EC1A 1BB"),
        ("UK_VEHICLE_REGISTRATION", "vehicle AB51 ABC"),
        ("TR_LICENSE_PLATE", "plaka 34 ABC 123"),
        ("IN_VEHICLE_REGISTRATION", "registration KA53ME3456"),
        ("NG_VEHICLE_REGISTRATION", "plate ABJ-123XY"),
        ("US_BANK_NUMBER", "account 945456787654"),
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
        assert_eq!(found_by_all(text), [entity], "{text}");
    }
    for text in ["postcode QA1 1AA", "vehicle AB35 ABC", "plaka 82 ABC 123"] {
        assert_eq!(found_by_all(text), [""; 0], "{text}");
    }
}

#[test]
fn dense_numbers_give_no_more_finds_than_groups() {
    for unit in ["123456782 ", "12-", "A1B2C3D4E ", "passport 123456782 "] {
        let text = unit.repeat(20_000 / unit.len());
        assert!(found(&text).len() <= text.len() / unit.len(), "{unit}");
    }
}

proptest! {
    #[test]
    fn any_text_has_whole_finds(text in "([0-9]{1,12}|[A-Za-z]{1,4}|[-. /+:()]|cpf |nhs |护照|ｓ１|é){0,30}") {
        let scanner = Scanner::new(|_| true);
        for find in scanner.scan(&text) {
            let value = text.get(find.start..find.end);
            prop_assert!(value.is_some_and(|value| !value.is_empty()), "{text:?}: {find:?}");
        }
    }
}
