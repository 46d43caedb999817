"""Somebody who silences, acknowledges and has the configuration read again, while the agent is killed."""

import collections
import copy
import dataclasses
import datetime
import threading
import time

from silences import Silence

TOKEN = "a-token-of-the-kill-test"
#: What is done, and how often.
_DEEDS = {"silence": 4, "expire": 1, "acknowledge": 6, "reload": 2, "hang up": 2}
#: For so long a wish is repeated whose answer was lost, in seconds.
_PERSISTENCE = 15
#: A silence that is about to end need not be listed any more.
_SLACK = 0.5


@dataclasses.dataclass
class Acknowledged:
    incident: str
    #: What was said with it; never twice the same.
    comment: str
    #: Whom the agent says to have told of the incident.
    told: list
    #: Whether the incident was muted.
    is_muted: bool
    #: Whether it was asked for again, after an answer that was lost. If the incident has become worse meanwhile, that is another.
    is_repeated: bool = False


class Handling:
    """A thread of its own. Keeps what the API has confirmed, and what it may have taken."""

    def __init__(self, agent, configuration, databases, generator):
        self.silences = []
        #: Of which the API says that they are stored.
        self.acknowledgements = []
        #: How often something was done, by what came of it.
        self.counts = collections.Counter()
        #: What was refused that should not have been, or forgotten after it was confirmed: kind and sentence.
        self.failures = []
        #: Called before something is asked and after it was answered.
        self.before_wish = lambda: None
        self.after_answer = lambda: None
        self._agent = agent
        self._configuration = configuration
        self._databases = databases
        self._random = generator
        self._comments = 0
        self._stopping = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        """Returns when nothing is silenced any more."""
        self._stopping.set()
        self._thread.join(timeout=60)
        if self._failure:
            raise self._failure
        time.sleep(max([0.0] + [silence.possible[1] - time.time() for silence in self.silences]))

    def _run(self):
        try:
            while not self._stopping.wait(self._random.uniform(0.1, 1)):
                # Nobody wishes anything of one that is dead, but it may be killed at any instant from here on.
                if not self._agent.is_up:
                    continue
                deed = self._random.choices(list(_DEEDS), list(_DEEDS.values()))[0]
                {
                    "silence": self._silence, "expire": self._expire, "acknowledge": self._acknowledge,
                    "reload": self._reload, "hang up": self._hang_up,
                }[deed]()
                self._check_silences()
        except Exception as error:  # Told to the thread that stops it.
            self._failure = error

    def _silence(self):
        database = self._random.choice(self._databases)
        now = time.time()
        # To the microsecond, as the agent keeps it.
        end = round(now + self._random.uniform(1.5, 8), 6)
        silence = Silence(database, now, end)
        # Before it is asked for: whatever is not told from now on may be due to it.
        self.silences.append(silence)
        answer = self._insist("POST", "/api/v1/silences", {
            "matchers": [f"database={database}"], "ends_at": _rfc3339(end), "author": "nobody", "comment": f"silence {len(self.silences)}",
        }, "silences")
        if answer is None:
            return
        status, document = answer
        if status == 201:
            silence.id, silence.starts_at = document["id"], _seconds(document["starts_at"])
            silence.confirmed_at = time.time()
            if silence.starts_at < silence.asked_at - 0.1 or abs(_seconds(document["ends_at"]) - end) > 0.001:
                self.failures.append(("wrong", f"{silence} was answered with other times: {document}"))
        elif status != 400 or time.time() < end:  # Or it was over before it was heard.
            self._refused("a silence", answer)

    def _expire(self):
        known = [silence for silence in self.silences if silence.id and silence.certain[1] > time.time() + 1]
        if not known:
            return
        silence = self._random.choice(known)
        silence.expiry_asked_at = time.time()
        answer = self._insist("DELETE", f"/api/v1/silences/{silence.id}", {}, "expiries")
        if answer is None:
            return
        status, _ = answer
        # 404: over meanwhile, or the answer to an earlier try was lost.
        if status in (200, 404):
            silence.expired_at = time.time()
        else:
            self._refused("the end of a silence", answer)

    def _acknowledge(self):
        answer = self._agent.ask("GET", "/api/v1/incidents?status=open&limit=1000")
        if answer is None or answer[0] != 200 or not answer[1]["incidents"]:
            return
        incident = self._random.choice(answer[1]["incidents"])["id"]
        self._comments += 1
        comment = f"look-{self._comments}"
        repeated = self.counts["acknowledgements asked again"]
        answer = self._insist(
            "POST", f"/api/v1/incidents/{incident}/acknowledge", {"author": "nobody", "comment": comment}, "acknowledgements")
        if answer is None:
            return
        status, document = answer
        if status == 200:
            self.acknowledgements.append(
                Acknowledged(
                    incident, comment, document["told_receivers"], document.get("muted_by") is not None,
                    self.counts["acknowledgements asked again"] > repeated))
        elif status == 409:
            self.counts["acknowledgements of what was over"] += 1
        else:
            self._refused(f"the acknowledgement of {incident}", answer)

    def _reload(self):
        self._rewrite()
        answer = self._insist("POST", "/-/reload", {}, "reloads")
        if answer is not None and answer[0] != 200:
            self._refused("a reload", answer)

    def _hang_up(self):
        self._rewrite()
        self.before_wish()
        if self._agent.hang_up():
            self.counts["SIGHUPs"] += 1

    def _rewrite(self):
        """Half the time something has changed, which makes another watcher of the target."""
        if self._random.random() < 0.5:
            changed = copy.deepcopy(self._configuration)
            changed["sampling"] = {"idle": self._random.choice(["4s", "5s", "6s"])}
            changed["targets"][0]["labels"] = {"round": str(self._random.randrange(100))}
            self._agent.configure(changed)

    def _insist(self, method, path, document, what):
        """The first answer; None where none has come in time. Who gets none asks again: that changes nothing."""
        deadline = time.monotonic() + _PERSISTENCE
        is_first = True
        while time.monotonic() < deadline:
            if is_first or self._agent.is_up:
                self.before_wish()
                answer = self._agent.ask(method, path, document, TOKEN)
                # 503: it is not stored yet.
                if answer is not None and answer[0] != 503:
                    self.counts[f"{what} answered {answer[0]}"] += 1
                    self.after_answer()
                    return answer
                if is_first:
                    self.counts[f"{what} asked again"] += 1
                is_first = False
            time.sleep(0.1)
        self.counts[f"{what} without an answer"] += 1
        return None

    def _refused(self, what, answer):
        self.failures.append(("wrong", f"{what} was refused: {answer[0]} {answer[1]}"))

    def _check_silences(self):
        """What was confirmed is listed until its end, whoever was killed meanwhile."""
        begin = time.time()
        answer = self._agent.ask("GET", "/api/v1/silences")
        if answer is None or answer[0] != 200:
            return
        listed = {silence["id"] for silence in answer[1]["silences"]}
        now = time.time()
        for silence in self.silences:
            if silence.id and silence.certain[0] < begin and now + _SLACK < silence.certain[1] and silence.id not in listed:
                self.failures.append(("lost", f"{silence} was confirmed and is not listed at {now:.2f}"))


def _rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()
