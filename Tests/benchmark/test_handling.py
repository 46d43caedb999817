"""What is kept of the agent's answers to those who handle incidents."""

import random
import time
import unittest

from handling import Handling


class Agent:
    """Answers as it is told to, then as one that does what it is asked; forgets silences when told to."""

    is_up = True

    def __init__(self):
        self.answers = []
        self.asked = []
        self.silences = []
        self.forgets = False

    def ask(self, method, path, document=None, token=None):
        self.asked.append((method, path, document))
        if method == "GET" and path == "/api/v1/silences":
            return 200, {"silences": [] if self.forgets else self.silences}
        if self.answers:
            return self.answers.pop(0)
        if path == "/api/v1/silences":
            silence = {"id": "silence-1", "starts_at": "2100-01-01T00:00:00Z", "ends_at": document["ends_at"]}
            self.silences.append(silence)
            return 201, silence
        if method == "DELETE":
            # It has to say that it is JSON.
            return (415 if document is None else 200), {}
        if method == "GET":
            return 200, {"incidents": [{"id": "run-1"}]}
        return 200, {"told_receivers": ["hook"]}

    def configure(self, configuration):
        pass


class HandlingTests(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.handling = Handling(self.agent, {"targets": [{}]}, ["app"], random.Random(1))

    def test_a_silence_is_confirmed_when_it_is_answered(self):
        self.handling._silence()
        silence, = self.handling.silences
        self.assertEqual((silence.database, silence.id), ("app", "silence-1"))
        self.assertLess(silence.certain[0], silence.certain[1])
        self.assertEqual(self.handling.failures, [])

    def test_one_without_an_answer_is_asked_for_again_in_the_same_words(self):
        self.agent.answers = [None, (503, {})]
        self.handling._silence()
        self.assertEqual(len({str(wish) for wish in self.agent.asked}), 1)
        self.assertEqual(len(self.agent.asked), 3)
        self.assertEqual(len(self.handling.silences), 1)

    def test_one_that_was_refused_is_a_failure_and_not_confirmed(self):
        self.agent.answers = [(400, {})]
        self.handling._silence()
        self.assertEqual(self.handling.failures[0][0], "wrong")
        self.assertEqual(self.handling.silences[0].id, "")

    def test_one_that_was_confirmed_and_is_not_listed_is_lost(self):
        self.handling._silence()
        self.handling._check_silences()
        self.assertEqual(self.handling.failures, [])
        self.agent.forgets = True
        self.handling._check_silences()
        self.assertEqual(self.handling.failures[0][0], "lost")

    def test_one_whose_end_was_asked_for_need_not_be_listed(self):
        self.handling._silence()
        self.handling.silences[0].ends_at = time.time() + 10
        self.handling._expire()
        self.agent.forgets = True
        self.handling._check_silences()
        self.assertEqual(self.handling.failures, [])
        self.assertLessEqual(self.handling.silences[0].possible[1], time.time())

    def test_acknowledgements_are_kept_with_who_was_told(self):
        self.handling._acknowledge()
        kept, = self.handling.acknowledgements
        self.assertEqual((kept.incident, kept.comment, kept.told, kept.is_muted), ("run-1", "look-1", ["hook"], False))

    def test_what_was_over_is_not_acknowledged(self):
        self.agent.answers = [(200, {"incidents": [{"id": "run-1"}]}), (409, {})]
        self.handling._acknowledge()
        self.assertEqual((self.handling.acknowledgements, self.handling.failures), ([], []))

    def test_a_configuration_that_is_refused_is_a_failure(self):
        self.agent.answers = [(422, {})]
        self.handling._reload()
        self.assertEqual(self.handling.failures[0][0], "wrong")


if __name__ == "__main__":
    unittest.main()
