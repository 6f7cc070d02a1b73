//! Where a module comes from, and whether that can change behind one's back.

use super::around::Remark;
use super::node::Node;

const MOVES: &str = "a tag can move, and proxies would run different modules: name the digest of the image's manifest, as @sha256:... in the address";
const LATEST: &str = "the address names no tag, so `latest` is pulled, and sha256 only compared with it: name @sha256:... in the address";
const CHANGES: &str = "what is behind an address can change: pin the module's own digest in sha256";

/// The code of Envoy's `PluginConfig`.
pub(super) fn of_envoy(plugin: &Node, remarks: &mut Vec<Remark>) {
    let Some(vm) = plugin.field("vm_config") else {
        return remarks.push(Remark::error(
            plugin.line,
            "vm_config is missing: there is no module",
        ));
    };
    let code = vm.field("code");
    let local = code.and_then(|code| code.field("local"));
    let remote = code.and_then(|code| code.field("remote"));
    match (local, remote) {
        (Some(_), _) => {}
        (None, Some(remote)) => match remote.at(&["http_uri", "uri"]) {
            Some(uri) => pinned(uri, remote.field("sha256"), remarks),
            None => remarks.push(Remark::error(
                remote.line,
                "http_uri.uri is missing: there is no module",
            )),
        },
        (None, None) => remarks.push(Remark::error(
            code.unwrap_or(vm).line,
            "vm_config.code.local or .remote is missing: there is no module",
        )),
    }
}

/// The code of a WasmPlugin or TrafficExtension.
pub(super) fn of_istio(plugin: &Node, remarks: &mut Vec<Remark>) {
    match plugin.field("url") {
        Some(url) if !url.text().is_empty() => pinned(url, plugin.field("sha256"), remarks),
        other => remarks.push(Remark::error(
            other.unwrap_or(plugin).line,
            "url is missing: there is no module",
        )),
    }
}

/// Whether an address names one module and no other.
fn pinned(uri: &Node, sha256: Option<&Node>, remarks: &mut Vec<Remark>) {
    let address = uri.text();
    let sha256 = sha256.filter(|sha256| !sha256.text().is_empty());
    if let Some(sha256) = sha256 {
        digest(sha256.text(), sha256.line, remarks);
    }
    let is_file = ["file://", "http://", "https://"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    match (address.split_once('@'), sha256) {
        (None, None) if address.starts_with("file://") => {}
        (None, None) if is_file => remarks.push(Remark::warning(uri.line, CHANGES)),
        (None, Some(_)) if is_file || is_tagged(address) => {}
        (None, Some(_)) => remarks.push(Remark::warning(uri.line, LATEST)),
        (None, None) => remarks.push(Remark::warning(uri.line, MOVES)),
        (Some((_, given)), _) => match given.strip_prefix("sha256:") {
            Some(hex) => digest(hex, uri.line, remarks),
            None => remarks.push(Remark::error(
                uri.line,
                "no digest behind @: sha256: and 64 hexadecimal digits",
            )),
        },
    }
}

/// A colon before the last slash is a port's.
fn is_tagged(address: &str) -> bool {
    address.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

fn digest(hex: &str, line: usize, remarks: &mut Vec<Remark>) {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() == 64 && hex.bytes().all(is_hex) {
        return;
    }
    let why = if hex.starts_with("sha256:") {
        "sha256 has the digits alone, without \"sha256:\": this image would never be pulled"
    } else {
        "no digest: 64 hexadecimal digits in small letters are one. This image would never be pulled"
    };
    remarks.push(Remark::error(line, why));
}
