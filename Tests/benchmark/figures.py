"""What was measured, for people and for programs."""

import json


class Figures:
    """Rows of a table, in sections."""

    def __init__(self):
        self.facts = {}
        self._sections = []

    def section(self, name, title):
        section = Section(name, title)
        self._sections.append(section)
        return section

    def json(self):
        return json.dumps({
            "facts": self.facts, "figures": {section.name: section.rows for section in self._sections},
        }, indent=2)

    def text(self):
        lines = [f"{name}: {value}" for name, value in self.facts.items()]
        for section in self._sections:
            lines += ["", section.title]
            width = max((len(row["what"]) for row in section.rows), default=0)
            for row in section.rows:
                value = "   ".join(f"{name} {_number(number)}" for name, number in row["values"].items())
                unit = f" {row['unit']}" if row["unit"] else ""
                wanted = f"   (wanted: {row['wanted']})" if row["wanted"] else ""
                # The number alone needs no name.
                value = value.strip()
                lines.append(f"  {row['what']:<{width}}   {value}{unit}{wanted}")
        return "\n".join(lines)


class Section:
    def __init__(self, name, title):
        self.name = name
        self.title = title
        self.rows = []

    def add(self, what, values, unit="", wanted=""):
        """values: one number, or several by name."""
        if not isinstance(values, dict):
            values = {"": values}
        self.rows.append({"what": what, "values": values, "unit": unit, "wanted": wanted})


def _number(value):
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
    return str(value)
