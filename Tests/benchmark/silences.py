"""When somebody silenced a database, by what the agent's API said."""

import dataclasses
import math


@dataclasses.dataclass
class Silence:
    """Times are of time.time(), which is the agent's clock too."""

    database: str
    #: It was asked for.
    asked_at: float
    #: As it was asked for.
    ends_at: float
    #: By the API's answer; "" as long as none has come.
    id: str = ""
    #: By the API's answer.
    starts_at: float = math.inf
    #: The answer had come.
    confirmed_at: float = math.inf
    #: Its end was asked for.
    expiry_asked_at: float = math.inf
    #: Its end was confirmed.
    expired_at: float = math.inf

    def __str__(self):
        return f"the silence {self.id or 'without an answer'} of {self.database} from {self.asked_at:.2f} to {self.possible[1]:.2f}"

    @property
    def possible(self):
        """When it may have been in force."""
        # An answer that a kill took away may have been the first of two.
        return self.asked_at, min(self.ends_at, self.expired_at)

    @property
    def certain(self):
        """When it was in force; empty where the agent has not said so."""
        return min(self.confirmed_at, self.ends_at), min(self.ends_at, self.expiry_asked_at)


def uncovered(begin, end, windows):
    """The longest part of a time that lies in none of the windows, in seconds."""
    longest, reached = 0.0, begin
    for first, last in sorted(windows):
        if last <= reached:
            continue
        if first >= end:
            break
        longest = max(longest, first - reached)
        reached = last
    return max(longest, end - reached)
