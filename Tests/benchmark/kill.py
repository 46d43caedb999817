"""Kills the real agent at random instants while migrations run and receivers fail, and checks that nothing is lost and
nothing said twice without need. See Tests/kill.sh."""

import argparse
import collections
import datetime
import os
import random
import shutil
import signal
import sys
import threading
import time

import message
from agent import Agent
from arrivals import Arrivals
from delivery_ledger import judge
from drizzle_migration import DrizzleMigration
from faults import Faults
from guarded_folder import GuardedFolder
from http_receiver import HTTPReceiver
from mail_receiver import MailReceiver
from migration_traffic import MigrationTraffic
from progress import say
from throwaway_postgres import ThrowawayPostgres

DATABASES = ["app", "billing", "search", "users"]
#: After so many seconds the histories of all databases have been read: those of others than the DSN's once a minute.
HISTORIES_READ = 65
#: The instants at which the agent is killed, and how often each.
INSTANTS = {
    "at any time": 3, "as soon as it is ready": 1, "soon after a statement": 3, "before an answer": 3, "just after an answer": 3,
}


class Executioner:
    """Kills the agent at an instant that it waits for, and starts it again."""

    def __init__(self, agent, arrivals, receivers, traffic, generator):
        self._agent = agent
        self._arrivals = arrivals
        self._receivers = receivers
        self._random = generator
        self.kills = {}
        self.instants = collections.Counter()
        self.slowest_start = 0.0
        self._statement = threading.Event()
        self._struck = threading.Event()
        #: What strikes when an arrival is seen; "" = nothing does.
        self._armed = ""
        self._lock = threading.Lock()
        for client in traffic:
            client.notice = self._statement.set
        arrivals.before_answer = lambda arrival: self._strike("before an answer")
        arrivals.after_answer = lambda arrival: self._strike("just after an answer")

    def kill(self):
        instant = self._random.choices(list(INSTANTS), list(INSTANTS.values()))[0]
        self._struck.clear()
        if instant == "at any time":
            time.sleep(self._random.uniform(0.05, 5))
        elif instant == "soon after a statement":
            self._statement.clear()
            self._statement.wait(10)
            # By then the message about it is somewhere between seen, planned, stored, sent and answered.
            time.sleep(self._random.uniform(0, 0.8))
        elif instant != "as soon as it is ready":
            self._armed = instant
            if not self._struck.wait(15):
                instant = "at any time"
            self._armed = ""
        self._strike_now()
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

    def _begin_next_life(self):
        # A receiver that was slow to accept a connection of the dead would take it for the next one's.
        for receiver in self._receivers:
            receiver.catch_up()
        self._arrivals.life += 1

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
    with (
        HTTPReceiver("hook", arrivals, message.of_webhook, faults.answer) as hook,
        HTTPReceiver("chat", arrivals, message.of_slack, faults.answer) as chat,
        MailReceiver("mail", arrivals, faults.mail_answer, faults.refuses_recipient) as mail,
    ):
        configuration = {
            "targets": [{"name": "production", "dsn": server.dsn("app", "lockkeeper"), "databases": DATABASES}],
            "receivers": [
                {"name": "hook", "webhook": {"url": hook.url, "secret": "a secret of the test"}},
                {"name": "chat", "slack": {"webhook_url": chat.url}},
                {"name": "mail", "email": {
                    "smtp": f"smtp://127.0.0.1:{mail.port}", "tls": "none", "from": "lockkeeper@example.org",
                    "to": ["dba@example.org", "oncall@example.org"],
                }},
            ],
            "routes": [{"receiver": name} for name in ("hook", "chat", "mail")],
        }
        with Agent(options.binary, folder, configuration) as agent:
            executioner = Executioner(agent, arrivals, (hook, chat, mail), traffic, generator)
            for client in traffic:
                client.start()
            for number in range(options.kills):
                executioner.kill()
                say(f"kill {number + 1}/{options.kills}; {sum(len(client.done) for client in traffic)} migrations, "
                    f"{len(arrivals.all)} arrivals")
            for client in traffic:
                client.stop()
            faults.share = 0
            say("receivers are well again; waiting for the outbox to empty")

            problems = await_calm(agent, options.patience)
        if options.keep:
            keep(options.keep, agent, arrivals, traffic)
    return report(options, arrivals, executioner, traffic, problems)


