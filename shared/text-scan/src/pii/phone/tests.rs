//! Phone numbers, found and not.

use crate::test::{finds, has};

#[test]
fn international_numbers_are_found_in_any_groups() {
    for phone in [
        "+14155550132",
        "+1 415 555 0132",
        "+1 (415) 555-0132",
        "+44 20 7946 0958",
        "+44 (0)20 7946 0958",
        "+49 30 901820",
        "+33 1 99 00 12 34",
        "+34 600 100 200",
        "+81 90-1234-5678",
        "+86 138 0013 8000",
        "+82-10-1234-5678",
        "+886 2 2345 6789",
        "+852 2345 6789",
        "+91 98765 43210",
        "+55 11 91234-5678",
        "+52 55 1234 5678",
        "+61 412 345 678",
        "+39 06 1234 5678",
        "+351 912 345 678",
        "+7 495 123-45-67",
        "0034 600 100 200",
        "＋８１ ９０ １２３４ ５６７８",
    ] {
        for around in ["at {} now", "电话{}吧", "{}", "({})", "tel:{}", "{}."] {
            let text = around.replace("{}", phone);
            assert_eq!(finds("PHONE_NUMBER", &text), [phone], "{text}");
        }
    }
}

#[test]
fn national_numbers_are_found_as_their_country_writes_them() {
    for phone in [
        "415-555-0132",
        "(415) 555-0132",
        "415.555.0132",
        "(415)555-0132",
        "1-415-555-0132",
        "03-1234-5678",
        "090-1234-5678",
        "0463-12-3456",
        "(03) 1234-5678",
        "138-0013-8000",
        "010-12345678",
        "0755-1234567",
        "02-345-6789",
        "0912-345-678",
        "07700 900123",
        "020 7946 0958",
        "01.99.00.12.34",
        "(11) 91234-5678",
        "0412 345 678",
        "0532 123 45 67",
        "030/1234567",
        "089 / 1234567",
    ] {
        assert_eq!(
            finds("PHONE_NUMBER", &format!("so 写{phone}，ok")),
            [phone],
            "{phone}"
        );
    }
}

#[test]
fn an_extension_belongs_to_the_number() {
    for phone in [
        "415-555-0132x89",
        "(415)555-0132 ext. 89",
        "+1-415-555-0132 x12345",
        "415.555.0132 extension 7",
    ] {
        assert_eq!(
            finds("PHONE_NUMBER", &format!("is {phone} here")),
            [phone],
            "{phone}"
        );
    }
}

#[test]
fn other_numbers_need_a_word() {
    for (text, phone) in [
        ("call 785 8949 today", "785 8949"),
        ("my number is 785 8949", "785 8949"),
        ("電話０３ー１２３４ー５６７８", "０３ー１２３４ー５６７８"),
        ("teléfono: 612 345 678", "612 345 678"),
        ("电话是13800138000", "13800138000"),
        ("12 34 56 78 office", "12 34 56 78"),
        ("{\"mobilePhone\": 4155550132}", "4155550132"),
        ("9123 4567-Fax", "9123 4567"),
        ("電話は0312345678です", "0312345678"),
        ("llama al 912345678", "912345678"),
        ("有问题打138 0013 8000。", "138 0013 8000"),
    ] {
        assert_eq!(finds("PHONE_NUMBER", text), [phone], "{text}");
    }
    for phone in [
        "785 8949",
        "612 345 678",
        "13800138000",
        "12 34 56 78",
        "4155550132",
        "912345678",
    ] {
        assert!(!has("PHONE_NUMBER", &format!("the value {phone} is")), "{phone}");
    }
}

#[test]
fn what_a_word_does_not_make_a_phone_number() {
    for text in [
        "call me on 2024-01-15",
        "call it 3.14159265",
        "phone 2.0.1.12",
        "call from 1999-2024",
        "phones sold: 1000000",
        "called 12 times",
        "a mobile for 25 8000 people",
        "text me 1 2 3 4 5 6 7",
        "call 61 63 63 65 73 73 20 67",
        "the text: 92933959299",
        "version 415.555.01",
        "call 12345",
        "+1234",
        "+999999999999999999",
        "1415-555-0132-7",
        "+1 415 555 013",
        "a+14155550132",
        "2+14155550132",
    ] {
        assert!(!has("PHONE_NUMBER", text), "{text}");
    }
}

#[test]
fn several_in_a_row_are_found_each() {
    let text = "call 785 8949 or 785 8950";
    assert_eq!(finds("PHONE_NUMBER", text), ["785 8949", "785 8950"]);
}

#[test]
fn a_number_of_another_length_than_its_country_has_is_not_found() {
    for (code, lengths) in [
        ("1", 10..=10),
        ("33", 9..=9),
        ("34", 9..=9),
        ("44", 9..=10),
        ("81", 9..=10),
        ("86", 10..=11),
        ("91", 10..=10),
    ] {
        for len in (4..=18).filter(|len| !lengths.contains(len)) {
            let text = format!(
                "+{code}{}",
                "6123456789".chars().cycle().take(len).collect::<String>()
            );
            assert!(!has("PHONE_NUMBER", &text), "{text}");
        }
    }
}

#[test]
fn a_word_that_says_what_it_is_makes_it_no_phone_number() {
    for text in [
        "call about order 4155550132",
        "contact us, invoice 78589490",
        "打电话查订单13800138000",
        "text me ticket 612345678",
    ] {
        assert!(!has("PHONE_NUMBER", text), "{text}");
    }
}

#[test]
fn a_number_with_its_country_ends_before_another_number() {
    for (text, phone) in [
        ("call +1 212 555 0123 24 hours a day", "+1 212 555 0123"),
        ("+34 639 508 758 3453.56", "+34 639 508 758"),
        ("from +44 20 7946 0018 12:30 on", "+44 20 7946 0018"),
    ] {
        assert_eq!(finds("PHONE_NUMBER", text), [phone], "{text}");
    }
}
