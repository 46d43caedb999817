"""Whether the keyed receivers are as strict as what they stand for, and keep what that keeps."""

import json
import unittest
import urllib.error
import urllib.request

import pagerduty_receiver
import statuspage_receiver
from arrivals import Answer, Arrivals
from pagerduty_receiver import PagerDutyReceiver
from stable_identifier import derive
from statuspage_receiver import StatuspageReceiver


def ask(receiver, method, path, document=None, **headers):
    """Status and JSON; None where there was no answer."""
    request = urllib.request.Request(receiver.base_url + path, method=method, headers=headers)
    if document is not None:
        request.data = json.dumps(document).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return None


class PagerDutyReceiverTests(unittest.TestCase):
    def setUp(self):
        self.arrivals = Arrivals()
        self.answers, self.hears = [], True
        self.receiver = PagerDutyReceiver(
            "pager", self.arrivals, lambda: self.answers.pop(0) if self.answers else Answer.ACCEPT, lambda: self.hears)
        self.addCleanup(self.receiver.__exit__)

    def send(self, action, severity="info", **edits):
        event = {"routing_key": pagerduty_receiver.ROUTING_KEY, "event_action": action, "dedup_key": "run-1"}
        if action == "trigger":
            event["payload"] = {"summary": "Migration started", "source": "production", "severity": severity}
        answer = ask(self.receiver, "POST", "/v2/enqueue", {**event, **edits})
        return answer and answer[0]

    @property
    def incident(self):
        return self.receiver.incidents["run-1"]

    def test_it_keeps_how_an_incident_stands(self):
        standings = []
        for action in ("trigger", "trigger", "acknowledge", "trigger", "resolve", "acknowledge"):
            self.assertEqual(self.send(action), 202)
            standings.append(self.incident.standing)
        self.assertEqual(standings, ["triggered", "triggered", "acknowledged", "acknowledged", "resolved", "resolved"])
        self.assertEqual(self.incident.openings, 1)

    def test_a_trigger_after_the_end_opens_another(self):
        for action in ("trigger", "resolve", "trigger"):
            self.send(action)
        self.assertEqual((self.incident.openings, self.incident.standing), (2, "triggered"))

    def test_what_is_refused_changes_nothing(self):
        self.answers = [Answer.FAIL, Answer.LIMIT]
        self.assertEqual([self.send("trigger"), self.send("trigger")], [500, 429])
        self.assertEqual(self.receiver.incidents, {})

    def test_what_gets_no_answer_may_count(self):
        self.answers = [Answer.NONE, Answer.NONE]
        self.hears = False
        self.assertIsNone(self.send("trigger"))
        self.assertEqual(self.receiver.incidents, {})
        self.hears = True
        self.assertIsNone(self.send("trigger"))
        self.assertEqual(self.incident.standing, "triggered")

    def test_what_a_gateway_answers_may_count_too(self):
        self.answers = [Answer.GATEWAY]
        self.assertEqual(self.send("trigger"), 504)
        self.assertEqual(self.incident.standing, "triggered")

    def test_it_says_that_all_is_well_of_what_it_does_not_know(self):
        self.assertEqual(self.send("resolve"), 202)
        self.assertEqual((self.receiver.incidents, self.receiver.unknown["resolve"]), ({}, 1))

    def test_a_bad_end_of_which_nothing_was_known_is_told_from_a_begin(self):
        self.send("trigger", "critical")
        self.assertTrue(self.incident.is_about_end)

    def test_it_refuses_what_pagerduty_does(self):
        for edits in (
            {"routing_key": "another"}, {"event_action": "open"}, {"dedup_key": ""}, {"dedup_key": "x" * 256}, {"more": 1},
            {"payload": None}, {"payload": {"summary": "x", "source": "y", "severity": "bad"}},
            {"payload": {"summary": "x" * 1025, "source": "y", "severity": "info"}},
        ):
            self.assertEqual(self.send("trigger", **edits), 400, edits)
        self.assertEqual(len(self.arrivals.refused), 8)
        self.assertEqual(ask(self.receiver, "POST", "/v2/other", {})[0], 404)


