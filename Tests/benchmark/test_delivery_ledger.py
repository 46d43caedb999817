"""python -m unittest discover Tests/benchmark"""

import dataclasses
import unittest

from arrivals import Answer, Arrival, Arrivals
from delivery_ledger import judge
from message import Message


def arrival(key="a", incident="run-1", is_end=False, at=0.0, answer=Answer.ACCEPT, life=0, receiver="hook"):
    message = Message(key=key, incident=incident, is_end=is_end, title=f"{incident} {'committed' if is_end else 'started'}")
    answered = float("inf") if answer is Answer.NONE else at + 0.001
    return Arrival(receiver, "", message, at, answer, answered, life)


BEGIN, END = arrival(), arrival(key="b", is_end=True, at=3)
END_OF_LIFE_1 = arrival(key="b", is_end=True, at=3, life=1)


class DeliveryLedgerTests(unittest.TestCase):
    def violations(self, *arrivals, kills=None):
        return judge(list(arrivals), kills or {}, grace=1).violations

    def test_a_begin_and_its_end_are_right(self):
        self.assertEqual(self.violations(BEGIN, END), [])

    def test_an_end_of_what_was_never_told_of_is_right(self):
        self.assertEqual(self.violations(END), [])

    def test_a_begin_without_an_end_is_wrong(self):
        self.assertIn("not that it ended", self.violations(BEGIN)[0])

    def test_an_end_that_was_not_taken_is_none(self):
        self.assertTrue(self.violations(BEGIN, arrival(key="b", is_end=True, answer=Answer.FAIL)))

    def test_a_message_that_comes_again_in_the_same_life_is_wrong(self):
        self.assertIn("came again", self.violations(BEGIN, arrival(at=1), END)[0])

    def test_a_message_may_come_again_after_a_refusal(self):
        self.assertEqual(self.violations(arrival(answer=Answer.LIMIT), arrival(at=1), END), [])

    def test_a_message_may_come_again_where_no_answer_was_given(self):
        self.assertEqual(self.violations(arrival(answer=Answer.NONE), arrival(at=1), END), [])

    def test_a_message_may_come_again_where_a_gateway_answered(self):
        self.assertEqual(self.violations(arrival(answer=Answer.GATEWAY), arrival(at=1), END), [])

    def test_a_message_may_come_again_where_the_agent_was_killed_with_the_answer_in_its_hand(self):
        self.assertEqual(self.violations(BEGIN, arrival(at=2, life=1), END, kills={0: 0.3}), [])

    def test_a_message_must_not_come_again_where_the_agent_had_long_had_its_answer(self):
        self.assertIn("came again", self.violations(BEGIN, arrival(at=3, life=1), END, kills={0: 2.5})[0])

    def test_a_copy_of_a_copy_is_judged_by_the_last_answer(self):
        copies = [BEGIN, arrival(at=1, life=1), arrival(at=2, life=1)]
        self.assertIn("in the same life", self.violations(*copies, END, kills={0: 0.1})[0])

    def test_what_a_dead_agent_sent_is_older_than_what_the_next_one_did_however_late_it_was_read(self):
        arrivals = Arrivals()
        for taken in (arrival(at=2, life=1), END_OF_LIFE_1, arrival(at=4)):
            arrivals.take(taken)
        self.assertEqual(self.violations(*arrivals.in_order(), kills={0: 1.5}), [])
        self.assertIn("after its end", self.violations(*arrivals.all, kills={0: 1.5})[-1])

    def test_a_key_that_is_used_twice_is_wrong(self):
        self.assertTrue(self.violations(BEGIN, arrival(incident="run-2", at=1, answer=Answer.NONE), END))

    def test_news_after_the_end_are_wrong(self):
        self.assertIn("after its end", self.violations(BEGIN, END, arrival(key="c", at=4))[0])

    def test_what_one_receiver_hears_the_others_hear_too(self):
        other = [arrival(receiver="chat", incident="run-2"), arrival(receiver="chat", incident="run-2", key="b", is_end=True, at=1)]
        self.assertEqual(len(self.violations(BEGIN, END, *other)), 2)

    def test_what_nothing_tells_apart_may_come_again(self):
        acknowledgements = [arrival(key="c", at=at) for at in (1, 2)]
        self.assertIn("came again", self.violations(BEGIN, *acknowledgements, END)[0])
        for nameless in acknowledgements:
            nameless.message = dataclasses.replace(nameless.message, is_nameless=True)
        self.assertEqual(self.violations(BEGIN, *acknowledgements, END), [])

    def test_a_message_that_was_never_taken_is_lost_unless_its_receiver_keeps_a_state_and_knows_a_newer_one(self):
        refused = arrival(key="c", at=1, answer=Answer.FAIL)
        self.assertEqual(dict(judge([BEGIN, refused, END], {}, 1).kinds), {"lost": 1})
        self.assertEqual(judge([BEGIN, refused, END], {}, 1, keyed=["hook"]).violations, [])
        late = arrival(key="c", at=5, answer=Answer.FAIL)
        self.assertEqual(dict(judge([BEGIN, END, late], {}, 1, keyed=["hook"]).kinds), {"lost": 1})

    def test_what_is_wrong_is_counted_by_the_promise_that_it_breaks(self):
        other = arrival(key="c", receiver="chat", incident="run-2")
        verdict = judge([BEGIN, arrival(at=1), other, arrival(receiver="chat"), arrival(receiver="chat", is_end=True, key="b")], {}, 1)
        self.assertEqual(dict(verdict.kinds), {"doubled": 1, "begins without end": 2, "lost": 1})

    def test_alerts_need_not_be_over(self):
        self.assertEqual(self.violations(arrival(incident="alert-1")), [])


if __name__ == "__main__":
    unittest.main()
