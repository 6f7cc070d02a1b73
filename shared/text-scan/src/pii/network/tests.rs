//! Addresses of machines, found and not.

use crate::test::{finds, has};

#[test]
fn ipv4_is_found_between_any_letters() {
    for text in [
        "8.8.8.8",
        "host 8.8.8.8:443",
        "服务器8.8.8.8的",
        "サーバー8.8.8.8（",
        "net 8.8.8.8/24",
        "At 8.8.8.8. Then",
        "{\"ip\":\"8.8.8.8\"}",
        "http://8.8.8.8/x",
        "src=8.8.8.8 ",
        "８．８．８．８",
    ] {
        assert_eq!(finds("IP_ADDRESS", text).len(), 1, "{text}");
    }
}

#[test]
fn every_ipv4_of_a_list_is_found() {
    let short = ["192.168.4.5", "8.8.4.4", "1.1.1.1", "9.9.9.9", "10.20.30.40"];
    for joint in ["\n", " ", ", ", "\t", ";"] {
        let list: Vec<&str> = short.iter().copied().cycle().take(60).collect();
        assert_eq!(finds("IP_ADDRESS", &list.join(joint)), list, "{joint:?}");
    }
}

#[test]
fn versions_and_other_numbers_are_no_ipv4() {
    for text in [
        "256.1.1.1",
        "1.2.3",
        "1.2.3.4.5",
        "v1.2.3.4",
        "version 1.2.3.4",
        "バージョン1.2.3.4",
        "版本1.2.3.4",
        "1.2.3.04",
        "10.20.30.1000",
        "versión=7.10.51.44",
    ] {
        assert_eq!(finds("IP_ADDRESS", text).len(), 0, "{text}");
    }
}

#[test]
fn ipv6_is_found_in_its_full_grammar() {
    for address in [
        "2001:db8:0:0:8:800:200c:417a",
        "2001:DB8::8:800:200C:417A",
        "::1",
        "fe80::1",
        "::ffff:192.0.2.128",
        "64:ff9b::192.0.2.33",
        "2001:db8::",
        "1:2:3:4:5:6:7::",
    ] {
        for around in [
            "at {} now",
            "[{}]:80",
            "地址{}不通",
            "{}",
            "ip={},",
            "{}/64",
            "{}%eth0",
            "to {}.",
        ] {
            let text = around.replace("{}", address);
            let found = finds("IP_ADDRESS", &text);
            assert!(found.len() == 1 && found[0].starts_with(address), "{text}");
        }
    }
}

#[test]
fn what_is_no_ipv6_is_not_found() {
    for text in [
        "std::fmt",
        "a::b",
        "12:34:56",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "12345::1",
        "x::1",
        "1:::2",
        "::",
        "at 10:20",
        "10:20:30:40",
        "g::1",
        "rows[::2]",
        "rows[0::2]",
        "f()[1::]",
    ] {
        assert!(!has("IP_ADDRESS", text), "{text}");
    }
}

#[test]
fn an_octet_above_255_or_with_a_leading_zero_is_none() {
    for wrong in (256..=300)
        .map(|octet| octet.to_string())
        .chain(["00", "01", "007", "1000"].map(String::from))
    {
        for address in ["{}.10.20.30", "10.{}.20.30", "10.20.{}.30", "10.20.30.{}"] {
            let text = address.replace("{}", &wrong);
            assert!(!has("IP_ADDRESS", &text), "{text}");
        }
    }
}

#[test]
fn a_letter_beyond_f_is_in_no_address() {
    for address in [
        "00:1a:2b:3c:4d:5e",
        "00-1a-2b-3c-4d-5e",
        "2001:db8:0:0:8:800:200c:417a",
    ] {
        for place in (0..address.len()).filter(|place| address.as_bytes()[*place].is_ascii_alphanumeric()) {
            let mut wrong = address.to_string();
            wrong.replace_range(place..=place, "g");
            assert!(
                !has("MAC_ADDRESS", &wrong) && !has("IP_ADDRESS", &wrong),
                "{wrong}"
            );
        }
    }
}

#[test]
fn mac_is_found_in_its_three_spellings() {
    for mac in [
        "00:1a:2B:3c:4D:5e",
        "00-1A-2B-3C-4D-5E",
        "001a.2b3c.4d5e",
        "FE-AB-CD-EF-AB-0D",
        "00:11:22:33:44:55:66:77",
        "aa:bb:cc:dd:ee:ff",
    ] {
        for around in ["mac {} up", "（MAC {}）", "地址是{}，", "{}", "mac:{}", "{}."] {
            let text = around.replace("{}", mac);
            assert_eq!(finds("MAC_ADDRESS", &text), [mac], "{text}");
        }
    }
}

#[test]
fn what_is_no_mac_is_not_found() {
    for text in [
        "00:1a:2b:3c:4d",
        "00:1a:2b:3c:4d:5g",
        "00-1a-2b-3c-4d-5e-6f",
        "00:1a-2b:3c-4d:5e",
        "1234.5678.9012",
        "00:1a:2b:3c:4d:5e:6f",
    ] {
        assert!(!has("MAC_ADDRESS", text), "{text}");
    }
}
