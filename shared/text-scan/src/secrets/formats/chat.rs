//! Chat, mail, telephony and social networks.

use super::{Format, format as f};

#[rustfmt::skip]
pub(super) const FORMATS: &[Format] = &[
    f("SECRET:SLACK_TOKEN", "slack_bot_token", &["xoxb-{d10-13}-{d10-13}-{a18-34}", "xoxb-{d8-14}-{a18-26}"]),
    f("SECRET:SLACK_TOKEN", "slack_user_token", &["xoxp-{d10-13}-{d9-13}-{d10-13}-{w28-34}", "xoxe-{d10-13}-{d10-13}-{d10-13}-{w28-34}", "xoxc-{d10-13}-{d10-13}-{d10-13}-{h64}", "xoxd-{p80-400}"]),
    f("SECRET:SLACK_TOKEN", "slack_legacy_token", &["xoxs-{d6-16}-{d6-16}-{d6-16}-{H6-80}", "xoxo-{d6-16}-{d6-16}-{d6-16}-{H6-80}"]),
    f("SECRET:SLACK_TOKEN", "slack_workspace_token", &["xoxa-{d1}-{d6-13}-{d6-13}-{d6-13}-{H6-80}", "xoxa-{d1}-{a8-48}", "xoxr-{d1}-{a8-48}", "xoxa-{a8-48}", "xoxr-{a8-48}"]),
    f("SECRET:SLACK_TOKEN", "slack_app_token", &["xapp-{d1}-{u8-14}-{d8-14}-{l20-80}"]),
    f("SECRET:SLACK_TOKEN", "slack_config_token", &["xoxe.xoxp-{d1}-{a140-190}", "xoxe.xoxb-{d1}-{a140-190}", "xoxe-{d1}-{a120-190}"]),
    f("SECRET:SLACK_WEBHOOK", "slack_webhook", &["hooks.slack.com/services/{b40-80}", "hooks.slack.com/workflows/{b40-80}", "hooks.slack.com/triggers/{b40-80}"]),
    f("SECRET:DISCORD_TOKEN", "discord_bot_token", &["MT{w21-24}.{w6}.{w27}", "MT{w21-24}.{w6}.{w38}", "Mj{w21-24}.{w6}.{w27}", "Mj{w21-24}.{w6}.{w38}", "Mz{w21-24}.{w6}.{w27}", "Mz{w21-24}.{w6}.{w38}",
        "MZ{w22}.{w6}.{w27}", "MD{w21-24}.{w6}.{w27}", "ND{w21-24}.{w6}.{w27}", "ND{w21-24}.{w6}.{w38}", "NT{w21-24}.{w6}.{w27}", "NT{w21-24}.{w6}.{w38}", "Nj{w21-24}.{w6}.{w27}", "Nj{w21-24}.{w6}.{w38}",
        "Nz{w21-24}.{w6}.{w27}", "Nz{w21-24}.{w6}.{w38}", "OD{w21-24}.{w6}.{w27}", "OD{w21-24}.{w6}.{w38}", "OT{w21-24}.{w6}.{w27}", "OT{w21-24}.{w6}.{w38}"]),
    f("SECRET:DISCORD_WEBHOOK", "discord_webhook", &["discord.com/api/webhooks/{d17-20}/{w60-80}", "discordapp.com/api/webhooks/{d17-20}/{w60-80}"]),
    f("SECRET:ZAPIER_WEBHOOK", "zapier_webhook", &["hooks.zapier.com/hooks/catch/{d5-9}/{a6-9}"]),
    f("SECRET:SENDGRID_KEY", "sendgrid_key", &["SG.{w20-24}.{w39-50}", "SG.{v66}"]),
    f("SECRET:MAILGUN_KEY", "mailgun_key", &["key-{h32}", "pubkey-{h32}"]),
    f("SECRET:MAILERSEND_TOKEN", "mailersend_token", &["mlsn.{h64}"]),
    f("SECRET:BREVO_KEY", "brevo_key", &["xkeysib-{h64}-{a16}", "xsmtpsib-{h64}-{a16}"]),
    f("SECRET:RESEND_KEY", "resend_key", &["re_{a8}_{a24}"]),
    f("SECRET:TWILIO_KEY", "twilio_key", &["SK{H32}"]),
    f("SECRET:CUSTOMERIO_KEY", "customerio_key", &["sdk_live_{a30-60}"]),
    f("SECRET:COURIER_KEY", "courier_key", &["pk_prod_{u28}", "dk_prod_{u28}"]),
    f("SECRET:NYLAS_KEY", "nylas_key", &["nyk_v0_{a64}"]),
    f("SECRET:FACEBOOK_TOKEN", "facebook_page_token", &["EAAM{a100-400}", "EAAC{a100-400}", "EAAB{a100-400}", "EAAG{a100-400}", "EAAE{a100-400}"]),
    f("SECRET:INSTAGRAM_TOKEN", "instagram_token", &["IGQV{w80-300}", "IGQW{w80-300}", "IGAA{w80-300}"]),
    f("SECRET:TWITTER_TOKEN", "twitter_bearer_token", &["AAAAAAAAAAAAAAAAAAAAA{p80-110}"]),
    f("SECRET:PUSHBULLET_TOKEN", "pushbullet_token", &["o.{a32}"]),
    f("SECRET:SIGNALWIRE_TOKEN", "signalwire_token", &["PT{h50}"]),
    f("SECRET:MATRIX_TOKEN", "matrix_token", &["syt_{b4-60}_{a20}_{a6}"]),
    f("SECRET:DISCORD_TOKEN", "discord_mfa_token", &["mfa.{w84}"]),
];
