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
_END_BADGES = {"COMMITTED", "FAILED", "CANCELLED", "OUTCOME UNKNOWN", "ENDED", "RESOLVED"}
_APPLIED = re.compile(r"\bapplied(?: before that)?: (.*)\.", re.IGNORECASE)
# Who acknowledges here says what nobody has said before.
_LOOKING_AFTER = re.compile(r"\bis looking after it: (look-\d+)")
_ACKNOWLEDGED_BY = re.compile(r"^Acknowledged by \w+: (look-\d+)")
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
    #: What was said with the acknowledgement that it tells of, "" if it tells of none.
    acknowledgement: str = ""
    #: Whether another message may be the same to the byte, so that nothing tells them apart.
    is_nameless: bool = False

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
        is_end=payload["status"] == "resolved", title=annotations.get("summary", ""),
        database=labels.get("database", ""), begin=alerts[0]["startsAt"], end=alerts[0]["endsAt"], outcome=annotations.get("outcome", ""),
        applied=applied_by(annotations.get("description", "")), acknowledgement=_acknowledgement_of(payload["lockkeeper"]))


def applied_by(summary):
    """What the tool's history calls what a migration applied, by the sentence about it."""
    applied = _APPLIED.search(summary)
    return tuple(applied.group(1).split(", ")) if applied else ()


def _acknowledgement_of(details):
    if details["reason"] != "acknowledged":
        return ""
    said = [match.group(1) for entry in details["timeline"] if (match := _ACKNOWLEDGED_BY.match(entry["text"]))]
    return said[-1]


def of_slack(headers, body):
    """An incoming webhook of Slack, which knows no keys: the same text is the same message."""
    payload = json.loads(body)
    badge = _SLACK_BADGE.match(payload["blocks"][1]["elements"][0]["text"]).group(1)
    return Message(
        key=_digest(body), incident=_incident(json.dumps(payload)),
        is_end=badge in _END_BADGES, title=payload["text"], acknowledgement=_looking_after(json.dumps(payload)))


def of_mail(content):
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    text = parsed.get_body(preferencelist=("plain",)).get_content()
    subject = str(parsed["Subject"])
    return Message(
        key=str(parsed["Message-ID"]), incident=_incident(text),
        is_end=_MAIL_BADGE.match(subject).group(1) in _END_BADGES, title=subject, acknowledgement=_looking_after(text))


def of_pagerduty(event):
    """An event of PagerDuty's Events API, version 2, as an object."""
    payload = event.get("payload", {})
    text = json.dumps(event, sort_keys=True)
    # The key of a migration's incident is its name. That of others stands for all their lives.
    incident = event["dedup_key"] if event["dedup_key"].startswith("run-") else _incident(text) or event["dedup_key"]
    return Message(
        key=_digest(text.encode()), incident=incident, is_end=event["event_action"] == "resolve" or payload.get("severity") == "critical",
        title=payload.get("summary", event["event_action"]), database=payload.get("component", ""),
        is_nameless=event["event_action"] == "acknowledge")


def _digest(body):
    return hashlib.sha256(body).hexdigest()[:20]


def _looking_after(text):
    match = _LOOKING_AFTER.search(text)
    return match.group(1) if match else ""


def _incident(text):
    match = _INCIDENT.search(text)
    return match.group(1) if match else ""
