"""What a receiver can tell from a message by itself."""

import dataclasses
import email
import email.policy
import hashlib
import json
import re

# The link into the agent's page, which every message has when there is an external URL.
_INCIDENT = re.compile(r"[?&]incident=([A-Za-z0-9_.-]+)")
# How titles of incidents that are over end, besides the webhook's own `status`.
_END = re.compile(r"\b(committed|FAILED|was cancelled|outcome unknown|is no longer watched|resolved|is over)\b")


@dataclasses.dataclass(frozen=True)
class Message:
    """One message as it arrived."""

    #: Names the delivery: the same when it is sent again.
    key: str
    incident: str
    #: Whether it says that the incident is over.
    is_end: bool
    title: str
    database: str = ""
    #: RFC 3339, by the watched server's clock; only the webhook says it.
    begin: str = ""

    @property
    def is_of_migration(self):
        return self.incident.startswith("run-")


def of_webhook(headers, body):
    """The generic webhook: Alertmanager's version "4"."""
    payload = json.loads(body)
    alerts = payload["alerts"]
    labels = {**payload.get("commonLabels", {}), **alerts[0].get("labels", {})}
    annotations = {**payload.get("commonAnnotations", {}), **alerts[0].get("annotations", {})}
    return Message(
        key=headers["Idempotency-Key"] or "", incident=_incident(json.dumps(payload)),
        is_end=payload["status"] == "resolved", title=annotations.get("title") or annotations.get("summary", ""),
        database=labels.get("database", ""), begin=alerts[0].get("startsAt", ""))


def of_slack(headers, body):
    """An incoming webhook of Slack, which knows no keys: the same text is the same message."""
    payload = json.loads(body)
    title = payload["text"]
    return Message(
        key=headers["Idempotency-Key"] or hashlib.sha256(body).hexdigest()[:20],
        incident=_incident(json.dumps(payload)), is_end=bool(_END.search(title)), title=title)


def of_mail(content):
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    text = parsed.get_body(preferencelist=("plain",)).get_content()
    # The subject is the thread's and stays the same; the first line of the text is the headline.
    title = f"{parsed['Subject']} | {text.strip().splitlines()[0]}"
    return Message(key=str(parsed["Message-ID"]), incident=_incident(text), is_end=bool(_END.search(title)), title=title)


def _incident(text):
    match = _INCIDENT.search(text)
    return match.group(1) if match else ""
