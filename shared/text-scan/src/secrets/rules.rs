//! The rules by number: the formats, the formats that need a name beside them, those with an anchor in their middle, then what
//! has code of its own.

use super::formats::{FORMAT_COUNT, INFIX, KEYED, nth};
use crate::find::{Rule, RuleId, Strength};

/// A rule with code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    PrivateKey,
    Jwt,
    SharedAccessSignature,
    UrlPassword,
    CurlUser,
    Authorization,
    Password,
    SpokenPassword,
    Secret,
    Token,
}

#[rustfmt::skip]
const OWN: [Rule<'static>; 10] = [
    own("SECRET:PRIVATE_KEY", "private_key", Strength::Checked),
    own("SECRET:JWT", "jwt", Strength::Checked),
    own("SECRET:AZURE_SAS", "azure_sas", Strength::Form),
    own("SECRET:URL_PASSWORD", "url_password", Strength::Form),
    own("SECRET:CURL_PASSWORD", "curl_user", Strength::Context),
    own("SECRET:AUTHORIZATION", "authorization_header", Strength::Context),
    own("SECRET:PASSWORD", "password_assignment", Strength::Context),
    own("SECRET:PASSWORD", "password_spoken", Strength::Context),
    own("SECRET:API_KEY", "secret_assignment", Strength::Context),
    own("SECRET:TOKEN", "token_assignment", Strength::Context),
];

const fn own(entity: &'static str, id: &'static str, strength: Strength) -> Rule<'static> {
    Rule {
        entity,
        id,
        strength,
        default: true,
    }
}

/// How many rules there are.
const COUNT: usize = FORMAT_COUNT + KEYED.len() + INFIX.len() + OWN.len();

/// The rules, by number.
pub(crate) const RULES: &[Rule<'static>] = &ALL;

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const ALL: [Rule<'static>; COUNT] = {
    let mut all = [OWN[0]; COUNT];
    let mut at = 0;
    while at < FORMAT_COUNT {
        all[at] = own(nth(at).entity, nth(at).id, Strength::Form);
        at += 1;
    }
    let mut row = 0;
    while row < KEYED.len() {
        all[at] = own(KEYED[row].entity, KEYED[row].id, Strength::Context);
        (at, row) = (at + 1, row + 1);
    }
    let mut row = 0;
    while row < INFIX.len() {
        all[at] = own(INFIX[row].entity, INFIX[row].id, Strength::Form);
        (at, row) = (at + 1, row + 1);
    }
    let mut row = 0;
    while row < OWN.len() {
        all[at] = OWN[row];
        (at, row) = (at + 1, row + 1);
    }
    all
};

/// The number of a format's rule.
pub(super) const fn format_rule(format: usize) -> RuleId {
    RuleId(format as u16)
}

/// The number of a keyed format's rule.
pub(super) const fn keyed_rule(row: usize) -> RuleId {
    RuleId((FORMAT_COUNT + row) as u16)
}

/// The number of the rule of a format with its anchor in the middle.
pub(super) const fn infix_rule(row: usize) -> RuleId {
    RuleId((FORMAT_COUNT + KEYED.len() + row) as u16)
}

/// The number of a rule with code of its own.
pub(super) const fn own_rule(own: Own) -> RuleId {
    RuleId((FORMAT_COUNT + KEYED.len() + INFIX.len()) as u16 + own as u16)
}

#[cfg(test)]
mod tests {
    use super::{Own, RULES, own_rule};
    use std::collections::HashSet;

    #[test]
    fn every_rule_has_an_id_of_its_own() {
        let ids: HashSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        assert!(RULES.iter().all(|rule| rule.entity.starts_with("SECRET:")));
    }

    #[test]
    fn own_rules_have_their_numbers() {
        let id = |own| RULES[usize::from(own_rule(own).0)].id;
        assert_eq!(id(Own::PrivateKey), "private_key");
        assert_eq!(id(Own::UrlPassword), "url_password");
        assert_eq!(id(Own::Token), "token_assignment");
    }
}
