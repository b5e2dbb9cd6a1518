"""report.json -> report.html: one file, plots as inline SVG, readable in light and dark, nothing loaded from anywhere."""

import html
import math

STYLE = """
:root { color-scheme: light dark; --ink:#1d2733; --soft:#5c6b7a; --line:#d5dde5; --page:#fbfcfd; --ours:#0b6bcb; --peer:#b8651b;
  --dot:#0b6bcb66; --bad:#b3261e; --good:#1b7f3b; --zone:#1b7f3b14; }
@media (prefers-color-scheme: dark) { :root { --ink:#e3e9ef; --soft:#9aa9b8; --line:#35414d; --page:#12171c; --ours:#6bb3ff;
  --peer:#f0a35e; --dot:#6bb3ff66; --bad:#ff8a80; --good:#6fd08c; --zone:#6fd08c1c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto; max-width: 1000px;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem }
p, li { color: var(--soft); margin: .3rem 0 } .bad { color: var(--bad) } .good { color: var(--good) }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto }
th, td { padding: .25rem .5rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, td:first-child { text-align: left } th { color: var(--soft); font-weight: 600 }
svg { width: 100%; height: auto; display: block } svg text { font: 12px system-ui, sans-serif; fill: var(--ink) }
svg .soft { fill: var(--soft) } svg .grid { stroke: var(--line) } svg .one { stroke: var(--soft); stroke-dasharray: 3 3 }
svg .dot { fill: var(--dot) } svg .range { stroke: var(--ours); stroke-width: 2 } svg .mid { fill: var(--ours) }
svg .limit { stroke: var(--good); stroke-width: 2.5 } svg .missed { stroke: var(--bad); stroke-width: 2.5 }
svg .ours { fill: var(--ours) } svg .peer { fill: var(--peer) } svg .whisker { stroke: var(--ink) }
"""

WIDTH = 960
LEFT = 215
RIGHT = 90
ROW = 26


def text(value):
    return html.escape(str(value), quote=True)


