//! The core rules of personal data and their numbers.

use crate::find::{Find, Rule, RuleId, Strength};

/// A core rule. Its number is its place in [`RULES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Core {
    Email,
    PhoneE164,
    PhoneNational,
    PhoneContext,
    Card,
    Iban,
    Ipv4,
    Ipv6,
    Mac,
    CryptoBase58,
    CryptoBech32,
    CryptoEthereum,
    UsSsn,
    UsSsnContext,
    EsNif,
    EsNie,
    JpMyNumber,
    CnResidentId,
    BirthDate,
    Person,
    Address,
}

impl Core {
    /// What the rule found.
    pub(crate) fn at(self, start: usize, end: usize) -> Find {
        Find {
            start,
            end,
            rule: self.id(),
        }
    }

    /// The rule's number.
    pub(crate) const fn id(self) -> RuleId {
        RuleId(self as u16)
    }
}

/// The core rules, by number.
pub(crate) const RULES: &[Rule<'static>] = &[
    rule("EMAIL_ADDRESS", "email", Strength::Checked),
    rule("PHONE_NUMBER", "phone_e164", Strength::Checked),
    rule("PHONE_NUMBER", "phone_national", Strength::Form),
    rule("PHONE_NUMBER", "phone_context", Strength::Context),
    rule("CREDIT_CARD", "card_luhn", Strength::Checked),
    rule("IBAN_CODE", "iban", Strength::Checked),
    rule("IP_ADDRESS", "ipv4", Strength::Form),
    rule("IP_ADDRESS", "ipv6", Strength::Checked),
    rule("MAC_ADDRESS", "mac", Strength::Checked),
    rule("CRYPTO", "crypto_base58", Strength::Checked),
    rule("CRYPTO", "crypto_bech32", Strength::Checked),
    rule("CRYPTO", "crypto_ethereum", Strength::Form),
    rule("US_SSN", "us_ssn", Strength::Form),
    rule("US_SSN", "us_ssn_context", Strength::Context),
    rule("ES_NIF", "es_nif", Strength::Checked),
    rule("ES_NIE", "es_nie", Strength::Checked),
    rule("JP_MY_NUMBER", "jp_my_number", Strength::Checked),
    rule("CN_RESIDENT_ID", "cn_resident_id", Strength::Checked),
    rule("DATE_OF_BIRTH", "birth_date", Strength::Context),
    on_demand("PERSON", "person_cue"),
    on_demand("ADDRESS", "address_cue"),
];

const fn rule(entity: &'static str, id: &'static str, strength: Strength) -> Rule<'static> {
    Rule {
        entity,
        id,
        strength,
        default: true,
    }
}

/// A rule that the configuration has to ask for.
const fn on_demand(entity: &'static str, id: &'static str) -> Rule<'static> {
    Rule {
        default: false,
        ..rule(entity, id, Strength::Context)
    }
}

#[cfg(test)]
mod tests {
    use super::{Core, RULES};

    #[test]
    fn a_rule_stands_at_its_number() {
        let id = |core: Core| RULES[usize::from(core.id().0)].id;
        assert_eq!(id(Core::Email), "email");
        assert_eq!(id(Core::Card), "card_luhn");
        assert_eq!(id(Core::UsSsnContext), "us_ssn_context");
        assert_eq!(id(Core::BirthDate), "birth_date");
        assert_eq!(id(Core::Address), "address_cue");
        assert_eq!(RULES.len(), Core::Address as usize + 1);
    }
}
