"""A dashboard as an SVG, from what Prometheus answered: the layout is Grafana's, the drawing plain."""
import html
import math
import re

import grafana

WIDTH, CELL, LINE = 1200, 1200 // grafana.COLUMNS, 30  # pixels: of all, of a column, of a unit of height
PAD, HEAD, FOOT = 10, 26, 34
INK, PALE, GRID, CARD = "#24292f", "#6e7781", "#e4e8ec", "#ffffff"
COLORS = "#3274d9", "#56a64b", "#e0752d", "#a352cc", "#e02f44", "#1f9e99", "#b8860b", "#7f7f7f"
SHOWN, POINTS = 8, 90  # series in a legend, points of a line
PREFIXES = (1e9, "G"), (1e6, "M"), (1e3, "k")
SECONDS = {"s": 1, "ms": 1e3, "µs": 1e6}
WORDS = {"reqps": " req/s", "ops": " /s", "si:tok/s": "tok/s", "short": "", "Bps": "B/s"}


def draw(board, answered):
    """`answered` has [(labels, [(time, value)])] by board, panel and legend."""
    parts, bottom = [], 0
    panels = iter(board.panels())
    for one in grafana.placed(board.rows):
        at = one["gridPos"]
        left, top, width, height = at["x"] * CELL + 4, at["y"] * LINE + 4, at["w"] * CELL - 8, at["h"] * LINE - 8
        bottom = max(bottom, top + height + 8)
        if one["type"] == "row":
            parts.append(text(left, top + 18, one["title"], "r"))
            continue
        panel = next(panels)
        parts += [f'<g transform="translate({left} {top})">', f'<rect class="c" width="{width}" height="{height}"/>', text(PAD, 18, panel.title, "t")]
        parts += DRAWN[panel.kind](panel, series(board, panel, answered), width, height) + ["</g>"]
    return HEADER.format(width=WIDTH, height=bottom, style=STYLE, title=html.escape(f"Penstock / {board.title}")) + "\n".join(parts) + "\n</svg>\n"


STYLE = (f"text{{font-size:11px;fill:{PALE}}}.t{{font-size:12px;font-weight:600;fill:{INK}}}.r{{font-size:14px;font-weight:600;fill:{INK}}}"
         f".n{{font-size:30px;fill:{COLORS[1]}}}.c{{fill:{CARD};stroke:{GRID}}}.g{{stroke:{GRID}}}.l{{fill:none;stroke-width:1.5}}.e{{text-anchor:end}}")
HEADER = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"><title>{title}</title>
<style>{style}</style>
<rect width="{width}" height="{height}" fill="#f4f5f7"/>
"""


def text(x, y, words, kind=""):
    return f'<text x="{x:.0f}" y="{y:.0f}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{html.escape(words)}</text>'


def series(board, panel, answered):
    """Pairs of a name and finite points, the largest last value first."""
    found = []
    for promql, legend in panel.queries:
        for labels, points in answered[f"{board.name}: {panel.title}: {legend}"]:
            points = [(at, value) for at, value in points if math.isfinite(value)]
            if points:
                found.append((named(legend, labels), points))
    return sorted(found, key=lambda one: -max(value for _, value in one[1]))


def named(legend, labels):
    for label, value in labels.items():
        legend = legend.replace(f"{{{{{label}}}}}", value)
    return " ".join(re.sub(r"{{\w+}}", "", legend).split())


def amount(value, unit):
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit in SECONDS:
        seconds = value / SECONDS[unit]
        return next(f"{seconds * by:.3g} {name}" for least, by, name in ((1, 1, "s"), (1e-3, 1e3, "ms"), (-1, 1e6, "µs")) if seconds >= least)
    by, prefix = next(((by, prefix) for by, prefix in PREFIXES if value >= by), (1, ""))
    word = WORDS[unit]
    return f"{value / by:.3g}{' ' if prefix and word and word[0] != ' ' else ''}{prefix}{word if prefix or word[:1] == ' ' or not word else f' {word}'}"


def stat(panel, found, width, height):
    if not found:
        return [text(PAD, height / 2 + 18, "0", "n")]
    points = found[0][1]
    top = max(value for _, value in points) or 1
    return [*curve(points, top, PAD, height / 2 + 24, width - 2 * PAD, height / 2 - 32, points[0][0], points[-1][0], COLORS[1]),
            text(PAD, height / 2 + 10, amount(points[-1][1], panel.unit), "n")]


def curve(points, top, left, upper, width, height, begin, end, color):
    """One line, through at most POINTS of the points."""
    points = points[::math.ceil(len(points) / POINTS)]
    span = (end - begin) or 1
    path = " ".join(f"{left + width * (at - begin) / span:.0f},{upper + height * (1 - value / top):.0f}" for at, value in points)
    return [f'<polyline class="l" stroke="{color}" points="{path}"/>']


def timeseries(panel, found, width, height):
    if not found:
        return [text(width / 2 - 40, height / 2, "nothing so far")]
    begin, end = min(points[0][0] for _, points in found), max(points[-1][0] for _, points in found)
    top = nice(max(value for _, points in found for _, value in points))
    left, inner, deep = 64, width - 64 - PAD, height - HEAD - FOOT - 12
    parts = []
    for share in (0, 0.5, 1):
        y = HEAD + 6 + deep * (1 - share)
        parts += [f'<path class="g" d="M{left} {y:.0f}h{inner}"/>', text(left - 6, y + 4, amount(top * share, panel.unit), "e")]
    for (_, points), color in zip(found[:SHOWN], COLORS):
        parts += curve(points, top, left, HEAD + 6, inner, deep, begin, end, color)
    return parts + legend(found, width, height)


def nice(value):
    """The least round number that is not below it."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999)


def legend(found, width, height):
    """Names on at most two lines, as many as there is room for."""
    parts, x, y = [], PAD, height - FOOT + 12
    for (name, _), color in zip(found[:SHOWN], COLORS):
        room = 20 + 6.6 * len(name)
        if x + room > width:
            x, y = PAD, y + 15
        if y > height - 4:
            break
        parts += [f'<rect x="{x:.0f}" y="{y - 8}" width="10" height="4" fill="{color}"/>', text(x + 14, y, name)]
        x += room + 6
    return parts


def bargauge(panel, found, width, height):
    most = max((points[-1][1] for _, points in found), default=0) or 1
    parts, room = [], (height - HEAD - PAD) / max(6, len(found))
    for number, (name, points) in enumerate(found):
        y, value = HEAD + 6 + number * room, points[-1][1]
        long = (width - 236) * value / most
        parts += [text(PAD, y + room / 2, name[:24]), f'<rect x="156" y="{y + 2:.0f}" width="{long:.0f}" height="{room - 8:.0f}" fill="{COLORS[0]}"/>',
                  text(162 + long, y + room / 2, amount(value, panel.unit))]
    return parts


DRAWN = {"stat": stat, "timeseries": timeseries, "bargauge": bargauge}
