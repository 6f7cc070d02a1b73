"""What `penstock scan guard` flags, scored and shown."""
import verdicts
from command import load, show, table

# What the command reads of a record.
PROMPT = ("id", "text", "role")
ANSWER = ("id", "system", "response")


def evaluate(command, path):
    """Figures of the prompts as they are, and in every disguise."""
    truth = [record for record in load(path) if record["label"] in (0, 1)]
    judged = judge(command, "guard/dev.jsonl", ["scan", "guard"], truth, PROMPT)
    report = {"guard": verdicts.guard(truth, judged)}
    show_guard(report["guard"])
    plain = {str(record["id"]): record for record in truth if record.get("role") != "system"}
    disguised, origin = disguise(command, plain)
    judged |= judge(command, "the same in disguise", ["scan", "guard"], disguised, PROMPT)
    report["disguises"] = verdicts.disguises(origin, disguised, judged)
    show_disguises(report["disguises"])
    return report


def judge(command, name, arguments, records, members):
    """Verdicts by id. The command sees no label."""
    unlabelled = [{member: record[member] for member in members if member in record} for record in records]
    return {line["id"]: line for line in command.run(name, arguments, unlabelled)}


def disguise(command, plain):
    """The prompts in every disguise, and what each was made of by its id."""
    disguised = command.run("disguises", ["disguise", "all"], list(plain.values()))
    origin = {record["id"]: plain[record["id"].removesuffix(record["category"].replace("obf_", "_", 1))] for record in disguised}
    return disguised, origin


def evaluate_leaks(command, path):
    truth = load(path)
    report = verdicts.leak(truth, judge(command, "leak/leak_pairs_dev.jsonl", ["scan", "guard", "--leak"], truth, ANSWER))
    print(f"\nleaks: recall {show(report['recall'])} of {report['leaks']}, false {report['false']} of {report['clean']}, missing {report['missing']}")
    table(report["forms"].items(), ["n", "recall"])
    return report


def show_guard(out):
    print(f"\nguard: {out['attacks']} attacks, {out['harmless']} harmless texts, {out['everyday']} of them everyday ones, missing {out['missing']}")
    print(f"AUC {show(out['auc'])}; recall where 1 % of all harmless texts are flagged {show(out['recall_at_1pct'])}, where 1 % of the everyday "
          f"ones are {show(out['recall_at_1pct_everyday'])}")
    print(f"at the shipped thresholds: recall {show(out['tpr'])}, false {show(out['fpr'])}, of everyday ones {show(out['fpr_everyday'])}, "
          f"of system prompts {show(out['fpr_system'])}")
    for rows, name in (("languages", "language"), ("sources", "source"), ("categories", "category")):
        print(f"\nby {name}")
        table(out[rows].items(), ["attacks", "tpr", "harmless", "fpr"])


def show_disguises(out):
    print("\nin disguise, of the texts that the disguise changes, at the shipped thresholds")
    table(out.items(), ["attacks", "recall plain", "recall", "harmless", "fpr plain", "fpr"])
