# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables for a person."""


def head(result):
    host = result["host"]
    print(f"leasewatch benchmark, {result['began']}, {'quick' if result['quick'] else 'full'} run\n"
          f"{host['cpus']} x {host['cpu']} ({host['machine']}), Linux {host['kernel']}, "
          f"load before {host['load_before']:.2f}\n"
          f"[a..b]: interval of the median, {result['interval']}", flush=True)


def show(section):
    """(title, rows, notes): the first row is the heading, the first column is words."""
    title, rows, notes = section
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    print(f"\n{title}")
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        print("  " + "  ".join(cells).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))
    for note in notes:
        print(f"  * {note}")
    print(end="", flush=True)


def foot(result, path):
    for name, why in result["failed"].items():
        print(f"\n{name} is missing: {why}")
    parts = ", ".join(f"{name} {seconds:.0f}" for name, seconds in result["seconds"].items())
    print(f"\ntook {result['duration_s']:.0f} s ({parts}); all figures: {path}", flush=True)


def spread(summary, form):
    """`12 [10..14]`; `form` formats one number."""
    if summary["low"] is None:
        return f"{form(summary['median'])} [?]"
    return f"{form(summary['median'])} [{form(summary['low'])}..{form(summary['high'])}]"
