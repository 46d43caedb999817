"""How silences and acknowledgements are judged."""

import unittest

from arrivals import Answer, Arrival
from handling import Acknowledged
from handling_ledger import judge_acknowledgements, judge_quiet, judge_silence
from message import Message
from silences import Silence, uncovered


def silence(begin, end, database="app", **more):
    return Silence(database, begin, end, id="silence-1", starts_at=begin, confirmed_at=begin, **more)


class SilenceTests(unittest.TestCase):
    def test_what_lies_in_no_window_is_measured(self):
        self.assertEqual(uncovered(0, 10, []), 10)
        self.assertEqual(uncovered(0, 10, [(-5, 11)]), 0)
        self.assertEqual(uncovered(0, 10, [(6, 20), (-5, 2)]), 4)
        self.assertEqual(uncovered(0, 10, [(0, 4), (1, 2), (3, 7)]), 3)
        self.assertEqual(uncovered(0, 10, [(20, 30)]), 10)

    def test_one_whose_answer_was_lost_is_possible_and_not_certain(self):
        lost = Silence("app", 1, 5)
        self.assertEqual(lost.possible, (1, 5))
        self.assertGreaterEqual(lost.certain[0], lost.certain[1])

    def test_one_whose_end_was_asked_for_is_certain_until_then_and_possible_until_that_was_confirmed(self):
        self.assertEqual(silence(1, 9, expiry_asked_at=5).possible, (1, 9))
        self.assertEqual(silence(1, 9, expiry_asked_at=5, expired_at=6).possible, (1, 6))
        self.assertEqual(silence(1, 9, expiry_asked_at=5, expired_at=6).certain, (1, 5))


class SilentIncidentTests(unittest.TestCase):
    def kinds(self, *silences, opened=10.0, closed=15.0, deaths=()):
        return dict(judge_silence([("run-1", "app", opened, closed)], silences, list(deaths)).kinds)

    def test_what_began_and_ended_within_a_silence_need_not_be_told(self):
        self.assertEqual(self.kinds(silence(9, 16)), {})

    def test_what_no_silence_held_back_has_to_be_told(self):
        self.assertEqual(self.kinds(), {"lost": 1})

    def test_a_silence_of_another_database_is_no_excuse(self):
        self.assertEqual(self.kinds(silence(9, 16, "users")), {"lost": 1})

    def test_what_begins_before_the_silence_has_to_be_told(self):
        self.assertEqual(self.kinds(silence(10.2, 16)), {"lost": 1})

    def test_what_ends_after_the_silence_has_to_be_told(self):
        self.assertEqual(self.kinds(silence(9, 14.8)), {"lost": 1})

    def test_a_gap_between_two_silences_has_to_be_used(self):
        self.assertEqual(self.kinds(silence(9, 11), silence(13, 16)), {"lost": 1})
        self.assertEqual(self.kinds(silence(9, 12), silence(12.5, 16)), {})

    def test_a_dead_agent_tells_nothing_in_a_gap(self):
        self.assertEqual(self.kinds(silence(9, 11), silence(13, 16), deaths=[(10.5, 12.6)]), {})

    def test_a_silence_that_only_may_have_been_taken_is_an_excuse(self):
        self.assertEqual(self.kinds(Silence("app", 9, 16)), {})

    def test_one_that_was_ended_is_none(self):
        self.assertEqual(self.kinds(silence(9, 16, expiry_asked_at=11, expired_at=11.1)), {"lost": 1})


def told(at, begin="", is_end=False, acknowledgement="", key="a", receiver="hook", recipient="", answer=Answer.ACCEPT):
    return Arrival(receiver, recipient, Message(
        key, "run-1", is_end, "Migration started", database="app", begin=begin, acknowledgement=acknowledgement), at, answer)


class QuietTests(unittest.TestCase):
    def violations(self, *arrivals, silences):
        return judge_quiet(arrivals, silences, float).violations

    def test_what_begins_within_a_silence_is_not_told_before_its_end(self):
        self.assertEqual(len(self.violations(told(12, begin="11"), silences=[silence(10, 20)])), 1)
        self.assertEqual(len(self.violations(told(12, begin="11", is_end=True), silences=[silence(10, 20)])), 1)
        self.assertEqual(self.violations(told(20.1, begin="11"), silences=[silence(10, 20)]), [])

    def test_what_began_before_may_be_told_within(self):
        self.assertEqual(self.violations(told(12, begin="9"), silences=[silence(10, 20)]), [])

    def test_one_that_only_may_have_been_taken_holds_nothing_back(self):
        self.assertEqual(self.violations(told(12, begin="11"), silences=[Silence("app", 10, 20)]), [])

    def test_nor_does_one_of_another_database_or_that_was_ended(self):
        silences = [silence(10, 20, "users"), silence(10, 20, expiry_asked_at=11.5)]
        self.assertEqual(self.violations(told(12, begin="11"), silences=silences), [])


class AcknowledgementTests(unittest.TestCase):
    def kinds(self, *arrivals, told_receivers=("hook",), **more):
        acknowledged = Acknowledged("run-1", "look-1", list(told_receivers), more.pop("is_muted", False), **more)
        return dict(judge_acknowledgements(arrivals, [acknowledged], ("hook", "mail")).kinds)

    def test_who_was_told_of_it_is_told_that_somebody_looks_after_it(self):
        self.assertEqual(self.kinds(told(1), told(2, acknowledgement="look-1")), {})
        self.assertEqual(self.kinds(told(1)), {"lost": 1})
        self.assertEqual(self.kinds(told(1), told(2, acknowledgement="look-1", answer=Answer.FAIL)), {"lost": 1})
        # Everything was delivered: what got no answer came again.
        self.assertEqual(self.kinds(told(1), told(2, acknowledgement="look-1", answer=Answer.NONE)), {"lost": 1})

    def test_another_acknowledgement_is_not_this_one(self):
        self.assertEqual(self.kinds(told(1), told(2, acknowledgement="look-2")), {"lost": 1})

    def test_each_recipient_is_told(self):
        mails = [told(1, receiver="mail", recipient=name) for name in ("anna", "ben")]
        self.assertEqual(self.kinds(
            *mails, told(2, acknowledgement="look-1", receiver="mail", recipient="anna"), told_receivers=["mail"]), {"lost": 1})

    def test_who_was_not_told_of_it_need_not_be(self):
        self.assertEqual(self.kinds(told(1), told_receivers=[]), {})

    def test_receivers_that_keep_a_state_need_not_be(self):
        self.assertEqual(self.kinds(told(1, receiver="pager"), told_receivers=["pager"]), {})

    def test_what_is_muted_need_not_be_told(self):
        self.assertEqual(self.kinds(told(1), is_muted=True), {})

    def test_two_messages_about_one_acknowledgement_are_wrong(self):
        twice = [told(at, acknowledgement="look-1", key=key) for at, key in ((2, "b"), (3, "c"))]
        self.assertEqual(self.kinds(*twice), {"doubled": 1})
        self.assertEqual(self.kinds(*twice, is_repeated=True), {})

    def test_a_copy_of_one_message_is_judged_elsewhere(self):
        twice = [told(at, acknowledgement="look-1", key="b") for at in (2, 3)]
        self.assertEqual(self.kinds(*twice), {})


if __name__ == "__main__":
    unittest.main()
