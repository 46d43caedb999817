"""Kills the real agent at random instants while migrations run and receivers fail, and checks that nothing is lost and
nothing said twice without need. See Tests/kill.sh."""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import json
import os
import random
import shutil
import signal
import sys
import threading
import time

import handling_ledger
import keyed_ledger
import message
import pagerduty_receiver
import statuspage_receiver
from agent import Agent
from arrivals import Arrivals
from delivery_ledger import judge
from drizzle_migration import DrizzleMigration
from faults import Faults
from findings import Findings
from guarded_folder import GuardedFolder
from handling import TOKEN, Handling
from http_receiver import HTTPReceiver
from mail_receiver import MailReceiver
from migration_traffic import MigrationTraffic
from progress import say
from stable_identifier import page_key
from throwaway_postgres import ThrowawayPostgres

DATABASES = ["app", "billing", "search", "users"]
#: What customers are told of: all would be more than the page takes, one attempt every four seconds.
ON_PAGE = ["app", "billing"]
#: The receivers that are told every word.
TOLD_ALL = ("hook", "chat", "mail")
#: What makes an incident worse while it goes on: no more than a warning, so that critical is what has ended badly.
RULES = [
    {"alert": "TakesLong", "expr": "lockkeeper_migration_duration_seconds > 1.5", "labels": {"severity": "warning"},
     "annotations": {"summary": "It takes long"}},
    {"alert": "SitsIdle", "expr": 'lockkeeper_migration_state{state="idle_in_transaction"} == 1', "for": "2s",
     "labels": {"severity": "warning"}, "annotations": {"summary": "It sits idle"}},
]
#: After so many seconds the histories of all databases have been read: those of others than the DSN's once a minute.
HISTORIES_READ = 65
#: The instants at which the agent is killed, and how often each.
INSTANTS = {
    "at any time": 3, "as soon as it is ready": 1, "soon after a statement": 3, "before an answer": 3, "just after an answer": 3,
}
#: Those that need the page: of what is sent it is little, and it alone cannot tell what comes again.
INSTANTS_OF_PAGE = {"before the page answers": 2, "just after the page answered": 2}
#: Those that need somebody who handles incidents.
INSTANTS_OF_HANDLING = {"soon after a wish": 2, "just after a wish was granted": 2}


class Executioner:
    """Kills the agent at an instant that it waits for, and starts it again."""

    def __init__(self, agent, arrivals, receivers, traffic, handling, generator):
        self._agent = agent
        self._arrivals = arrivals
        self._receivers = receivers
        self._random = generator
        self.kills = {}
        #: From each kill until it was ready again; time.time().
        self.deaths = []
        self.instants = collections.Counter()
        self.slowest_start = 0.0
        self._statement = threading.Event()
        self._wish = threading.Event()
        self._struck = threading.Event()
        #: What strikes when an arrival is seen; "" = nothing does.
        self._armed = ""
        self._lock = threading.Lock()
        self._choices = dict(INSTANTS)
        if handling:
            self._choices |= INSTANTS_OF_HANDLING
            handling.before_wish = self._wish.set
            handling.after_answer = lambda: self._strike("just after a wish was granted")
        if any(receiver.name == "page" for receiver in receivers):
            self._choices |= INSTANTS_OF_PAGE
        for client in traffic:
            client.notice = self._statement.set
        arrivals.before_answer = self._strike_before
        arrivals.after_answer = self._strike_after

    def kill(self):
        instant = self._random.choices(list(self._choices), list(self._choices.values()))[0]
        self._struck.clear()
        if instant == "at any time":
            time.sleep(self._random.uniform(0.05, 5))
        elif instant == "soon after a statement":
            self._statement.clear()
            self._statement.wait(10)
            # By then the message about it is somewhere between seen, planned, stored, sent and answered.
            time.sleep(self._random.uniform(0, 0.8))
        elif instant == "soon after a wish":
            self._wish.clear()
            self._wish.wait(10)
            # By then it is somewhere between heard, stored and answered.
            time.sleep(self._random.uniform(0, 0.02))
        elif instant != "as soon as it is ready":
            self._armed = instant
            if not self._struck.wait(15):
                instant = "at any time"
            self._armed = ""
        self._strike_now()
        killed = time.time()
        self.instants[instant] += 1
        self._agent.kill()
        self._begin_next_life()
        # Mostly at once, as a supervisor does; sometimes migrations begin or end meanwhile.
        time.sleep(self._random.choice([0, 0, self._random.uniform(0, 4)]))
        if self._random.random() < 0.15:
            self._agent.launch()
            time.sleep(self._random.uniform(0, 0.3))
            say("  … and again while it starts")
            self._strike_now()
            self._agent.kill()
            self.instants["while starting"] += 1
            self._begin_next_life()
        self.slowest_start = max(self.slowest_start, self._agent.start())
        self.deaths.append((killed, time.time()))

    def _begin_next_life(self):
        # A receiver that was slow to accept a connection of the dead would take it for the next one's.
        for receiver in self._receivers:
            receiver.catch_up()
        self._arrivals.life += 1

    def _strike_before(self, arrival):
        self._strike("before an answer")
        if arrival.receiver == "page":
            self._strike("before the page answers")

    def _strike_after(self, arrival):
        self._strike("just after an answer")
        if arrival.receiver == "page":
            self._strike("just after the page answered")

    def _strike(self, instant):
        """In the receiver's thread, so that nothing comes in between."""
        if self._armed == instant:
            self._armed = ""
            self._strike_now()
            self._struck.set()

    def _strike_now(self):
        with self._lock:
            life = self._arrivals.life
            if life not in self.kills:
                self.kills[life] = time.monotonic()
                os.kill(self._agent.pid, signal.SIGKILL)


