"""Whether each receiver was told what it should be, once: judged by what arrived alone."""

import collections
import dataclasses

from arrivals import Answer
from findings import Findings


@dataclasses.dataclass
class Verdict(Findings):
    #: How often something was counted, by its name.
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    #: The longest time between an answer that counted for nothing and the end of the agent that got it.
    longest_unseen_answer: float = 0.0


def judge(arrivals, kills, grace, keyed=()):
    """
    arrivals: in the order in which they were sent, after everything was delivered; of receivers that all are told of everything.
    kills: when each life of the agent that was killed ended, by life; time.monotonic().
    grace: how long before its end the agent may have been given an answer and not have come to storing it, in seconds.
    keyed: the receivers that keep one state for each incident, and are spared what a newer message says better.
    """
    verdict = Verdict()
    _judge_copies(arrivals, kills, grace, keyed, verdict)
    _judge_ends(arrivals, verdict)
    return verdict


def mailbox(arrival):
    return f"{arrival.receiver}{f' ({arrival.recipient})' if arrival.recipient else ''}"


def _judge_copies(arrivals, kills, grace, keyed, verdict):
    """A message comes again only where the answer to it was none, was no, or was never seen."""
    copies = collections.defaultdict(list)
    newest = {(mailbox(arrival), arrival.message.incident): arrival for arrival in arrivals if arrival.answer is Answer.ACCEPT}
    for arrival in arrivals:
        if not arrival.message.is_nameless:
            copies[mailbox(arrival), arrival.message.key].append(arrival)
    for (place, key), group in copies.items():
        verdict.counts["messages"] += 1
        verdict.counts["arrivals"] += len(group)
        if not key:
            verdict.wrong(f"{place}: {len(group)} message(s) without a key, such as “{group[0].message.title}”")
            continue
        if len({arrival.message for arrival in group}) > 1:
            verdict.wrong(f"{place}: the key {key} stands for different messages")
        for earlier, later in zip(group, group[1:]):
            reason, unseen = _excuse(earlier, later, kills, grace)
            if reason is None:
                verdict.doubled(
                    f"{place}: “{later.message.title}” ({key}) came again {later.at - earlier.at:.2f} s after it had been "
                    f"{earlier.answer.value}"
                    + (f", {unseen:.2f} s before the agent was killed" if unseen is not None else " in the same life"))
            else:
                verdict.counts[f"came again: {reason}"] += 1
                verdict.longest_unseen_answer = max(verdict.longest_unseen_answer, unseen or 0.0)
        replacement = newest.get((place, group[0].message.incident)) if group[0].receiver in keyed else None
        if all(arrival.answer in (Answer.FAIL, Answer.LIMIT) for arrival in group) and (
                replacement is None or replacement.at < group[-1].at):
            verdict.lost(f"{place}: “{group[0].message.title}” ({key}) was never taken, and given up")


def _excuse(earlier, later, kills, grace):
    """Why it is right that a message came again, and how long before its end the agent was given the answer."""
    if earlier.answer in (Answer.FAIL, Answer.LIMIT):
        return "it had not been taken", None
    if earlier.answer.is_unknown:
        return "it had not been answered", None
    killed = kills.get(earlier.life)
    if later.life == earlier.life or killed is None:
        return None, None
    unseen = killed - earlier.answered_at
    return ("the agent was killed before it could store the answer", unseen) if unseen < grace else (None, unseen)


def _judge_ends(arrivals, verdict):
    """Who was told of a begin is told of the end, and of nothing after it; all receivers hear the same."""
    told = collections.defaultdict(list)
    for arrival in arrivals:
        if arrival.answer is Answer.ACCEPT and arrival.message.incident:
            told[mailbox(arrival), arrival.message.incident].append(arrival)
    for arrival in arrivals:
        if not arrival.message.incident:
            verdict.wrong(f"{arrival.receiver}: a message without an incident: “{arrival.message.title}”")
    incidents = {incident for _, incident in told}
    verdict.counts["incidents"] = len(incidents)
    verdict.counts["incidents of migrations"] = sum(incident.startswith("run-") for incident in incidents)
    for (name, incident), group in sorted(told.items(), key=lambda item: item[1][0].at):
        place = f"{name}: {incident} “{group[0].message.title}”"
        ends = [position for position, arrival in enumerate(group) if arrival.message.is_end]
        if not group[0].message.is_of_migration:
            continue  # What it is about may go on.
        if not ends:
            verdict.without_end(f"{place}: told that it began, not that it ended")
            continue
        if len({group[position].message.key for position in ends}) > 1:
            verdict.doubled(f"{place}: told of its end by several messages")
        late = [arrival for arrival in group[ends[0]:] if not arrival.message.is_end]
        if late:
            verdict.wrong(f"{place}: told “{late[0].message.title}” after its end")
    mailboxes = {place for place, _ in told}
    for incident in sorted(incidents):
        missing = [place for place in sorted(mailboxes) if (place, incident) not in told]
        if missing:
            verdict.lost(f"{incident} was not told to {', '.join(missing)}")
