"""PagerDuty's Events API, version 2, on a port of its own."""

import collections
import dataclasses
import json
import re
import threading

import message
from arrivals import Answer, Arrival
from http_endpoint import HTTPEndpoint, Response

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_EVENT_FIELDS = {"routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"}
_PAYLOAD_FIELDS = {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}


@dataclasses.dataclass
class PagerIncident:
    """What PagerDuty knows by a `dedup_key`."""

    key: str
    #: `triggered`, `acknowledged` or `resolved`
    standing: str = ""
    #: How often somebody was called for it anew.
    openings: int = 0
    #: Whether what opened it last said that it had ended, and badly: somebody is to see to that, and resolves it by hand.
    is_about_end: bool = False


class PagerDutyReceiver(HTTPEndpoint):
    """Takes events as the documentation describes them and no others, and keeps how each incident stands."""

    def __init__(self, name, arrivals, choose=lambda: Answer.ACCEPT, hears=lambda: True):
        """
        choose: says how the next event is answered.
        hears: whether the next event counts to which no answer is known.
        """
        self.incidents = {}
        #: Acknowledgements and ends of what had never begun here.
        self.unknown = collections.Counter()
        self._choose = choose
        self._hears = hears
        self._lock = threading.Lock()
        super().__init__(name, arrivals)

    def respond(self, request):
        if (request.method, request.path) != ("POST", "/v2/enqueue"):
            return self.refuse(request, 404, "there is nothing here")
        problems, event = read_event(request.headers["Content-Type"], request.body)
        if problems:
            return self.refuse(request, 400, "; ".join(problems))
        answer = self._choose()
        arrival = Arrival(self.name, "", message.of_pagerduty(event), request.at, answer, life=request.life)
        if answer is Answer.ACCEPT or answer.is_unknown and self._hears():
            with self._lock:
                self._take(event, arrival.message.is_end)
        self.arrivals.take(arrival)
        said = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return Response.to(arrival, 202, json.dumps(said).encode())

    def _take(self, event, is_end):
        key, action = event["dedup_key"], event["event_action"]
        incident = self.incidents.get(key)
        if action == "trigger":
            incident = self.incidents.setdefault(key, PagerIncident(key))
            if incident.standing in ("", "resolved"):
                incident.openings += 1
                incident.is_about_end = is_end
                incident.standing = "triggered"
        elif incident is None:
            # As PagerDuty does: says that all is well, and does nothing.
            self.unknown[action] += 1
        elif action == "resolve":
            incident.standing = "resolved"
        elif incident.standing == "triggered":
            incident.standing = "acknowledged"


def read_event(content_type, body):
    """What is wrong with an event, and the event."""
    problems = []
    if not (content_type or "").startswith("application/json"):
        problems.append("Content-Type is not application/json")
    if len(body) > 512 * 1024:
        problems.append("too large")
    try:
        event = json.loads(body)
    except ValueError:
        return problems + ["no JSON"], {}
    if not isinstance(event, dict):
        return problems + ["no object"], {}

    def text(value, longest, place):
        if not isinstance(value, str) or not 1 <= len(value.encode("utf-16-le")) // 2 <= longest:
            problems.append(f"{place} is no text of 1 to {longest} characters")

    problems += [f"{field}: no such field" for field in event.keys() - _EVENT_FIELDS]
    if event.get("routing_key") != ROUTING_KEY:
        problems.append("routing_key is not ours")
    text(event.get("dedup_key"), 255, "dedup_key")
    action = event.get("event_action")
    if action not in ("trigger", "acknowledge", "resolve"):
        problems.append(f"event_action is {action}")
    if action == "trigger" or "payload" in event:
        payload = event.get("payload")
        if not isinstance(payload, dict):
            return problems + ["payload is no object"], event
        problems += [f"payload.{field}: no such field" for field in payload.keys() - _PAYLOAD_FIELDS]
        text(payload.get("summary"), 1024, "payload.summary")
        text(payload.get("source"), 255, "payload.source")
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            problems.append(f"payload.severity is {payload.get('severity')}")
        if "timestamp" in payload and not _TIME.fullmatch(str(payload["timestamp"])):
            problems.append(f"payload.timestamp is {payload['timestamp']}")
        for field in payload.keys() & {"component", "group", "class"}:
            text(payload[field], 255, f"payload.{field}")
        if not isinstance(payload.get("custom_details", {}), dict):
            problems.append("payload.custom_details is no object")
    for place, link in enumerate(event.get("links", [])):
        if link.keys() - {"href", "text"} or not str(link.get("href")).startswith(("http://", "https://")):
            problems.append(f"links[{place}] is no link")
    return problems, event
