"""Atlassian's Statuspage, as far as its incidents go, on a port of its own."""

import collections
import dataclasses
import json
import threading
import time

from arrivals import Answer, Arrival
from http_endpoint import HTTPEndpoint, Response
from message import Message

PAGE = "kctbh9vrtdwd"
COMPONENT = "ftgks51sfs2d"
TOKEN = "a-token-of-the-test-page"
_FIELDS = {"name", "status", "impact_override", "body", "components", "component_ids", "deliver_notifications", "metadata"}
_STATUSES = {"investigating", "identified", "monitoring", "resolved"}
_IMPACTS = {"none", "minor", "major", "critical"}
_COMPONENT_STATUSES = {"operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"}


@dataclasses.dataclass
class PageUpdate:
    """What customers read, and get by mail."""

    status: str
    body: str
    #: time.monotonic()
    at: float


@dataclasses.dataclass
class PageIncident:
    id: str
    #: What the agent calls it, in the metadata.
    key: str
    name: str = ""
    status: str = ""
    #: The oldest first.
    updates: list = dataclasses.field(default_factory=list)


class StatuspageReceiver(HTTPEndpoint):
    """Takes requests as the documentation describes them and no others, and keeps the page. Knows no idempotency keys."""

    def __init__(self, name, arrivals, choose=lambda method: Answer.ACCEPT, hears=lambda: True, per_minute=60):
        """
        choose: says how the next request of a method is answered.
        hears: whether the next request counts to which no answer is known.
        per_minute: how many requests are answered in a minute.
        """
        self.incidents = []
        self.component = "operational"
        #: How often something was answered, by what.
        self.answers = collections.Counter()
        self._choose = choose
        self._hears = hears
        self._per_minute = per_minute
        self._recent = collections.deque()
        self._lock = threading.Lock()
        super().__init__(name, arrivals)

    def respond(self, request):
        prefix = f"/v1/pages/{PAGE}/"
        if request.headers["Authorization"] != f"OAuth {TOKEN}":
            return self.refuse(request, 401, "could not authenticate")
        if not request.path.startswith(prefix):
            return self.refuse(request, 404, "not found")
        with self._lock:
            if not self._is_within_limit():
                self.answers["too many requests"] += 1
                return Response(420, b'{"error": "rate limit exceeded"}', {"Retry-After": "2"})
            answer = self._choose(request.method)
            response = self._respond(request, request.path.removeprefix(prefix), answer)
        # Outside of the lock: it may be the instant at which the agent is killed.
        if response.arrival:
            self.arrivals.take(response.arrival)
        return response

    def _is_within_limit(self):
        now = time.monotonic()
        while self._recent and now - self._recent[0] > 60:
            self._recent.popleft()
        self._recent.append(now)
        return len(self._recent) <= self._per_minute

    def _respond(self, request, path, answer):
        if request.method == "GET":
            self.answers[f"GET {answer.value}"] += 1
            if answer is not Answer.ACCEPT:
                return Response.fault(answer)
            if path == "incidents/unresolved":
                return _document([self._shown(incident) for incident in reversed(self.incidents) if incident.status != "resolved"])
            incident = self._find(path)
            return _document(self._shown(incident)) if incident else self.refuse(request, 404, "not found")
        if (request.method, path) == ("PATCH", f"components/{COMPONENT}"):
            return self._set_component(request, answer)
        incident = None if request.method == "POST" else self._find(path)
        if incident is None and (request.method, path) != ("POST", "incidents"):
            return self.refuse(request, 404, "not found")
        problems, fields = read_incident(request.headers["Content-Type"], request.body, is_new=incident is None)
        if problems:
            return self.refuse(request, 422, "; ".join(problems))
        self.answers[f"{request.method} {answer.value}"] += 1
        key = fields.get("metadata", {}).get("lockkeeper", {}).get("key", incident.key if incident else "")
        said = Message(
            key=f"{request.method} {key} {fields['status']}", incident=key, is_end=fields["status"] == "resolved",
            title=f"{fields['status']}: {fields['body']}")
        arrival = Arrival(self.name, "", said, request.at, answer, life=request.life)
        if answer is Answer.ACCEPT or answer.is_unknown and self._hears():
            if incident is None:
                incident = PageIncident(f"incident{len(self.incidents) + 1}", key)
                self.incidents.append(incident)
            self._apply(fields, incident)
        if answer is not Answer.ACCEPT:
            return Response.to(arrival)
        return Response.to(arrival, 201 if request.method == "POST" else 200, json.dumps(self._shown(incident)).encode())

    def _set_component(self, request, answer):
        """Tells customers nothing."""
        status = read_component(request.body)
        if status is None:
            return self.refuse(request, 422, "not the status of a component")
        self.answers[f"component {answer.value}"] += 1
        if answer is Answer.ACCEPT or answer.is_unknown and self._hears():
            self.component = status
        return _document({"id": COMPONENT, "status": status}) if answer is Answer.ACCEPT else Response.fault(answer)

    def _find(self, path):
        return next((incident for incident in self.incidents if path == f"incidents/{incident.id}"), None)

    def _apply(self, fields, incident):
        incident.name = fields.get("name", incident.name)
        incident.status = fields["status"]
        incident.updates.append(PageUpdate(fields["status"], fields["body"], time.monotonic()))
        self.component = fields.get("components", {}).get(COMPONENT, self.component)

    def _shown(self, incident):
        return {
            "id": incident.id, "name": incident.name, "status": incident.status,
            "metadata": {"lockkeeper": {"key": incident.key}},
            "incident_updates": [{"status": update.status, "body": update.body} for update in reversed(incident.updates)],
            "components": [{"id": COMPONENT, "name": "API", "status": self.component}],
        }


