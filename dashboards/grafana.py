"""Boards in few words, and the JSON that Grafana imports: the classic model, which all Grafanas from 10 on read and keep."""
import dataclasses
import re

SCHEMA = 42  # of Grafana 12.3 and later; older ones read it as their own
COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
FILTERS = re.compile(r'=~"\$(\w+)"')


@dataclasses.dataclass(frozen=True)
class Variable:
    """A label whose values can be chosen. `metric` is one that has it; `within` names the variables that narrow the choice."""
    label: str
    metric: str
    within: tuple = ()

    def query(self):
        return f"label_values({self.metric}{selector(*self.within)}, {self.label})"


@dataclasses.dataclass(frozen=True)
class Panel:
    """`about` says what is seen and what to do about it. `queries` are pairs of PromQL and legend."""
    kind: str
    title: str
    unit: str
    about: str
    queries: tuple
    width: int
    height: int
    stacked: bool = False
    limits: tuple = ()


@dataclasses.dataclass(frozen=True)
class Row:
    title: str
    panels: tuple


@dataclasses.dataclass(frozen=True)
class Board:
    name: str
    title: str
    about: str
    variables: tuple
    rows: tuple

    def panels(self):
        return [panel for row in self.rows for panel in row.panels]


def selector(*labels, **fixed):
    """`{route=~"$route",type="input"}`: labels as chosen above the board, and fixed ones; a fixed value that begins with ~ or ! is a match of
    that kind."""
    chosen = [f'{label}=~"${label}"' for label in labels]
    for label, value in fixed.items():
        sign, value = re.match(r"(!~|!|~|)(.*)", value).groups()
        chosen.append(f'{label}{({"": "=", "~": "=~", "!": "!=", "!~": "!~"})[sign]}"{value}"')
    return "{" + ",".join(chosen) + "}" if chosen else ""


def number(title, unit, about, promql, limits=(), width=4):
    """One number and its recent course. `limits`: from where on it is orange, and red."""
    return Panel("stat", title, unit, about, ((promql, ""),), width, 4, limits=limits)


def lines(title, unit, about, *queries, stacked=False, width=8):
    return Panel("timeseries", title, unit, about, queries, width, 8, stacked)


def bars(title, unit, about, promql, legend, width=8):
    """The largest of the whole time that is shown."""
    return Panel("bargauge", title, unit, about, ((f"topk(10, {promql})", legend),), width, 8)


def document(board):
    """The board as Grafana has it."""
    return {
        "uid": f"penstock-{board.name}", "title": f"Penstock / {board.title}", "description": board.about, "tags": ["penstock"],
        "schemaVersion": SCHEMA, "editable": True, "graphTooltip": 1, "timezone": "browser", "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"}, "links": [others()],
        "templating": {"list": [data_source(), *map(variable, board.variables)]}, "panels": list(placed(board.rows))}


def others():
    """A menu of the other boards, which keeps the time and what was chosen."""
    return {"title": "Penstock", "type": "dashboards", "tags": ["penstock"], "asDropdown": True, "includeVars": True, "keepTime": True,
            "targetBlank": False, "icon": "external link", "tooltip": "", "url": ""}


def data_source():
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1, "hide": 0}


def variable(one):
    return {"name": one.label, "label": one.label.capitalize(), "type": "query", "datasource": SOURCE, "refresh": 2, "sort": 1, "hide": 0,
            "query": {"query": one.query(), "refId": "Variable", "qryType": 1}, "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


def placed(rows):
    """Rows and their panels from left to right, a new line where one is full."""
    top = number = 0
    for row in rows:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [], "gridPos": place(0, top, COLUMNS, 1)}
        top, left, height = top + 1, 0, 0
        for one in row.panels:
            if left + one.width > COLUMNS:
                top, left, height = top + height, 0, 0
            number += 1
            yield panel(one, number, place(left, top, one.width, one.height))
            left, height = left + one.width, max(height, one.height)
        top += height


def place(left, top, width, height):
    return {"x": left, "y": top, "w": width, "h": height}


def panel(one, number, at):
    targets = [target(one, index, *query) for index, query in enumerate(one.queries)]
    # Counters exist from their first event on: where there was none, the number is 0 and not "No data".
    field = {"unit": one.unit, "min": 0, "noValue": "0", "color": {"mode": "palette-classic"}}
    if one.kind == "stat":
        field |= {"color": {"mode": "thresholds"}, "thresholds": thresholds(one.limits)}
    elif one.kind == "timeseries":
        field |= {"custom": {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 25 if one.stacked else 8, "showPoints": "never",
                             "stacking": {"mode": "normal" if one.stacked else "none", "group": "A"}}}
    return {"id": number, "type": one.kind, "title": one.title, "description": one.about, "datasource": SOURCE, "gridPos": at,
            "targets": targets, "fieldConfig": {"defaults": field, "overrides": []}, "options": OPTIONS[one.kind]}


def target(one, index, promql, legend):
    form = {"instant": True, "range": False} if one.kind == "bargauge" else {"instant": False, "range": True}
    return {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": promql, "legendFormat": legend or "__auto", "editorMode": "code", **form}


def thresholds(limits):
    """Green, then orange, then red."""
    steps = [{"value": limit, "color": color} for limit, color in zip(limits, ("orange", "red"))]
    return {"mode": "absolute", "steps": [{"value": None, "color": "green"}, *steps]}


LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
OPTIONS = {
    "stat": {"reduceOptions": LAST, "colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto",
             "textMode": "auto"},
    "bargauge": {"reduceOptions": LAST, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "valueMode": "color"},
    "timeseries": {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
                   "tooltip": {"mode": "multi", "sort": "desc"}},
}
