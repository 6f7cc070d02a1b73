//! Envoy's admin interface.

use crate::http1::Reader;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The body of an admin page.
pub async fn get(port: u16, path: &str) -> Result<String, String> {
    let socket = TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(|error| format!("admin: {error}"))?;
    let (read, mut write) = socket.into_split();
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    write
        .write_all(request.as_bytes())
        .await
        .map_err(|error| format!("admin: {error}"))?;
    let mut reader = Reader::new(read);
    let head = reader
        .head()
        .await
        .map_err(|broken| format!("admin: {broken:?}"))?;
    let length = head
        .response_length("GET")
        .map_err(|broken| format!("admin: {broken:?}"))?;
    let mut body = Vec::new();
    let sink = |bytes: &[u8]| body.extend_from_slice(bytes);
    reader
        .body(length, sink)
        .await
        .map_err(|broken| format!("admin: {broken:?}"))?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// Counters and gauges by name. A histogram counts as often as it was recorded, under its own name.
pub async fn stats(port: u16) -> Result<BTreeMap<String, i64>, String> {
    let page = get(port, "/stats?format=json&histogram_buckets=detailed").await?;
    let page: Value = serde_json::from_str(&page).map_err(|error| format!("admin: stats: {error}"))?;
    let mut stats = BTreeMap::new();
    for stat in page["stats"].as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (stat["name"].as_str(), stat["value"].as_i64()) {
            stats.insert(name.to_owned(), value);
        }
        for histogram in stat["histograms"]["details"].as_array().into_iter().flatten() {
            let buckets = histogram["totals"].as_array().into_iter().flatten();
            let count = buckets.filter_map(|bucket| bucket["count"].as_i64()).sum();
            stats.insert(histogram["name"].as_str().unwrap_or_default().to_owned(), count);
        }
    }
    Ok(stats)
}
