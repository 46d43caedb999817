"""What a receiver can tell from a message by itself."""

import dataclasses
import email
import email.policy
import hashlib
import json
import re

# The link into the agent's page, which every message has when there is an external URL.
_INCIDENT = re.compile(r"[?&]incident=([A-Za-z0-9_.-]+)")
# The word that a message presents itself with, when what it is about is over.
_END_BADGES = {"COMMITTED", "FAILED", "CANCELLED", "OUTCOME UNKNOWN", "RESOLVED"}
_APPLIED = re.compile(r"\bapplied(?: before that)?: (.*)\.", re.IGNORECASE)
_SLACK_BADGE = re.compile(r"\*([A-Z ]+)\*")
_MAIL_BADGE = re.compile(r"\[([A-Z ]+)\]")


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
    #: RFC 3339, by the watched server's clock; only the webhook says them.
    begin: str = ""
    end: str = ""
    #: Of a migration that is over: `committed`, `failed`, `cancelled`, `lost`; only the webhook says it.
    outcome: str = ""
    #: Of a migration that is over: what the tool's history calls what it applied; only the webhook says it.
    applied: tuple = ()

    @property
    def is_of_migration(self):
        return self.incident.startswith("run-")


def of_webhook(headers, body):
    """The generic webhook: Alertmanager's version "4"."""
    payload = json.loads(body)
    alerts = payload["alerts"]
    labels = {**payload.get("commonLabels", {}), **alerts[0].get("labels", {})}
    annotations = {**payload.get("commonAnnotations", {}), **alerts[0].get("annotations", {})}
    applied = _APPLIED.search(annotations.get("description", ""))
    return Message(
        key=headers["Idempotency-Key"] or "", incident=_incident(json.dumps(payload)),
        is_end=payload["status"] == "resolved", title=annotations.get("summary", ""),
        database=labels.get("database", ""), begin=alerts[0]["startsAt"], end=alerts[0]["endsAt"], outcome=annotations.get("outcome", ""),
        applied=tuple(applied.group(1).split(", ")) if applied else ())


def of_slack(headers, body):
    """An incoming webhook of Slack, which knows no keys: the same text is the same message."""
    payload = json.loads(body)
    badge = _SLACK_BADGE.match(payload["blocks"][1]["elements"][0]["text"]).group(1)
    return Message(
        key=hashlib.sha256(body).hexdigest()[:20], incident=_incident(json.dumps(payload)),
        is_end=badge in _END_BADGES, title=payload["text"])


def of_mail(content):
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    text = parsed.get_body(preferencelist=("plain",)).get_content()
    subject = str(parsed["Subject"])
    return Message(
        key=str(parsed["Message-ID"]), incident=_incident(text),
        is_end=_MAIL_BADGE.match(subject).group(1) in _END_BADGES, title=subject)


def _incident(text):
    match = _INCIDENT.search(text)
    return match.group(1) if match else ""