class StatuspageReceiverTests(unittest.TestCase):
    PATH = f"/v1/pages/{statuspage_receiver.PAGE}/incidents"

    def setUp(self):
        self.arrivals = Arrivals()
        self.answers, self.hears = [], True
        self.receiver = StatuspageReceiver(
            "page", self.arrivals, lambda _: self.answers.pop(0) if self.answers else Answer.ACCEPT, lambda: self.hears, 10)
        self.addCleanup(self.receiver.__exit__)

    def send(self, method, path="", status="identified", component="under_maintenance", **edits):
        fields = {
            "name": "Database maintenance", "status": status, "body": f"It is {status}.", "deliver_notifications": True,
            "components": {statuspage_receiver.COMPONENT: component}, "component_ids": [statuspage_receiver.COMPONENT],
            "metadata": {"lockkeeper": {"key": "LK-1"}}, **edits,
        }
        return ask(
            self.receiver, method, self.PATH + path, {"incident": fields} if method != "GET" else None,
            Authorization=f"OAuth {statuspage_receiver.TOKEN}")

    def test_an_incident_is_opened_found_changed_and_not_found_any_more(self):
        status, created = self.send("POST")
        self.assertEqual((status, self.receiver.component), (201, "under_maintenance"))
        found = self.send("GET", "/unresolved")[1]
        self.assertEqual([incident["metadata"] for incident in found], [{"lockkeeper": {"key": "LK-1"}}])
        self.assertEqual(self.send("PATCH", f"/{created['id']}", "resolved", "operational")[0], 200)
        self.assertEqual(self.send("GET", "/unresolved"), (200, []))
        shown = self.send("GET", f"/{created['id']}")[1]
        self.assertEqual([update["status"] for update in shown["incident_updates"]], ["resolved", "identified"])
        self.assertEqual(self.receiver.component, "operational")

    def test_it_knows_no_keys(self):
        for _ in range(2):
            self.send("POST")
        self.assertEqual([incident.key for incident in self.receiver.incidents], ["LK-1", "LK-1"])

    def test_what_gets_no_answer_may_count(self):
        self.answers = [Answer.NONE, Answer.NONE]
        self.hears = False
        self.assertIsNone(self.send("POST"))
        self.assertEqual(self.receiver.incidents, [])
        self.hears = True
        self.assertIsNone(self.send("POST"))
        self.assertEqual(len(self.receiver.incidents), 1)
        self.answers = [Answer.GATEWAY]
        self.assertEqual(self.send("POST")[0], 504)
        self.assertEqual(len(self.receiver.incidents), 2)

    def test_what_is_refused_changes_nothing_and_questions_are_refused_too(self):
        self.answers = [Answer.FAIL, Answer.LIMIT, Answer.FAIL]
        self.assertEqual([self.send("POST")[0], self.send("POST")[0], self.send("GET", "/unresolved")[0]], [500, 429, 500])
        self.assertEqual(self.receiver.incidents, [])

    def test_it_refuses_what_statuspage_does(self):
        for edits in (
            {"name": ""}, {"status": "over"}, {"body": ""}, {"impact_override": "huge"}, {"deliver_notifications": None},
            {"components": {"another": "operational"}}, {"component_ids": []}, {"more": 1},
        ):
            self.assertEqual(self.send("POST", **edits)[0], 422, edits)
        self.assertEqual(self.send("PATCH", "/incident7")[0], 404)
        self.assertEqual(ask(self.receiver, "GET", self.PATH + "/unresolved")[0], 401)

    def test_a_component_is_set_without_an_incident(self):
        path = f"/v1/pages/{statuspage_receiver.PAGE}/components/{statuspage_receiver.COMPONENT}"
        token = f"OAuth {statuspage_receiver.TOKEN}"
        for body, status in (
            ({"component": {"status": "partial_outage"}}, 200), ({"component": {"status": "gone"}}, 422),
            ({"component": {"status": "operational", "name": "API"}}, 422), ({"status": "operational"}, 422),
        ):
            self.assertEqual(ask(self.receiver, "PATCH", path, body, Authorization=token)[0], status, body)
        self.answers = [Answer.FAIL]
        self.assertEqual(ask(self.receiver, "PATCH", path, {"component": {"status": "operational"}}, Authorization=token)[0], 500)
        self.assertEqual(self.receiver.component, "partial_outage")
        self.assertEqual(self.receiver.incidents, [])

    def test_it_answers_so_many_requests_a_minute(self):
        statuses = [self.send("GET", "/unresolved")[0] for _ in range(11)]
        self.assertEqual(statuses, [200] * 10 + [420])


class StableIdentifierTests(unittest.TestCase):
    def test_it_is_as_the_agent_derives_it(self):
        # Tests/LockkeeperNotifyTests/Golden/started.webhook.json
        self.assertEqual(derive("run-7k2m", "incidents", "1"), "cyq8h82j6ph7y")


if __name__ == "__main__":
    unittest.main()