def run(options, folder):
    """Whether all is as it should be."""
    generator = random.Random(options.seed)
    arrivals = Arrivals()
    faults = Faults(random.Random(options.seed + 1), options.faults)
    server = ThrowawayPostgres(folder)
    for database in DATABASES:
        server.create_application(database)
        connection = server.connect(database, database)
        DrizzleMigration(connection, []).prepare()
        connection.close()
        server.create_monitoring_role(database)
    traffic = [
        MigrationTraffic(server, database, random.Random(options.seed + 2 + number), (2.5, 6), (0.3, 5))
        for number, database in enumerate(DATABASES)
    ]
    with contextlib.ExitStack() as stack:
        hook = stack.enter_context(HTTPReceiver("hook", arrivals, message.of_webhook, faults.answer))
        chat = stack.enter_context(HTTPReceiver("chat", arrivals, message.of_slack, faults.answer))
        mail = stack.enter_context(MailReceiver("mail", arrivals, faults.mail_answer, faults.refuses_recipient))
        receivers = [hook, chat, mail]
        pager = page = None
        if options.keyed:
            pager = stack.enter_context(
                pagerduty_receiver.PagerDutyReceiver("pager", arrivals, faults.keyed_answer, faults.is_heard))
            page = stack.enter_context(
                statuspage_receiver.StatuspageReceiver("page", arrivals, faults.page_answer, faults.is_heard))
            receivers += [pager, page]
        configuration = configure(server, folder, hook, chat, mail, pager, page)
        with Agent(options.binary, folder, configuration) as agent:
            handling = Handling(agent, configuration, DATABASES, random.Random(options.seed + 100)) if options.handling else None
            executioner = Executioner(agent, arrivals, receivers, traffic, handling, generator)
            for client in traffic:
                client.start()
            if handling:
                handling.start()
            for number in range(options.kills):
                executioner.kill()
                say(f"kill {number + 1}/{options.kills}; {sum(len(client.done) for client in traffic)} migrations, "
                    f"{len(arrivals.all)} arrivals")
            for client in traffic:
                client.stop()
            if handling:
                handling.stop()
            faults.share = 0
            say("receivers are well again; waiting for the outbox to empty")

            findings = await_calm(agent, options.patience)
            incidents = json.loads(agent.get("/api/v1/incidents?limit=1000"))["incidents"]
        if options.keep:
            keep(options.keep, agent, arrivals, traffic, executioner, handling, page)
    return report(options, arrivals, executioner, traffic, handling, pager, page, incidents, findings)


