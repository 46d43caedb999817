"""How quickly a full outbox is emptied while one receiver is dead, and how soon a transition is on the wire."""

import swift_program

_WANTED = {"wire, median": "≤ 20"}


def measure(_folder, _options, figures):
    section = figures.section("deliveries", "The outbox: 10,000 deliveries to 20 receivers, one of them dead; then one at a time")
    for name, number, unit in swift_program.figures("DeliveryBenchmark"):
        section.add(name, number, unit, next((limit for words, limit in _WANTED.items() if words in name), ""))
