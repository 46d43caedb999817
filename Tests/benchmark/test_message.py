"""What is read from messages."""

import json
import pathlib
import unittest

import message

GOLDEN = pathlib.Path(__file__).parents[1] / "LockkeeperNotifyTests" / "Golden"


def golden(name):
    return (GOLDEN / name).read_bytes()


class MessageTests(unittest.TestCase):
    def test_begin_and_end_of_a_migration_are_told_apart(self):
        read = {
            "webhook.json": lambda body: message.of_webhook({"Idempotency-Key": "a"}, body),
            "slack.json": lambda body: message.of_slack({}, body),
        }
        for kind, of in read.items():
            for name, is_end in (("started", False), ("runningLong", False), ("committed", True), ("failed", True)):
                said = of(golden(f"{name}.{kind}"))
                self.assertEqual((said.incident, said.is_end, said.acknowledgement), ("run-7k2m", is_end, ""), f"{name}.{kind}")

    def test_pagerduty_is_told_by_key(self):
        for name, is_end in (("started.trigger", False), ("committed.resolve", True), ("failed.resolve", True)):
            said = message.of_pagerduty(json.loads(golden(f"{name}.pagerduty.json")))
            self.assertEqual((said.incident, said.is_end, said.is_nameless), ("run-7k2m", is_end, False), name)
        acknowledgement = {"routing_key": "x", "event_action": "acknowledge", "dedup_key": "run-7k2m"}
        self.assertTrue(message.of_pagerduty(acknowledgement).is_nameless)

    def test_an_acknowledgement_is_read_from_the_webhook(self):
        payload = json.loads(golden("started.webhook.json"))
        payload["lockkeeper"]["timeline"].append({"at": "", "severity": "info", "text": "Acknowledged by nobody: look-7."})
        self.assertEqual(message.of_webhook({"Idempotency-Key": "a"}, json.dumps(payload)).acknowledgement, "")
        payload["lockkeeper"]["reason"] = "acknowledged"
        self.assertEqual(message.of_webhook({"Idempotency-Key": "a"}, json.dumps(payload)).acknowledgement, "look-7")

    def test_an_acknowledgement_is_read_from_slack(self):
        payload = json.loads(golden("started.slack.json"))
        payload["blocks"].insert(2, {"type": "section", "text": {"type": "mrkdwn", "text": "_nobody is looking after it: look-7_"}})
        self.assertEqual(message.of_slack({}, json.dumps(payload).encode()).acknowledgement, "look-7")

    def test_what_was_applied_is_read_from_the_sentence(self):
        self.assertEqual(message.applied_by("Applied: #1, #2."), ("#1", "#2"))
        self.assertEqual(message.applied_by("It is at work."), ())


if __name__ == "__main__":
    unittest.main()
