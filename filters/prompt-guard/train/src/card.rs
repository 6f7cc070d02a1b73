//! What a table was learnt from, and how good it is: the manifest and the model card.

use crate::example::Example;
use crate::texts::{SEED, Texts};
use penstock_guard_model::Table;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Sources whose texts are learnt from, by the beginning of their names, and the licence that their publishers give them.
const LICENCES: [(&str, &str, &str); 7] = [
    ("garak_", "NVIDIA garak", "Apache-2.0"),
    ("giskard_pi", "Giskard prompt injections", "Apache-2.0"),
    ("cyberseceval_", "Meta PurpleLlama CyberSecEval", "MIT"),
    ("bipia_", "Microsoft BIPIA, its attacks", "MIT"),
    ("jailbench", "JailBench", "as published for research and training"),
    (
        "llamafactory_glaive_",
        "Glaive function calling, by LLaMA-Factory",
        "Apache-2.0",
    ),
    ("c4_demo", "Common Crawl C4, a sample", "ODC-BY"),
];

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Sources, licences, counts, hashes and the seed, as JSON.
pub fn manifest(texts: &Texts, table: &Table) -> String {
    let mut sources: BTreeMap<&str, Vec<&Example>> = BTreeMap::new();
    for one in texts.learnt() {
        sources.entry(&one.source).or_default().push(one);
    }
    let rows = sources.into_iter().map(|(name, examples)| {
        let licence = LICENCES.iter().find(|(prefix, ..)| name.starts_with(prefix));
        let (publisher, licence) = licence.map_or(("Penstock", "Apache-2.0"), |(_, publisher, licence)| (publisher, licence));
        let attacks = examples.iter().filter(|one| one.attack).count();
        let all: String = examples.iter().flat_map(|one| [one.text.as_str(), "\n"]).collect();
        json!({"source": name, "publisher": publisher, "licence": licence, "texts": examples.len(), "attacks": attacks, "sha256": digest(all.as_bytes())})
    });
    let files: Map<String, Value> = texts
        .files
        .iter()
        .map(|(name, bytes)| (name.clone(), json!(digest(bytes))))
        .collect();
    let bytes = table.write();
    let manifest = json!({
        "seed": SEED,
        "table": {"bytes": bytes.len(), "sha256": digest(&bytes)},
        "sources": rows.collect::<Vec<_>>(),
        "files_sha256": files,
    });
    format!("{manifest:#}\n")
}

/// What the weights are for and how good they are, as Markdown.
pub fn card(texts: &Texts, [dev, folds, sources]: [&str; 3]) -> String {
    let count = |attack: bool| texts.learnt().filter(|one| one.attack == attack).count();
    format!(
        "# The guard's classifier\n\n\
        Written by `make train DATA=FOLDER`; do not edit. Two linear heads over hashed n-grams of words and of concepts: `direct` for what users \
        type, `indirect` for what comes from elsewhere. `manifest.json` names every source with its licence, counts and hashes.\n\n\
        Learnt from {} attacks and {} harmless texts, most of them drawn from `corpus/`. Thresholds are chosen on harmless texts of \
        others that no weight was learnt from, then frozen; the dev set below was looked at while the features were chosen, so its figures \
        are a little too good. The sources that were left out say more of new attacks, though the last shares and thresholds were picked with \
        both in sight, and a source of one text counts in their mean as much as one of five hundred.\n\n\
        ## Dev set, at the shipped thresholds\n\n{dev}\n\
        ## Each source of attacks left out in turn\n\n{sources}\n\
        ## Cross-validation by template and group, by language\n\n{folds}\n\
        ## What it does not know\n\n\
        It counts words; it does not understand. An attack in words that no attack in the corpus has is missed, and so is a harmless-looking \
        task that only its place makes an attack. A text that speaks about attacks may look like one.\n",
        count(true),
        count(false),
    )
}
