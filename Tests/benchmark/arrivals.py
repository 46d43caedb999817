"""What reached the receivers, in the order of arrival."""

import dataclasses
import enum
import threading
import time

from message import Message


class Answer(enum.Enum):
    """What a receiver answers to a message that it has read."""

    ACCEPT = "accepted"
    #: 500, or 451 of a mail server: the message is not taken.
    FAIL = "failed"
    #: 429 with `Retry-After: 1`.
    LIMIT = "limited"
    #: The connection is closed without an answer: the sender cannot know.
    NONE = "not answered"
    #: 504 of a gateway before the receiver: the sender cannot know either.
    GATEWAY = "answered by a gateway"

    @property
    def is_unknown(self):
        """Whether the message may have been taken or not."""
        return self in (Answer.NONE, Answer.GATEWAY)


@dataclasses.dataclass
class Arrival:
    receiver: str
    #: The mail's recipient, else "".
    recipient: str
    message: Message
    #: time.monotonic()
    at: float
    answer: Answer
    #: The answer is out since; infinite before.
    answered_at: float = float("inf")
    #: Which of the agent's lives sent it, from 0: the one in which the connection was accepted.
    life: int = 0


class Arrivals:
    """Shared by all receivers."""

    def __init__(self):
        self.all = []
        #: What no receiver could read: receiver, reason and the begin of the body.
        self.refused = []
        self.life = 0
        #: Called with each arrival, before it is answered and after.
        self.before_answer = lambda arrival: None
        self.after_answer = lambda arrival: None
        self._changed = threading.Condition()

    def take(self, arrival):
        with self._changed:
            self.all.append(arrival)
            self._changed.notify_all()
        self.before_answer(arrival)

    def answered(self, arrival):
        arrival.answered_at = time.monotonic()
        self.after_answer(arrival)

    def refuse(self, receiver, reason, body):
        with self._changed:
            self.refused.append((receiver, reason, bytes(body[:500])))
            self._changed.notify_all()

    def in_order(self):
        """As they were sent: what one life of the agent sent before what the next did, however late it was read."""
        with self._changed:
            return sorted(self.all, key=lambda arrival: arrival.life)

    def wait(self, matching, timeout, after=0):
        """The first arrival from index `after` on that matches; `None` if none comes in time."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for arrival in self.all[after:]:
                    if matching(arrival):
                        return arrival
                after = len(self.all)
                left = deadline - time.monotonic()
                if left <= 0 or self.refused:
                    return None
                self._changed.wait(left)