def seconds(value):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def quantity(value):
    """Bytes or calls in few letters."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} "


def nice_top(value):
    """The end of an axis that holds `value`: 1, 1.5, 2, 3, 5 or 7 times a power of ten."""
    power = 10 ** math.floor(math.log10(max(value, 1e-12)))
    return next(step * power for step in (1, 1.5, 2, 3, 5, 7, 10) if step * power >= value * 0.9999)


class Plot:
    """Rows of marks over one horizontal axis that begins at 0."""

    def __init__(self, rows, top, label, form):
        self.top = top
        self.height = 34 + rows * ROW
        self.parts = []
        for i in range(6):
            value = top * i / 5
            x = self.x(value)
            self.parts.append(f'<line class="grid" x1="{x:.1f}" y1="22" x2="{x:.1f}" y2="{self.height - 6}"/>'
                              f'<text class="soft" x="{x:.1f}" y="14" text-anchor="middle">{text(form(value))}</text>')
        self.label = label

    def x(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * min(value, self.top) / self.top

    def y(self, row):
        return 22 + ROW * row + ROW / 2

    def add(self, part):
        self.parts.append(part)

    def name(self, row, name, hint=""):
        self.add(f'<text x="{LEFT - 10}" y="{self.y(row) + 4:.1f}" text-anchor="end">{text(name)}<title>{text(hint)}</title></text>')

    def value(self, row, shown):
        self.add(f'<text x="{WIDTH - RIGHT + 8}" y="{self.y(row) + 4:.1f}">{text(shown)}</text>')

    def line(self, kind, row, value, half=9):
        x, y = self.x(value), self.y(row)
        self.add(f'<line class="{kind}" x1="{x:.1f}" y1="{y - half:.1f}" x2="{x:.1f}" y2="{y + half:.1f}"/>')

    def svg(self):
        return (f'<svg viewBox="0 0 {WIDTH} {self.height}" role="img" aria-label="{text(self.label)}">'
                + "".join(self.parts) + "</svg>")


def ratio_plot(cases, key, figure, label):
    """Each pair as a dot, the median as a bar, the limit as a tick; 1 is the reference client."""
    values = [max(c[key + "_spread"][1], c["limits"].get(key, {}).get("limit", 0)) for c in cases]
    plot = Plot(len(cases), nice_top(max([1.05, *values])) if max(values) < 3 else 3, label, lambda v: f"{v:.2g}")
    x = plot.x(1)
    plot.add(f'<line class="one" x1="{x:.1f}" y1="22" x2="{x:.1f}" y2="{plot.height - 6}"/>')
    for row, case in enumerate(cases):
        y = plot.y(row)
        plot.name(row, case["name"], case["what"])
        low, high = case[key + "_spread"]
        plot.add(f'<line class="range" x1="{plot.x(low):.1f}" y1="{y:.1f}" x2="{plot.x(high):.1f}" y2="{y:.1f}"/>')
        for pair in case["pairs"]:
            r = pair["peelbox"][figure] / pair[case["peer"]][figure]
            plot.add(f'<circle class="dot" cx="{plot.x(r):.1f}" cy="{y:.1f}" r="3.5"><title>{r:.3f}</title></circle>')
        plot.add(f'<rect class="mid" x="{plot.x(case[key]) - 2:.1f}" y="{y - 7:.1f}" width="4" height="14"/>')
        limit = case["limits"].get(key)
        if limit:
            plot.line("limit" if limit["met"] else "missed", row, limit["limit"])
        plot.value(row, f"{case[key]:.2f}")
    return plot.svg()


def memory_plot(cases):
    top = nice_top(max(max(c["spread"][who]["rss_mb"][1] for who in ("peelbox", c["peer"])) for c in cases))
    plot = Plot(len(cases), top, "peak memory in MB", lambda v: f"{v:.0f}")
    for row, case in enumerate(cases):
        plot.name(row, case["name"], case["what"])
        for who, kind, shift in (("peelbox", "ours", -8), (case["peer"], "peer", 1)):
            value = case["medians"][who]["rss_mb"]
            y = plot.y(row) + shift
            plot.add(f'<rect class="{kind}" x="{LEFT}" y="{y:.1f}" width="{plot.x(value) - LEFT:.1f}" height="7">'
                     f"<title>{text(who)}: {value:.1f} MB</title></rect>")
            low, high = case["spread"][who]["rss_mb"]
            plot.add(f'<line class="whisker" x1="{plot.x(low):.1f}" y1="{y + 3.5:.1f}" x2="{plot.x(high):.1f}" y2="{y + 3.5:.1f}"/>')
        limit = case["limits"].get("rss_mb")
        if limit:
            plot.line("limit" if limit["met"] else "missed", row, limit["limit"])
        plot.value(row, f"{case['rss_mb']:.0f} / {case['medians'][case['peer']]['rss_mb']:.0f}")
    return plot.svg()


def bars(rows, label, form):
    """[(name, median, (low, high))] as bars with whiskers."""
    plot = Plot(len(rows), nice_top(max(high for _, _, (_, high) in rows)), label, form)
    for row, (name, value, (low, high)) in enumerate(rows):
        y = plot.y(row)
        plot.name(row, name)
        plot.add(f'<rect class="ours" x="{LEFT}" y="{y - 7:.1f}" width="{plot.x(value) - LEFT:.1f}" height="14"/>')
        plot.add(f'<line class="whisker" x1="{plot.x(low):.1f}" y1="{y:.1f}" x2="{plot.x(high):.1f}" y2="{y:.1f}"/>')
        plot.value(row, form(value))
    return plot.svg()


def table(head, rows):
    cells = lambda kind, row: "".join(f"<{kind}>{c}</{kind}>" for c in row)  # noqa: E731
    return ('<div class="wide"><table><tr>' + cells("th", head) + "</tr>"
            + "".join(f"<tr>{cells('td', row)}</tr>" for row in rows) + "</table></div>")


def with_range(values, low_high, form="{:.3g}"):
    return form.format(values) + " <small>(" + " – ".join(form.format(v) for v in low_high) + ")</small>"


def case_table(cases):
    rows = []
    for case in cases:
        for who in ("peelbox", case["peer"]):
            m, s = case["medians"][who], case["spread"][who]
            rows.append([text(case["name"]) if who == "peelbox" else "", text(who), with_range(m["wall"], s["wall"]),
                         with_range(m["cpu"], s["cpu"]), with_range(m["rss_mb"], s["rss_mb"]),
                         with_range(m["daemon_cpu"], s["daemon_cpu"])])
    return table(["case", "client", "wall, s", "client CPU, s", "peak, MB", "daemon CPU, s"], rows)


def counted_table(cases):
    rows = []
    for case in cases:
        for who, c in case.get("counted", {}).items():
            rows.append([text(case["name"]) if who == "peelbox" else "", text(who), quantity(c["bytes_to_daemon"]) + "B",
                         quantity(c["bytes_to_client"]) + "B", f"{c['syscalls']:,}", text(c["bytes_counted_by"]),
                         text(c["syscalls_counted_by"])])
    return table(["case", "client", "to the daemon", "back", "system calls", "bytes seen by", "calls seen by"], rows)


def limits_list(cases, comparisons):
    rows = []
    for case in cases:
        for key, limit in case["limits"].items():
            unit = " MB" if key == "rss_mb" else ""
            rows.append((f"{case['name']}: {key.replace('_', ' ')}", f"{case[key]:.3g}{unit}", f"at most {limit['limit']}{unit}",
                         limit["met"]))
    for c in comparisons:
        rows.append((c["what"], f"{c['value']:.3g}", f"{'at least' if c['at_least'] else 'at most'} {c['limit']:.3g}", c["met"]))
    verdict = lambda met: '<span class="good">met</span>' if met else '<span class="bad">not met</span>'  # noqa: E731
    return table(["what", "measured", "wanted", ""], [[text(a), text(b), text(c), verdict(d)] for a, b, c, d in rows])


def part_sections(report):
    parts = {f"{p['program']}/{p['name']}": p for p in report["parts"]}
    out = []

    def chosen(title, note, names, scale, form):
        found = [(n.split("/", 1)[1], parts[n]) for n in names if n in parts]
        if not found:
            return
        rows = []
        for name, p in found:
            a, b = sorted(scale(p, t) for t in p["spread"])
            rows.append((name, scale(p, p["seconds"]), (a, b)))
        out.append(f"<h3>{title}</h3><p>{note}</p>" + bars(rows, title, form))

    throughput = lambda p, t: p["counters"]["bytes_per_second"] * p["seconds"] / t  # noqa: E731
    time = lambda p, t: t  # noqa: E731
    chosen("One large file over a unix socket, bytes per second",
           "raw: a bare gathered write of the same file. The receiver discards, on a thread of its own.",
           ["loopback/raw", "loopback/hijacked", "loopback/tunnel"], throughput, lambda v: quantity(v) + "B/s")
    chosen("Many files over a unix socket", "list: entries only; many: entries and contents.",
           [f"loopback/{n}" for n in ("list_hijacked", "list_tunnel", "many_hijacked", "many_tunnel")], time, seconds)
    chosen("Walk of a tree", "bare: only getdents64 and statx, by as many threads. The number is that of exclusion rules.",
           ["walk/bare", *(f"walk/walk/{n}" for n in (0, 1, 30, 300))], time, seconds)
    chosen("Matching one path", "The number is that of rules.", [f"match/match/{n}" for n in (0, 1, 30, 300)], time, seconds)
    rows = [[text(p["program"]), text(p["name"]), seconds(p["seconds"]),
             " – ".join(seconds(v) for v in p["spread"]), seconds(p["cpu_seconds"]),
             text(", ".join(f"{k} {quantity(v).strip() if v >= 1000 else f'{v:.3g}'}" for k, v in p["counters"].items()))]
            for p in report["parts"]]
    out.append("<h3>All benchmark programs</h3>" + table(["program", "benchmark", "median", "range", "CPU", "counters"], rows))
    return "".join(out)


def render(report):
    cases = report["cases"]
    m = report["machine"]
    body = [f"<h1>peelbox beside the reference clients</h1><p>{text(m['date'])}, peelbox {text(m['peelbox'])}, "
            f"{m['cores']} cores of {text(m['cpu'])}, Linux {text(m['kernel'])}, load {m['load_at_start']} at the start. "
            f"{'Full sizes.' if report['scale'] == 'full' else 'A quick run: smaller trees, so the limits do not apply.'}</p>"]
    for missing in report["not_run"]:
        body.append(f'<p class="bad">Not run: {text(missing["name"])} ({text(missing["what"])}): {text(missing["why"])}</p>')
    if any(c["limits"] for c in cases) or report["comparisons"]:
        body.append("<h2>What was to be shown</h2>" + limits_list(cases, report["comparisons"]))
    if cases:
        note = ("Ratio to the reference client, taken within each pair: dots are pairs, the bar is their median, the line from the "
                "smallest to the largest, the tick a limit. Left of 1 is better.")
        body.append(f"<h2>Wall time</h2><p>{note}</p>" + ratio_plot(cases, "wall_ratio", "wall", "ratio of wall time"))
        body.append("<h2>Client CPU</h2><p>User and system seconds of all the client's processes.</p>"
                    + ratio_plot(cases, "cpu_ratio", "cpu", "ratio of client CPU"))
        body.append("<h2>Peak memory</h2><p>Median of the largest process in MB (10⁶ bytes): peelbox above, the reference below; "
                    "whiskers are the range.</p>" + memory_plot(cases))
        body.append("<h2>The cases</h2><ul>" + "".join(
            f"<li><b>{text(c['name'])}</b>: {text(c['what'])}; {c['runs']} pairs with {text(c['peer'])}</li>" for c in cases) + "</ul>")
        body.append("<h2>Medians, and their ranges</h2><p>Daemon CPU is that of the daemon's own process during the client's run.</p>"
                    + case_table(cases))
        if any("counted" in c for c in cases):
            body.append("<h2>Bytes and system calls</h2><p>From one more run of each client, which is not timed.</p>"
                        + counted_table(cases))
    if report["parts"]:
        body.append("<h2>Parts</h2>" + part_sections(report))
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>peelbox benchmarks</title><style>{STYLE}</style><body>{''.join(body)}</body></html>\n")
