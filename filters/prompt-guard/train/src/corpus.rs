//! Texts drawn from the corpus.

use crate::example::Example;
use crate::grammar::{self, Rng, Slots, Template};
use penstock_guard_model::{Concept, Side, entry};
use penstock_text_scan::view::views;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// One folder of the corpus.
struct Language {
    name: String,
    /// Templates, each with the names of its file.
    templates: Vec<(Template, usize, String)>,
    slots: Vec<Slots>,
}

/// How much is drawn.
#[derive(Clone, Copy)]
pub struct Amount {
    /// Texts of a template, at most.
    pub each: usize,
    /// Texts of a document, clean and attacked each.
    pub documents: usize,
}

/// The corpus in a folder, read.
pub struct Corpus {
    languages: Vec<Language>,
    /// Words by what they mean.
    pub concepts: Vec<(u32, Concept)>,
    /// Names of files and their bytes, for the manifest.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Corpus {
    /// Reads every file; gives what is wrong with them, if anything is.
    pub fn read(folder: &Path) -> Result<Self, Vec<String>> {
        let (mut languages, mut files, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        for name in names(folder) {
            let path = folder.join(&name);
            if path.is_dir() {
                languages.push(language(&name, &path, &mut files, &mut faults));
            }
        }
        let concepts = concepts(folder, &mut files, &mut faults);
        if faults.is_empty() {
            Ok(Self {
                languages,
                concepts,
                files,
            })
        } else {
            Err(faults)
        }
    }

    /// Templates by language, kind and family.
    pub fn counts(&self) -> BTreeMap<(String, String, String), usize> {
        let mut counts = BTreeMap::new();
        for language in &self.languages {
            for (template, _, _) in &language.templates {
                let key = (
                    language.name.clone(),
                    template.kind.clone(),
                    template.family.clone(),
                );
                *counts.entry(key).or_default() += 1;
            }
        }
        counts
    }

    /// Draws texts. The same seed gives the same texts, and a template's texts do not depend on other templates of
    /// its kind, but for what stands in documents.
    pub fn draw(&self, amount: Amount, seed: u64) -> Vec<Example> {
        let mut examples = Vec::new();
        for language in &self.languages {
            language.draw_direct(amount, seed, &mut examples);
            language.draw_documents(amount, seed, &mut examples);
        }
        examples
    }
}

/// Reads `concepts*.txt`: sections `== concept`, lines `language: entry, entry`. A concept has the same number in all files: that
/// of its place among the names, in order.
fn concepts(
    folder: &Path,
    files: &mut Vec<(String, Vec<u8>)>,
    faults: &mut Vec<String>,
) -> Vec<(u32, Concept)> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names(folder)
        .into_iter()
        .filter(|name| name.starts_with("concepts"))
    {
        let bytes = fs::read(folder.join(&name)).unwrap_or_default();
        let mut section = None;
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            match (line.strip_prefix("== "), line.split_once(':')) {
                _ if line.trim().is_empty() || line.starts_with('#') => {}
                (Some(concept), _) => section = Some(concept.trim().to_owned()),
                (None, Some((_, entries))) if section.is_some() => {
                    let entries = entries
                        .split(',')
                        .map(|entry| entry.trim().to_owned())
                        .filter(|entry| !entry.is_empty());
                    all.entry(section.clone().unwrap_or_default())
                        .or_default()
                        .extend(entries);
                }
                _ => faults.push(format!(
                    "{name}:{}: neither a section nor entries of a language",
                    number + 1
                )),
            }
        }
        files.push((name, bytes));
    }
    let mut entries = Vec::new();
    for (number, (concept, words)) in all.iter().enumerate() {
        let plain = |word: &String| {
            views(word)
                .views
                .first()
                .map_or(word.clone(), |view| view.text().to_lowercase())
        };
        let words: BTreeSet<String> = words.iter().map(plain).collect();
        for word in &words {
            match entry(word) {
                Some(_) if is_said_by_another(word, &words) => {}
                Some(gram) => entries.push((gram, number as u8 + 1)),
                None => faults.push(format!("concept {concept}: `{word}` is not one to three words")),
            }
        }
    }
    entries
}

