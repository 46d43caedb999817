"""What was wrong, by the promise that it breaks."""

import collections
import dataclasses


@dataclasses.dataclass
class Findings:
    #: One sentence each.
    violations: list = dataclasses.field(default_factory=list)
    #: How many of them there are of each kind.
    kinds: collections.Counter = dataclasses.field(default_factory=collections.Counter)

    def lost(self, text):
        """Somebody was not told, or what was confirmed was forgotten."""
        self._add("lost", text)

    def doubled(self, text):
        """Somebody was told the same twice without need."""
        self._add("doubled", text)

    def without_end(self, text):
        """Somebody was told that something began, not how it ended."""
        self._add("begins without end", text)

    def wrong(self, text):
        self._add("otherwise wrong", text)

    def add(self, other):
        self.violations += other.violations
        self.kinds += other.kinds

    def _add(self, kind, text):
        self.kinds[kind] += 1
        self.violations.append(text)
