"""The queries by which kubernetes/ scales, as Prometheus gets them: KEDA's as they are written, the HPAs' as prometheus-adapter makes them of its rules."""
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "kubernetes"
RULE = re.compile(r"- seriesQuery: (?P<series>.+)\n.*\n +name: {as: (?P<name>\w+)}\n +metricsQuery: (?P<query>.+)")
# What the adapter puts in for a Pods metric; an external one has its own labels, and these have none.
PODS = {"LabelMatchers": 'namespace="demo",pod=~"gateway-.*"', "GroupBy": "pod"}
TRIGGER = re.compile(r"^ +query: (.+)$", re.M)
METRIC = re.compile(r"metric: {name: (\w+)}")


def rules():
    return list(RULE.finditer((FOLDER / "hpa/adapter-values.yaml").read_text()))


def queries():
    """Pairs of a name and PromQL."""
    for rule in rules():
        series = rule["series"].partition("{")[0]
        filled = {"Series": series, "LabelMatchers": "", "GroupBy": ""} | (PODS if "GroupBy" in rule["query"] else {})
        yield f"hpa: {rule['name']}: its series", rule["series"]
        yield f"hpa: {rule['name']}", re.sub(r"<<\.(\w+)>>", lambda field: filled[field[1]], rule["query"])
    for path in sorted((FOLDER / "keda").glob("*.yaml")):
        for query in TRIGGER.findall(path.read_text()):
            yield f"keda: {path.stem}: {query}", query


def unlike():
    """Metrics that only one of the HPAs and the adapter's rules knows."""
    asked = {name for path in (FOLDER / "hpa").glob("*.yaml") for name in METRIC.findall(path.read_text())}
    return asked ^ {rule["name"] for rule in rules()}