def configure(server, folder, hook, chat, mail, pager, page):
    rules = os.path.join(folder.subfolder("rules"), "rules.yml")
    with open(rules, "w", encoding="utf-8") as file:
        # JSON is YAML.
        json.dump({"groups": [{"name": "kill", "rules": RULES}]}, file)
    configuration = {
        "rules": {"files": [rules]},
        "targets": [{"name": "production", "dsn": server.dsn("app", "lockkeeper"), "databases": DATABASES}],
        "web": {"token": TOKEN},
        "receivers": [
            {"name": "hook", "webhook": {"url": hook.url, "secret": "a secret of the test"}},
            {"name": "chat", "slack": {"webhook_url": chat.url}},
            {"name": "mail", "email": {
                "smtp": f"smtp://127.0.0.1:{mail.port}", "tls": "none", "from": "lockkeeper@example.org",
                "to": ["dba@example.org", "oncall@example.org"],
            }},
        ],
        "routes": [{"receiver": name} for name in TOLD_ALL],
    }
    if pager:
        configuration["receivers"].append(
            {"name": "pager", "pagerduty": {"routing_key": pagerduty_receiver.ROUTING_KEY, "api_url": pager.base_url}})
        configuration["routes"].append({"receiver": "pager"})
    if page:
        configuration["receivers"].append({"name": "page", "statuspage": {
            "page": statuspage_receiver.PAGE, "token": statuspage_receiver.TOKEN, "api_url": page.base_url,
            "components": [statuspage_receiver.COMPONENT], "notify_subscribers": True,
        }})
        configuration["routes"] += [{"receiver": "page", "match": {"database": database}} for database in ON_PAGE]
    return configuration


def keep(path, agent, arrivals, traffic, executioner, handling, page):
    """What it takes to find out what happened."""
    shutil.copytree(agent.state, os.path.join(path, "state"))
    shutil.copyfile(agent.log, os.path.join(path, "agent.log"))
    with open(os.path.join(path, "truth.txt"), "w", encoding="utf-8") as file:
        # The clocks of time.monotonic() and of the server.
        offset = time.time() - time.monotonic()
        file.writelines(f"{truth}\n" for client in traffic for truth in client.done)
        for arrival in arrivals.all:
            said = arrival.message
            file.write(f"{arrival.at + offset:.2f} life {arrival.life} {arrival.receiver} {arrival.recipient} "
                       f"{arrival.answer.value}: {said.key} {said.incident} {said.database} {said.title} {said.acknowledgement}\n")
        file.writelines(f"dead from {killed:.2f} to {ready:.2f}\n" for killed, ready in executioner.deaths)
        if handling:
            file.writelines(f"{silence!r}\n" for silence in handling.silences)
            file.writelines(f"{acknowledged!r}\n" for acknowledged in handling.acknowledgements)
        if page:
            file.writelines(f"{incident!r}\n" for incident in page.incidents)


def await_calm(agent, patience):
    """Returns when nothing runs and all is delivered, with what is left when nothing more was for so long as a problem."""
    findings = Findings()
    calm = 0
    least, since = float("inf"), time.monotonic()
    while time.monotonic() < since + patience:
        time.sleep(1)
        metrics = agent.metrics()
        left = metrics.total("lockkeeper_outbox_pending") + metrics.total("lockkeeper_migration_running")
        calm = calm + 1 if left == 0 else 0
        # Some take a message a second at most: it takes as long as it takes.
        if left < least:
            least, since = left, time.monotonic()
        # What was missed is known when the histories have been read.
        if calm == HISTORIES_READ:
            return findings
    left = "; ".join(agent.get(f"/api/v1/{path}")[:1500] for path in ("deliveries?status=pending", "migrations?state=running"))
    if not calm:
        findings.wrong(f"nothing has been delivered for {patience:g} s, and there is still something to deliver: {left}")
    return findings


