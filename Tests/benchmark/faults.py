"""Answers that go wrong, at random and until told to stop."""

import threading

from arrivals import Answer


class Faults:
    """Shared by all receivers; what each of them gets depends on the order of arrival."""

    def __init__(self, generator, share):
        """share: of the answers that are not acceptance, from 0 to 1."""
        self._generator = generator
        self._lock = threading.Lock()
        self.share = share

    def answer(self):
        with self._lock:
            if self._generator.random() >= self.share:
                return Answer.ACCEPT
            return self._generator.choice([Answer.FAIL, Answer.LIMIT, Answer.NONE])

    def mail_answer(self):
        answer = self.answer()
        # There is no `Retry-After` in SMTP.
        return Answer.FAIL if answer is Answer.LIMIT else answer

    def keyed_answer(self):
        answer = self.answer()
        with self._lock:
            return Answer.GATEWAY if answer is Answer.NONE and self._generator.random() < 0.5 else answer

    def page_answer(self, method):
        """Questions fail less often, or it hardly ever came to what they are for."""
        answer = self.keyed_answer()
        with self._lock:
            return Answer.ACCEPT if method == "GET" and self._generator.random() < 0.7 else answer

    def is_heard(self):
        """Whether what gets no answer of the receiver has been understood all the same: by a receiver that keeps a state, either may be."""
        with self._lock:
            return self._generator.random() < 0.5

    def refuses_recipient(self):
        with self._lock:
            return self._generator.random() < self.share / 3