/// Whether a shorter entry of the same concept stands in it.
fn is_said_by_another(entry: &str, others: &BTreeSet<String>) -> bool {
    let words: Vec<&str> = entry.split(' ').collect();
    let mut parts = (1..words.len()).flat_map(|length| words.windows(length));
    parts.any(|part| others.contains(&part.join(" ")))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn language(
    name: &str,
    path: &Path,
    files: &mut Vec<(String, Vec<u8>)>,
    faults: &mut Vec<String>,
) -> Language {
    let mut language = Language {
        name: name.to_owned(),
        templates: Vec::new(),
        slots: Vec::new(),
    };
    let mut common = Slots::new();
    let mut all = names(path);
    all.retain(|file| file.ends_with(".txt"));
    all.sort_by_key(|file| (file != "slots.txt", file.clone()));
    for file in all {
        let label = format!("{name}/{file}");
        let bytes = fs::read(path.join(&file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut slots = common.clone();
        match grammar::read(&text, &mut slots) {
            Ok(templates) if file == "slots.txt" => {
                faults.extend(
                    templates
                        .first()
                        .map(|_| format!("{label}: templates among slots")),
                );
                common = slots;
            }
            Ok(templates) => {
                for template in &templates {
                    if let Err(what) = template.check(&slots) {
                        let line = text
                            .lines()
                            .position(|line| line.trim() == template.line)
                            .map_or(0, |at| at + 1);
                        faults.push(format!("{label}:{line}: {what}"));
                    }
                }
                let index = language.slots.len();
                language.slots.push(slots);
                language.templates.extend(
                    templates
                        .into_iter()
                        .map(|template| (template, index, label.clone())),
                );
            }
            Err(fault) => faults.push(format!("{label}:{fault}")),
        }
        files.push((label, bytes));
    }
    language
}

/// FNV-1a of 64 bits.
pub fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Language {
    fn draw_direct(&self, amount: Amount, seed: u64, examples: &mut Vec<Example>) {
        for (template, slots, _) in self.of_kind(&["attack", "harmless"]) {
            let group = hash(&[&self.name, &template.line]);
            let mut rng = Rng(group ^ seed);
            let mut texts: Vec<String> = Vec::new();
            let label = template.kind == "attack";
            let wanted = template.count(slots, amount.each as u64) as usize;
            for _ in 0..wanted * 2 {
                let Ok(text) = template.draw(slots, "", &mut rng) else {
                    continue;
                };
                if texts.len() < wanted && !texts.contains(&text) {
                    texts.push(text);
                }
            }
            let weight = 1.0 / texts.len().max(1) as f32;
            examples.extend(texts.into_iter().map(|text| Example {
                text,
                attack: label,
                side: Side::Direct,
                language: self.name.clone(),
                family: template.family.clone(),
                planted: None,
                source: "own".to_owned(),
                group,
                weight,
            }));
        }
    }

    fn draw_documents(&self, amount: Amount, seed: u64, examples: &mut Vec<Example>) {
        let commands: Vec<_> = self.of_kind(&["command"]).collect();
        let asides: Vec<_> = self.of_kind(&["aside"]).collect();
        if commands.is_empty() {
            return;
        }
        for (template, slots, _) in self.of_kind(&["document"]) {
            let group = hash(&[&self.name, &template.line]);
            let mut rng = Rng(group ^ seed);
            for index in 0..amount.documents * 2 {
                let attack = index % 2 == 1;
                // Without a place for a command it is never an attack.
                if attack && !template.has_place() {
                    continue;
                }
                let pool = if attack { &commands } else { &asides };
                // A third of the clean ones have an honest sentence in that place.
                let empty = pool.is_empty() || (!attack && rng.below(3) != 0) || !template.has_place();
                let picked = if empty {
                    None
                } else {
                    pool.get(rng.below(pool.len()))
                };
                let line = picked.and_then(|(template, slots, _)| template.draw(slots, "", &mut rng).ok());
                let line = line.unwrap_or_default();
                let line = if template.family == "json" {
                    line.replace('\\', "\\\\")
                        .replace('"', "\\\"")
                        .replace('\n', "\\n")
                } else {
                    line
                };
                let Ok(text) = template.draw(slots, &line, &mut rng) else {
                    continue;
                };
                let command = picked.map(|(template, ..)| hash(&[&self.name, &template.line]));
                let start = text.find(&line).filter(|_| attack);
                examples.push(Example {
                    text,
                    attack,
                    side: Side::Indirect,
                    language: self.name.clone(),
                    family: if attack {
                        format!(
                            "{}+{}",
                            template.family,
                            picked.map_or("", |(t, ..)| t.family.as_str())
                        )
                    } else {
                        template.family.clone()
                    },
                    source: "own".to_owned(),
                    // Held back by what was planted: the document is known, its command is not.
                    group: command.unwrap_or(group),
                    planted: start.map(|start| start..start + line.len()),
                    weight: 1.0 / amount.documents as f32,
                });
            }
        }
    }

    fn of_kind<'a>(
        &'a self,
        kinds: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a Template, &'a Slots, &'a str)> {
        self.templates
            .iter()
            .filter(|(template, ..)| kinds.contains(&template.kind.as_str()))
            .filter_map(|(template, slots, file)| Some((template, self.slots.get(*slots)?, file.as_str())))
    }
}
