"""What it costs to read rules, to evaluate them, and to keep the series that they look back on."""

import swift_program

# By a word of the figure's name: the first that is in it.
_WANTED = {"shipped": "≤ 1", "over": "≤ 100", "read": "≤ 50"}


def measure(_folder, _options, figures):
    section = figures.section("rules", "Rules and their series, on one core")
    for name, number, unit in swift_program.figures("RuleBenchmark"):
        wanted = next((limit for word, limit in _WANTED.items() if word in name), "") if unit == "ms" else ""
        section.add(name, number, unit, wanted)
