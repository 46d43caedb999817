"""How receivers that keep a state are judged."""

import collections
import unittest

from keyed_ledger import judge_page, judge_pager
from pagerduty_receiver import PagerIncident
from statuspage_receiver import PageIncident, PageUpdate


def pager_incident(standing="resolved", openings=1, is_about_end=False, key="run-1"):
    return PagerIncident(key, standing, openings, is_about_end)


class PagerTests(unittest.TestCase):
    def kinds(self, *incidents, unknown=()):
        return dict(judge_pager(incidents, collections.Counter(unknown)).kinds)

    def test_what_was_opened_once_and_resolved_is_right(self):
        self.assertEqual(self.kinds(pager_incident()), {})

    def test_what_is_left_open_is_wrong(self):
        for standing in ("triggered", "acknowledged"):
            self.assertEqual(self.kinds(pager_incident(standing)), {"begins without end": 1})

    def test_a_bad_end_of_which_nothing_was_known_is_left_to_somebody(self):
        self.assertEqual(self.kinds(pager_incident("triggered", is_about_end=True)), {})

    def test_what_was_opened_again_is_wrong(self):
        self.assertEqual(self.kinds(pager_incident(openings=2)), {"doubled": 1})

    def test_alerts_need_not_be_over(self):
        self.assertEqual(self.kinds(pager_incident("triggered", key="alert-1")), {})

    def test_an_acknowledgement_before_the_begin_is_wrong(self):
        self.assertEqual(self.kinds(unknown=["acknowledge"]), {"otherwise wrong": 1})

    def test_an_end_of_what_was_never_told_of_is_right(self):
        self.assertEqual(self.kinds(unknown=["resolve"]), {})


def page_incident(*statuses, key="LK-1", name="incident1"):
    updates = [PageUpdate(status, f"It is {status}.", float(at)) for at, status in enumerate(statuses)]
    return PageIncident(name, key, status=statuses[-1], updates=updates)


class PageTests(unittest.TestCase):
    def kinds(self, *incidents, component="operational", begun=("LK-1",), known=("LK-1", "LK-2")):
        return dict(judge_page(incidents, component, set(begun), set(known)).kinds)

    def test_what_was_shown_once_and_resolved_is_right(self):
        self.assertEqual(self.kinds(page_incident("identified", "resolved")), {})

    def test_what_is_left_open_is_wrong(self):
        self.assertEqual(self.kinds(page_incident("identified")), {"begins without end": 1})

    def test_a_second_incident_of_one_key_is_wrong(self):
        twice = [page_incident("identified", "resolved", name=name) for name in ("incident1", "incident2")]
        self.assertEqual(self.kinds(*twice), {"doubled": 1})

    def test_the_same_update_again_is_wrong(self):
        self.assertEqual(self.kinds(page_incident("identified", "resolved", "resolved")), {"doubled": 1})

    def test_news_after_the_end_are_wrong(self):
        self.assertEqual(self.kinds(page_incident("identified", "resolved", "monitoring", "resolved")), {"otherwise wrong": 1})

    def test_what_others_heard_to_begin_has_to_be_shown(self):
        self.assertEqual(self.kinds(), {"lost": 1})

    def test_what_others_heard_only_to_end_need_not_be_shown(self):
        self.assertEqual(self.kinds(begun=()), {})

    def test_what_nobody_else_has_heard_of_is_wrong(self):
        self.assertEqual(self.kinds(page_incident("identified", "resolved"), begun=(), known=()), {"otherwise wrong": 1})

    def test_a_component_that_is_left_as_it_was_set_is_wrong(self):
        self.assertEqual(
            self.kinds(page_incident("identified", "resolved"), component="under_maintenance"), {"begins without end": 1})


if __name__ == "__main__":
    unittest.main()
