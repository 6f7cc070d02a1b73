//! Commands where none belong, and commands that nobody wants.

use super::text::Text;
use super::{Purpose, begins_word, ends_word, words};
use std::ops::Range;

/// How far behind a download a shell may stand that runs it, in bytes.
const PIPE_BYTES: usize = 256;

/// Commands that are injected.
const COMMANDS: &[&str] = &[
    "bash",
    "cat",
    "chmod",
    "chown",
    "cmd",
    "curl",
    "dd",
    "echo",
    "env",
    "eval",
    "exec",
    "find",
    "id",
    "ifconfig",
    "kill",
    "ls",
    "mkfs",
    "mv",
    "nc",
    "ncat",
    "netcat",
    "nslookup",
    "perl",
    "ping",
    "powershell",
    "printenv",
    "ps",
    "python",
    "python3",
    "reboot",
    "rm",
    "ruby",
    "scp",
    "sh",
    "shutdown",
    "sleep",
    "ssh",
    "sudo",
    "tee",
    "touch",
    "uname",
    "wget",
    "whoami",
    "zsh",
];
/// Those that say something without an argument.
const LONE: &[&str] = &[
    "bash", "env", "id", "ifconfig", "ls", "printenv", "ps", "reboot", "sh", "uname", "whoami", "zsh",
];
/// What opens a shell to somebody else, or takes a machine down. All parts must stand there in this order.
const HARMFUL: &[&[&str]] = &[
    &["/dev/tcp/"],
    &["/dev/udp/"],
    &["nc -e "],
    &["nc -c "],
    &["ncat -e "],
    &["netcat -e "],
    &["nc ", " -e /bin/"],
    &["bash -i", ">&"],
    &["mkfifo", "|", "nc "],
    &["socket.socket", "connect((", "dup2"],
    &["socket.socket", "connect((", "pty.spawn"],
    &["socket.socket", "connect((", "subprocess"],
    &["tcpsocket.open", "exec"],
    &["fsockopen(", "exec("],
    &["powershell", " -enc"],
    &["powershell", " -e jab"],
    &["iex", "net.webclient"],
    &["iex", "invoke-webrequest"],
    &["--no-preserve-root"],
    &["mkfs.", "/dev/"],
    &["dd ", "of=/dev/"],
    &["> /dev/sd"],
    &[":(){", ":|:&"],
    &["chmod -r 777 /"],
    &["rm -rf /*"],
    &["rm -rf ~"],
    &["rm -rf *"],
    &["del /s /q c:\\"],
    &["format c:"],
];

/// The first command that does not belong in a text of this purpose, which is in lower case.
pub(super) fn find(text: &Text, purpose: Purpose) -> Option<Range<usize>> {
    let harmful = HARMFUL.iter().find_map(|parts| in_order(text, parts));
    harmful
        .or_else(|| rooted(text))
        .or_else(|| piped(text))
        .or_else(|| (purpose == Purpose::Value).then(|| injected(text.as_str()))?)
}

/// These parts, each behind the one before it. The first begins a word, unless it begins with a sign.
fn in_order(text: &Text, parts: &[&str]) -> Option<Range<usize>> {
    let first = parts.first()?;
    let mut starts = text.all(first);
    let text = text.as_str();
    let start = starts.find(|at| !first.starts_with(char::is_alphabetic) || begins_word(text, *at))?;
    let mut end = start;
    for part in parts {
        end += text.get(end..)?.find(part)? + part.len();
    }
    Some(start..end)
}

/// `rm -rf /`, of the root itself or of what lies directly under it.
fn rooted(text: &Text) -> Option<Range<usize>> {
    text.all("rm -").find_map(|at| {
        let text = text.as_str();
        let mut parts = words(text.get(at..)?).skip(1);
        let (_, flags) = parts.next()?;
        let (behind, target) = parts.next()?;
        let target = target.trim_end_matches(['"', '\'', ';', '*', '`', ')']);
        let is_top = target == "/"
            || target
                .strip_prefix('/')
                .is_some_and(|rest| !rest.trim_end_matches('/').contains('/') && rest != "tmp");
        (flags.contains('r') && is_top && begins_word(text, at)).then_some(at..at + behind + target.len())
    })
}

/// Something from the network, run as it comes.
fn piped(text: &Text) -> Option<Range<usize>> {
    let mut starts = ["curl ", "wget ", "iwr "]
        .into_iter()
        .flat_map(|name| text.all(name));
    let text = text.as_str();
    starts.find_map(|at| {
        let rest = text.get(at..)?;
        let (bar, _) = rest.match_indices('|').find(|(bar, _)| {
            let behind = rest.get(bar + 1..).unwrap_or_default().trim_start();
            let behind = behind.strip_prefix("sudo ").unwrap_or(behind).trim_start();
            [
                "sh", "bash", "zsh", "dash", "python", "python3", "perl", "ruby", "node", "iex",
            ]
            .iter()
            .any(|shell| behind.starts_with(shell) && ends_word(behind, shell.len()))
        })?;
        (bar < PIPE_BYTES && begins_word(text, at)).then_some(at..at + bar + 1)
    })
}

/// A command behind a sign that ends what was meant to be the value.
fn injected(text: &str) -> Option<Range<usize>> {
    const SIGNS: &[&str] = &[";", "&&", "||", "|", "&", "\n", "$(", "`"];
    text.char_indices()
        .filter(|(_, c)| matches!(c, ';' | '&' | '|' | '\n' | '$' | '`'))
        .find_map(|(at, _)| {
            let rest = text.get(at..)?;
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            let behind = rest.get(sign.len()..)?;
            let len = command(behind, sign)?;
            // Backticks behind a blank are how people set a name apart.
            let is_prose = *sign == "`"
                && text
                    .get(..at)
                    .is_some_and(|before| before.ends_with(char::is_whitespace));
            (!is_prose).then_some(at..at + sign.len() + len)
        })
}

/// A command with something that only a command has behind it. Gives its length.
fn command(text: &str, sign: &str) -> Option<usize> {
    let trimmed = text.trim_start_matches([' ', '\t']);
    let blanks = text.len() - trimmed.len();
    let end = trimmed
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(trimmed.len());
    let (name, behind) = trimmed.split_at_checked(end)?;
    if !COMMANDS.contains(&name) {
        return None;
    }
    let argument = behind.strip_prefix(' ').map(str::trim_start);
    // `(ls|id)` is a choice, as patterns write it.
    let is_lone = behind.is_empty()
        || behind.starts_with([';', '&', '#', '\n'])
        || sign != "|" && behind.starts_with('|');
    let has_argument = argument.is_some_and(|argument| {
        let word = argument.split(char::is_whitespace).next().unwrap_or_default();
        argument.starts_with(['-', '/', '.', '~', '$', '>', '<', '|', '&', '\'', '"'])
            || word.contains(['/', '=', '$', '@'])
            || name == "sleep" && word.starts_with(|c: char| c.is_ascii_digit())
    });
    let opens = matches!(sign, "$(" | "`");
    let closes = opens && behind.contains(if sign == "`" { '`' } else { ')' });
    (has_argument || closes || is_lone && LONE.contains(&name) && sign != "\n").then_some(blanks + end)
}
