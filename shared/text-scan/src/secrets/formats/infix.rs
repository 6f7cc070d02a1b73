//! Credentials whose anchor stands in their middle: what is before it has no form.

use super::Infix;

/// Client secrets of Entra ID: the anchor is the `~` of `8Q~`.
pub(in super::super) const TILDE: usize = 0;
/// Facebook's access tokens of an app: the anchor is the `|` between its number and its secret.
pub(in super::super) const BAR: usize = 1;

#[rustfmt::skip]
pub(in super::super) const INFIX: &[Infix] = &[
    i("SECRET:AZURE_AD_SECRET", "azure_ad_secret", "Q~", (b'q', b'q'), "{q3}{d1}Q~{q31-34}"),
    i("SECRET:FACEBOOK_TOKEN", "facebook_app_token", "|", (b'd', b'd'), "{d15-16}|{w27-40}"),
    i("SECRET:TELEGRAM_TOKEN", "telegram_bot_token", "AA", (b'd', b':'), "{d8-10}:AA{w32-33}"),
    i("SECRET:MAILCHIMP_KEY", "mailchimp_key", "us", (b'h', b'-'), "{h32}-us{d1-2}"),
    i("SECRET:TERRAFORM_TOKEN", "terraform_token", "atlasv1.", (b'a', b'.'), "{a14}.atlasv1.{e60-70}"),
    i("SECRET:MAXMIND_KEY", "maxmind_key", "mmk", (b'w', b'_'), "{a6}_{a29}_mmk"),
    i("SECRET:TEAMS_WEBHOOK", "teams_webhook", "webhook.office.com/", (b'a', b'.'), "{a1-40}.webhook.office.com/webhookb2/{w36}@{w36}/IncomingWebhook/{a32}/{w36}"),
];

const fn i(
    entity: &'static str,
    id: &'static str,
    anchor: &'static str,
    before: (u8, u8),
    shape: &'static str,
) -> Infix {
    Infix {
        entity,
        id,
        anchor,
        before,
        shape,
    }
}