def read_component(body):
    """The status that a component is to be given; `None` if that is not what the body says."""
    try:
        fields = json.loads(body)
        status = fields["component"]["status"]
        return status if fields == {"component": {"status": status}} and status in _COMPONENT_STATUSES else None
    except (ValueError, KeyError, TypeError):
        return None


def read_incident(content_type, body, is_new):
    """What is wrong with an incident that is to be created or changed, and its fields."""
    problems = []
    if not (content_type or "").startswith("application/json"):
        problems.append("Content-Type is not application/json")
    try:
        fields = json.loads(body)["incident"]
        unknown = fields.keys() - _FIELDS
    except (ValueError, KeyError, TypeError, AttributeError):
        return problems + ["the body is no incident"], {}
    problems += [f"{field}: no such field" for field in unknown]
    if is_new and not 1 <= len(fields.get("name", "")) <= 255:
        problems.append("name is empty or too long")
    if fields.get("status") not in _STATUSES:
        problems.append(f"status is {fields.get('status')}")
    if fields.get("impact_override", "none") not in _IMPACTS:
        problems.append(f"impact_override is {fields['impact_override']}")
    if not 1 <= len(fields.get("body", "")) <= 25_000:
        problems.append("body is empty or too long")
    components = fields.get("components", {})
    problems += [f"there is no component {name}" for name in components.keys() - {COMPONENT}]
    problems += [f"a component is {status}" for status in components.values() if status not in _COMPONENT_STATUSES]
    if sorted(fields.get("component_ids", [])) != sorted(components):
        problems.append("component_ids are not those of components")
    # What is not said is yes, and mails customers.
    if not isinstance(fields.get("deliver_notifications"), bool):
        problems.append("deliver_notifications is missing")
    if is_new and not fields.get("metadata", {}).get("lockkeeper", {}).get("key"):
        problems.append("there is no key in the metadata")
    return problems, fields


def _document(value):
    return Response(200, json.dumps(value).encode(), {"Content-Type": "application/json"})