def report(options, arrivals, executioner, traffic, handling, pager, page, incidents, findings):
    """Prints what was done and what was wrong; whether nothing was."""
    everything = arrivals.in_order()
    # The page is asked before it is told, and told less: it is judged by what it shows.
    told = [arrival for arrival in everything if arrival.receiver != "page"]
    verdict = judge(told, executioner.kills, options.grace, keyed=["pager"])
    findings.add(verdict)
    if not everything:
        findings.lost("no receiver was told anything")
    for receiver, reason, body in arrivals.refused:
        findings.wrong(f"{receiver} could not take a message: {reason}: {body!r}")
    print(f"Killed {sum(executioner.instants.values())} times: " + listed(executioner.instants))
    print(f"Slowest start of the agent on its old state: {executioner.slowest_start:.2f} s")
    for receiver in TOLD_ALL + (("pager", "page") if options.keyed else ()):
        print(f"{receiver}: " + listed(collections.Counter(a.answer.value for a in everything if a.receiver == receiver)))
    if page:
        print(f"page, besides: {listed(page.answers)}")
        print(f"page: {len(page.incidents)} incidents with {sum(len(incident.updates) for incident in page.incidents)} updates")
        findings.add(judge_page(told, page))
    if pager:
        print(f"pager: {len(pager.incidents)} incidents: "
              + listed(collections.Counter(incident.standing for incident in pager.incidents.values()))
              + f"; said of what had not begun there: {listed(pager.unknown)}")
        findings.add(keyed_ledger.judge_pager(pager.incidents.values(), pager.unknown))
    for name, count in verdict.counts.items():
        print(f"{name}: {count}")
    print(f"longest time from an answer to the kill that let it be forgotten: {verdict.longest_unseen_answer:.3f} s")
    untold = untold_migrations(told, incidents)
    findings.add(judge_handling(told, executioner, handling, untold))
    findings.add(compare_with_truth(told, traffic, untold))
    for violation in findings.violations:
        print(f"VIOLATION {violation}")
    print("; ".join(f"{kind}: {findings.kinds[kind]}" for kind in ("lost", "doubled", "begins without end", "otherwise wrong")))
    print(f"{len(findings.violations)} violations (seed {options.seed})")
    return not findings.violations


def listed(counts):
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


def judge_page(told, page):
    of_page = [
        arrival.message for arrival in told if arrival.receiver == "hook" and arrival.message.database in ON_PAGE
    ]
    return keyed_ledger.judge_page(
        page.incidents, page.component, {page_key(said.incident) for said in of_page if not said.is_end},
        {page_key(said.incident) for said in of_page})


def untold_migrations(told, incidents):
    """Those incidents of migrations by the agent's API that no receiver has heard of."""
    heard = {arrival.message.incident for arrival in told}
    return [incident for incident in incidents if incident["kind"] == "migration" and incident["id"] not in heard]


def judge_handling(told, executioner, handling, untold):
    print(f"incidents of migrations that nobody was told of: {len(untold)}")
    silences = handling.silences if handling else []
    findings = handling_ledger.judge_silence(
        [(incident["id"], incident["database"], seconds(incident["opened_at"]), seconds(incident["closed_at"]))
         for incident in untold if incident.get("closed_at")], silences, executioner.deaths)
    for incident in untold:
        if not incident.get("closed_at"):
            findings.lost(f"{incident['id']} is open at the end and was told to nobody")
    if not handling:
        return findings
    confirmed = sum(bool(silence.id) for silence in silences)
    print(f"silences: {len(silences)}, of which {confirmed} were confirmed; acknowledgements: {len(handling.acknowledgements)}; "
          + listed(handling.counts))
    for kind, text in handling.failures:
        (findings.lost if kind == "lost" else findings.wrong)(text)
    offset = time.time() - time.monotonic()
    findings.add(handling_ledger.judge_quiet(
        [dataclasses.replace(arrival, at=arrival.at + offset) for arrival in told], silences, seconds))
    findings.add(handling_ledger.judge_acknowledgements(told, handling.acknowledgements, TOLD_ALL))
    return findings


