"""Scores of finds against labelled records. Standard library only.

A record of truth is {"id", "text", "lang", "spans": [{"start", "end", "type"}]}, where secrets are of type `SECRET` or `SECRET:<rule>`, and
of a file about secrets each record has `label` 1 or 0. Finds are {"id", "spans"}. Offsets are code points, end exclusive.
"""
import collections
import re

# What every file about personal data has; totals are over these.
CORE = ("EMAIL_ADDRESS PHONE_NUMBER CREDIT_CARD IBAN_CODE US_SSN IP_ADDRESS MAC_ADDRESS ES_NIF ES_NIE JP_MY_NUMBER "
        "CN_RESIDENT_ID").split()
# Core types with a check digit.
CHECKED = "CREDIT_CARD IBAN_CODE ES_NIF ES_NIE JP_MY_NUMBER CN_RESIDENT_ID".split()
# National types with a check digit in every valid identifier.
NATIONAL = ("ABA_ROUTING_NUMBER AU_ABN AU_ACN AU_MEDICARE AU_TFN BR_CNPJ BR_CPF CA_SIN DE_HEALTH_INSURANCE DE_LANR DE_SOCIAL_SECURITY DE_TAX_ID "
            "DE_VAT_ID ES_CIF FI_PERSONAL_IDENTITY_CODE FR_NIR FR_SIREN FR_SIRET HK_ID IN_AADHAAR IN_GSTIN IT_FISCAL_CODE IT_VAT_CODE KR_BRN MX_CURP "
            "PL_NIP PL_PESEL SE_ORGANISATIONSNUMMER SE_PERSONNUMMER SG_NRIC_FIN SG_UEN TH_TNIN TR_NATIONAL_ID TW_NATIONAL_ID UK_NHS US_NPI "
            "ZA_ID_NUMBER").split()
# Types without a check digit: one of them in a text that nobody labelled may well be right.
UNCHECKED = set("EMAIL_ADDRESS PHONE_NUMBER IP_ADDRESS MAC_ADDRESS URL PERSON LOCATION ADDRESS DATE_TIME DATE_OF_BIRTH US_SSN".split())
# What stands in documentation where a secret would stand: nobody's secret, so a good redactor leaves it alone.
PLACEHOLDER = re.compile(r"x{4}|abcd-?1234|1234-?5678|^\d+(\.\d+){3}$", re.I)


def ratio(part, whole):
    return round(part / whole, 4) if whole else None


def overlap(a, b):
    return a["start"] < b["end"] and b["start"] < a["end"]


class Tally:
    """Counts of one type, or of all."""

    def __init__(self):
        self.wanted = self.found = self.exact = self.false = 0

    def add(self, other):
        self.wanted += other.wanted
        self.found += other.found
        self.exact += other.exact
        self.false += other.false

    def scores(self):
        return {"n": self.wanted, "precision": ratio(self.found, self.found + self.false), "recall": ratio(self.found, self.wanted),
                "strict_recall": ratio(self.exact, self.wanted), "false": self.false,
                "f1": ratio(2 * self.found, self.found + self.wanted + self.false)}


def tallies(truth, finds):
    """A Tally for each (type, language). A wanted span is found when a find of its type overlaps it; exact means equal bounds."""
    out = collections.defaultdict(Tally)
    for record in truth:
        spans, lang = finds.get(record["id"], []), record.get("lang")
        for want in record["spans"]:
            hits = [find for find in spans if find["type"] == want["type"] and overlap(find, want)]
            tally = out[want["type"], lang]
            tally.wanted += 1
            tally.found += bool(hits)
            tally.exact += any((hit["start"], hit["end"]) == (want["start"], want["end"]) for hit in hits)
        for find in spans:
            if not any(want["type"] == find["type"] and overlap(find, want) for want in record["spans"]):
                out[find["type"], lang].false += 1
    return out


def personal(truth, finds):
    """Scores by type, by type and language, and over the core types."""
    by_language = tallies(truth, finds)
    by_type, core = collections.defaultdict(Tally), Tally()
    for (kind, _), tally in by_language.items():
        by_type[kind].add(tally)
        if kind in CORE:
            core.add(tally)
    name = lambda key: f"{key[0]}/{key[1]}"
    out = {"missing": missing(truth, finds), "core": core.scores(),
           "types": {kind: tally.scores() for kind, tally in sorted(by_type.items())},
           "languages": {name(key): tally.scores() for key, tally in sorted(by_language.items(), key=str)}}
    return out | {"worst": worst(out)}


def worst(out):
    """What holds for every type, and not only on the whole: (value, where), None where there is nothing to see."""
    def least(rows, figure, kinds):
        known = [(row[figure], key) for key, row in out[rows].items() if key.split("/")[0] in kinds and row[figure] is not None]
        return min(known, default=None)

    recalls = [row["recall"] for kind, row in out["types"].items() if kind in CHECKED + NATIONAL and row["n"]]
    return {"core strict recall": least("types", "strict_recall", CORE),
            "checked core precision in a language": least("languages", "precision", CHECKED),
            "checked core recall in a language": least("languages", "recall", CHECKED),
            "mean recall of types with a check digit": (ratio(sum(recalls), len(recalls)), f"{len(recalls)} types")}


def secrets(truth, finds):
    """Recall of the records that hold a secret, and how many of the others are flagged, by source. `real` is without placeholders."""
    rows = collections.defaultdict(collections.Counter)
    for record in truth:
        found = [find for find in finds.get(record["id"], []) if find["type"].startswith("SECRET")]
        wanted = [span for span in record["spans"] if span["type"].startswith("SECRET")]
        hit = any(overlap(find, want) for find in found for want in wanted)
        is_real = not any(PLACEHOLDER.search(record["text"][want["start"]:want["end"]]) for want in wanted)
        for key in ("all", record.get("source", "?")):
            if record["label"]:
                rows[key].update(wanted=1, found=hit, real=is_real, real_found=is_real and hit)
            else:
                rows[key].update(clean=1, false=bool(found))
    return {"missing": missing(truth, finds)} | {
        key: {"n": row["wanted"], "recall": ratio(row["found"], row["wanted"]), "real": row["real"],
              "recall_real": ratio(row["real_found"], row["real"]), "look_alikes": row["clean"], "flagged": ratio(row["false"], row["clean"])}
        for key, row in sorted(rows.items())}


def false_finds(texts, finds):
    """Finds in texts that should hold next to none, for each 100 KB (UTF-8) of them."""
    size = sum(len(record["text"].encode()) for record in texts) / 1e5
    types = collections.Counter(find["type"] for record in texts for find in finds.get(record["id"], []))
    checked = sum(count for kind, count in types.items() if kind not in UNCHECKED)
    flagged = sum(any(find["type"].startswith("SECRET") for find in finds.get(record["id"], [])) for record in texts)
    return {"missing": missing(texts, finds), "texts": len(texts), "size_100kb": round(size, 1), "checked_and_secrets_per_100kb": ratio(checked, size),
            "texts_with_secrets": ratio(flagged, len(texts)), "types": {kind: [count, ratio(count, size)] for kind, count in types.most_common()}}


def missing(truth, finds):
    return sum(record["id"] not in finds for record in truth)
