"""Percentiles of measured times."""

import math


class Distribution:
    def __init__(self, seconds):
        self._sorted = sorted(seconds)

    def percentile(self, percent):
        """By the nearest rank: a time that was really measured."""
        return self._sorted[max(0, math.ceil(len(self._sorted) * percent / 100) - 1)]

    def milliseconds(self, *percents):
        """`{"p50": …, "max": …, "count": …}`"""
        figures = {f"p{percent}": round(self.percentile(percent) * 1000, 3) for percent in percents}
        return {**figures, "max": round(self._sorted[-1] * 1000, 3), "count": len(self._sorted)}