#: What may be said of how a migration ended. `lost` is said where nobody looked at the right time, `unseen` where nobody could.
TRUE_OUTCOMES = {
    "commits": {"committed", "lost", "unseen"}, "rolls back": {"failed", "cancelled", "lost", "unseen"},
    "fails": {"failed", "cancelled", "lost", "unseen"}, "loses its client": {"failed", "cancelled", "lost", "unseen"},
}


def compare_with_truth(arrivals, traffic, untold):
    """What was told of the migrations that is not true."""
    findings = Findings()
    # Whether these were rightly kept silent about is judged by themselves.
    silenced = {(incident["database"], name) for incident in untold for name in message.applied_by(incident["summary"])}
    told = collections.defaultdict(list)
    for arrival in arrivals:
        if arrival.receiver == "hook" and arrival.message.is_of_migration and arrival.message not in told[arrival.message.incident]:
            told[arrival.message.incident].append(arrival.message)
    applied = collections.defaultdict(list)
    for incident, messages in told.items():
        for name in messages[-1].applied:
            applied[messages[-1].database, name].append(incident)
    named = {incident for incidents in applied.values() for incident in incidents}
    notes, counts = [], collections.Counter()
    truths = [truth for client in traffic for truth in client.done]
    for truth in truths:
        begun = [
            incident for incident, messages in told.items()
            if messages[0].database == truth.database and truth.begin - 0.1 <= seconds(messages[0].begin) <= truth.changed + 0.1
        ]
        # An incident that names a row of the history is of that row's migration, whenever it is said to have begun: of one that nobody
        # saw it is only known that it began since the history was last read.
        mine = applied[truth.database, truth.name] + [incident for incident in begun if incident not in named]
        if not mine:
            mine = begun[:1]
        last = told[mine[0]][-1] if mine else None
        counts[f"{truth.how}: {last.outcome if last else 'not told of by its begin'}"] += 1
        if len(mine) > 1:
            findings.doubled(f"{truth} was told of as {len(mine)} incidents: {', '.join(mine)}")
        if truth.name and not applied[truth.database, truth.name] and (truth.database, truth.name) not in silenced:
            # Its row in the history is there for ever: whenever the agent looks, it can know.
            findings.lost(f"{truth} is in the history and was never told to have been applied")
        if last and last.outcome not in TRUE_OUTCOMES[truth.how]:
            said = f"{truth} was told to have {last.outcome}: “{last.title}” ({last.incident})"
            others = [
                other for other in truths
                if other.database == truth.database and truth.end < other.begin < seconds(last.end)
            ]
            if others:
                # Nobody looked while the one ended and the other began: two runs of one client seem to be one.
                notes.append(f"{said}, as one run with {', '.join(map(str, others))}")
            else:
                findings.wrong(said)
    for what, count in sorted(counts.items()):
        print(f"a migration that {what}: {count}")
    for note in notes:
        print(f"NOTE {note}")
    return findings


def seconds(text):
    """Of a time of RFC 3339, since the epoch."""
    return datetime.datetime.fromisoformat(text).timestamp()


def main():
    parser = argparse.ArgumentParser(prog="Tests/kill.sh", description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--faults", type=float, default=0.3, help="share of the answers that go wrong (%(default)s)")
    parser.add_argument("--grace", type=float, default=1.0,
                        help="seconds from an answer to its being stored that are let pass (%(default)s)")
    parser.add_argument("--patience", type=float, default=300, help="seconds without progress in the outbox (%(default)s)")
    parser.add_argument("--no-handling", dest="handling", action="store_false",
                        help="nobody silences, acknowledges or reloads")
    parser.add_argument("--no-keyed", dest="keyed", action="store_false", help="without PagerDuty and Statuspage")
    parser.add_argument("--keep", help="a new folder for the agent's log and state and for what arrived")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with GuardedFolder() as folder:
        return 0 if run(options, folder) else 1


if __name__ == "__main__":
    sys.exit(main())