def keep(path, agent, arrivals, traffic):
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
                       f"{arrival.answer.value}: {said.key} {said.incident} {said.database} {said.title}\n")


def await_calm(agent, patience):
    """Returns when nothing runs and all is delivered; what is left after that time as a problem."""
    calm = 0
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        time.sleep(1)
        metrics = agent.metrics()
        left = metrics.total("lockkeeper_outbox_pending") + metrics.total("lockkeeper_migration_running")
        calm = calm + 1 if left == 0 else 0
        # What was missed is known when the histories have been read.
        if calm == HISTORIES_READ:
            return []
    left = "; ".join(agent.get(f"/api/v1/{path}")[:1500] for path in ("deliveries?status=pending", "migrations?state=running"))
    if calm:
        return []
    return [f"after {patience:g} s there is still something to deliver: {left}"]


def report(options, arrivals, executioner, traffic, problems):
    told = arrivals.in_order()
    verdict = judge(told, executioner.kills, options.grace)
    violations = problems + verdict.violations
    if not arrivals.all:
        violations.append("no receiver was told anything")
    violations += [f"{receiver} could not read a message: {reason}: {body!r}" for receiver, reason, body in arrivals.refused]
    print(f"Killed {sum(executioner.instants.values())} times: "
          + ", ".join(f"{count} {instant}" for instant, count in sorted(executioner.instants.items())))
    print(f"Slowest start of the agent on its old state: {executioner.slowest_start:.2f} s")
    for receiver in ("hook", "chat", "mail"):
        answers = collections.Counter(a.answer.value for a in arrivals.all if a.receiver == receiver)
        print(f"{receiver}: " + ", ".join(f"{count} {answer}" for answer, count in sorted(answers.items())))
    for name, count in verdict.counts.items():
        print(f"{name}: {count}")
    print(f"longest time from an answer to the kill that let it be forgotten: {verdict.longest_unseen_answer:.3f} s")
    violations += compare_with_truth(told, traffic)
    for violation in violations:
        print(f"VIOLATION {violation}")
    print(f"{len(violations)} violations (seed {options.seed})")
    return not violations


#: What may be said of how a migration ended. `lost` is said where nobody looked at the right time, `unseen` where nobody could.
TRUE_OUTCOMES = {
    "commits": {"committed", "lost", "unseen"}, "rolls back": {"failed", "cancelled", "lost", "unseen"},
    "fails": {"failed", "cancelled", "lost", "unseen"}, "loses its client": {"failed", "cancelled", "lost", "unseen"},
}


def compare_with_truth(arrivals, traffic):
    """What was told of the migrations that is not true."""
    told = collections.defaultdict(list)
    for arrival in arrivals:
        if arrival.receiver == "hook" and arrival.message.is_of_migration and arrival.message not in told[arrival.message.incident]:
            told[arrival.message.incident].append(arrival.message)
    applied = collections.defaultdict(list)
    for incident, messages in told.items():
        for name in messages[-1].applied:
            applied[messages[-1].database, name].append(incident)
    named = {incident for incidents in applied.values() for incident in incidents}
    violations, notes, counts = [], [], collections.Counter()
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
            violations.append(f"{truth} was told of as {len(mine)} incidents: {', '.join(mine)}")
        if truth.name and not applied[truth.database, truth.name]:
            # Its row in the history is there for ever: whenever the agent looks, it can know.
            violations.append(f"{truth} is in the history and was never told to have been applied")
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
                violations.append(said)
    for what, count in sorted(counts.items()):
        print(f"a migration that {what}: {count}")
    for note in notes:
        print(f"NOTE {note}")
    return violations


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
    parser.add_argument("--patience", type=float, default=180, help="seconds for the outbox to empty (%(default)s)")
    parser.add_argument("--keep", help="a new folder for the agent's log and state and for what arrived")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with GuardedFolder() as folder:
        return 0 if run(options, folder) else 1


if __name__ == "__main__":
    sys.exit(main())
