/// What is to be said of the runs that are open: each has one leading finding, also when all is well, and one more for each
/// peculiar thing in its way.
enum RunRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.runs.flatMap { run in
            var findings = findings(
                of: run, at: situation.now, privacy: situation.privacy, thresholds: situation.thresholds)
            // What its server process does is seen anew each moment, and so not kept with the run.
            if let session = run.standing.pid.flatMap({ situation.sessions[$0] }), session.state == .active,
                run.standing.state != .blocked, run.sessions.contains(session.identity), !findings.isEmpty
            {
                findings[0].evidence.append("Its server process \(situation.processes.activity(of: session).readable).")
            }
            return findings
        }
    }

    /// The findings about one run, the leading one first.
    static func findings(
        of run: MigrationRun, at now: Timestamp, privacy: QueryTextPrivacy = .normalized,
        thresholds: DiagnosisThresholds = DiagnosisThresholds()
    ) -> [Finding] {
        let view = RunView(run: run, now: now, privacy: privacy, thresholds: thresholds)
        return switch run.standing.state {
        case .blocked: view.blocked
        case .blocking: [view.blocking]
        case .idleInTransaction: [view.idle]
        case .orphaned: [view.orphaned]
        case .progressing, .working: [view.working]
        }
    }
}

/// A run as it stands at one moment.
private struct RunView {
    let run: MigrationRun
    let now: Timestamp
    let privacy: QueryTextPrivacy
    let thresholds: DiagnosisThresholds

    private var standing: Standing { run.standing }
    private var victims: Int { standing.blockedSessions }
    private var waited: Duration { standing.waitingSince.map { max(.zero, now - $0) } ?? .zero }
    private var victimsWaited: Duration { standing.blockedSince.map { max(.zero, now - $0) } ?? .zero }
    private var pid: Int32? { standing.pid ?? run.sessions.last?.pid }
    private var cancel: String? { pid.map { "SELECT pg_cancel_backend(\($0))" } }
    private var terminate: String? { pid.map { "SELECT pg_terminate_backend(\($0))" } }
    private var title: String { RunDescription(run, at: now).title }

    private func finding(
        _ verdict: Verdict, _ severity: Severity, summary: String? = nil, evidence: [String],
        actions: [Finding.Action], about blockers: [Blocker] = []
    ) -> Finding {
        var statements = blockers.compactMap { Finding.Statement($0, privacy: privacy) }
        if summary == nil, privacy != .none, let last = run.statements.last, !last.text.isEmpty {
            statements.insert(
                .init(pid: last.pid, isRunning: standing.state != .idleInTransaction, text: last.text), at: 0)
        }
        return Finding(
            verdict, severity: severity, target: run.target, database: run.database, run: run.id,
            summary: summary ?? title, evidence: evidence, statements: statements, actions: actions,
            weight: Finding.weight(sessions: victims, lasting: max(waited, victimsWaited)))
    }

    /// How much it matters that others wait behind it: not at all if nobody does.
    private var severityOfVictims: Severity {
        guard victims > 0 else { return .info }
        return victimsWaited >= thresholds.blockedTraffic || victims >= thresholds.manySessions ? .critical : .warning
    }

    private var evidenceOfVictims: [String] {
        guard victims > 0 else { return [] }
        let longest = victimsWaited > .zero ? ", the longest for \(victimsWaited.readable)" : ""
        let verb = victims == 1 ? "waits" : "wait"
        return ["\(victims.readable("session")) \(verb) in the queue behind it\(longest)."]
    }

    // MARK: Blocked

    /// CONCURRENTLY waits for older transactions, for prepared ones by their transaction ids.
    private var isSnapshotWait: Bool {
        switch standing.activity {
        case .concurrentIndex?, .concurrentDrop?, .concurrentDetach?:
            standing.waitingKind == .virtualxid || standing.waitingKind == .transactionid
        default: standing.waitingKind == .virtualxid
        }
    }

    /// Another session of its own is in its way, which waits for its client, which waits for the run: no deadlock that the server could see.
    private var isBlockedByItself: Bool { standing.rootBlockers.contains { $0.run == run.id && $0.isLeftIdle } }

    var blocked: [Finding] {
        let blockers = standing.rootBlockers
        let cause = blockers.lazy.compactMap(\.verdict).first
        let own: Verdict =
            if victims > 0 { .lockQueue } else if isSnapshotWait { .snapshotWait } else {
                cause ?? .blockedMigration
            }
        let severity = max(severityOfVictims, waited >= thresholds.blockedMigration ? .warning : .info)
        let behind = blockers.prefix(3).map { $0.described(at: now) }.joined(separator: "; ")
        let more = blockers.count > 3 ? " and \(blockers.count - 3) more" : ""
        var evidence = [
            "It waits for \(standing.waitingFor ?? "a lock")\(behind.isEmpty ? "" : ", behind \(behind)\(more)")."
        ]
        evidence += evidenceOfVictims
        evidence += blockers.prefix(3).compactMap(\.peculiarity)
        evidence += evidenceOfActivity
        if isBlockedByItself {
            evidence.append(
                "That is a session of this very run, which sends nothing until the run goes on: it waits for itself, and that never ends."
            )
        }
        if isSnapshotWait {
            evidence.append(Self.snapshots)
            if let lockers = standing.progress?.lockers, let total = lockers.total, let phase = standing.progress?.phase
            {
                evidence.append("It is \(phase): \(lockers.done) of \(total) have ended.")
            }
        }
        let leading = finding(
            own, severity, evidence: evidence,
            actions: isBlockedByItself
                ? actionsOnItself : isSnapshotWait ? actionsOnSnapshots(blockers) : actionsWhileBlocked(blockers),
            about: Array(blockers.prefix(3)))
        guard own == .lockQueue, !isBlockedByItself else { return [leading] }
        // The queue is the trouble; what stands at its root is one of its own kind.
        return [leading] + (isSnapshotWait ? [] : blockers.prefix(3).compactMap { of($0, severity) })
    }

    private static let snapshots =
        "CONCURRENTLY waits for every transaction that was open when it began this phase, also of tables it has nothing to do with; reads and writes of the table go on meanwhile."

    private func of(_ blocker: Blocker, _ severity: Severity) -> Finding? {
        guard let verdict = blocker.verdict else { return nil }
        let others = victims > 0 ? " and the \(victims.readable("session")) behind it" : ""
        var root = finding(
            verdict, severity,
            summary: "\(blocker.name) is at the root of what holds up \(RunDescription(run, at: now).object)\(others)",
            evidence: ["It is \(blocker.described(at: now))."] + [blocker.peculiarity].compactMap(\.self),
            actions: blocker.removals(cancel: cancel), about: [blocker])
        // It is told after the queue that it is at the root of.
        root.weight -= 1
        return root
    }

    private var actionsOnItself: [Finding.Action] {
        [
            .init("Cancel the migration: it can never end by itself", command: cancel),
            .init(
                "Run it so that its tool keeps no transaction open beside it (for Flyway: `postgresql.transactional.lock=false`); an index that CONCURRENTLY has begun is invalid now: drop it first"
            ),
        ]
    }

    private func actionsWhileBlocked(_ blockers: [Blocker]) -> [Finding.Action] {
        var actions: [Finding.Action] = []
        let needsCancel = blockers.contains(where: \.preventsWraparound)
        if victims > 0 {
            actions.append(.init("Let the queue go at once by cancelling the migration", command: cancel))
        }
        for blocker in blockers.prefix(3) {
            actions += blocker.removals(cancel: victims > 0 ? nil : cancel)
        }
        if victims > 0 {
            actions.append(.init("Then run the migration again with lock_timeout set, such as SET lock_timeout = '5s'"))
        } else if !needsCancel, !blockers.allSatisfy({ $0.run != nil }) {
            actions.append(.init("Or cancel the migration and run it again with lock_timeout set", command: cancel))
        }
        return actions
    }

    private func actionsOnSnapshots(_ blockers: [Blocker]) -> [Finding.Action] {
        blockers.prefix(3).flatMap { blocker -> [Finding.Action] in
            if blocker.state != .active || blocker.run != nil || blocker.isDump { return blocker.removals(cancel: nil) }
            return [
                .init(
                    "Wait for pid \(blocker.pid) to end, or cancel its query if it is not needed",
                    command: blocker.remedy)
            ]
        } + [
            .init("Do not cancel \(lossOfCancelling); it goes on by itself as soon as the old transactions have ended")
        ]
    }

    private var lossOfCancelling: String {
        switch standing.activity {
        case .concurrentDrop?: "the drop: the index is invalid by now, and would stay so until it is dropped again"
        case .concurrentDetach?:
            "the detaching: the partition would stay half detached until ALTER TABLE … DETACH PARTITION … FINALIZE"
        default: "the index build: what it has built is lost then and an invalid index stays behind"
        }
    }

    // MARK: At work

    private var evidenceOfActivity: [String] {
        switch standing.activity {
        case .foreignKey(let tables)?:
            let both = tables.count < 2 ? "SHARE ROW EXCLUSIVE on both tables" : tables.readable(limit: 4)
            return ["It adds a foreign key: that takes \(both), and lets nobody write to them, even with NOT VALID."]
        case .validation(let table, let lockedBesides)?:
            let rows =
                "It validates a constraint: it reads all of \(table ?? "the table"), and PostgreSQL counts nothing of that"
            return lockedBesides.isEmpty
                ? ["\(rows). Others read and write meanwhile (SHARE UPDATE EXCLUSIVE)."]
                : ["\(rows). Its transaction still holds \(lockedBesides.readable(limit: 4)) meanwhile, from before."]
        case .rewrite(let table)?:
            return [
                "It writes \(table) anew under ACCESS EXCLUSIVE: nobody can read it until that is done, and how long it takes goes with its size."
            ]
        case .concurrentIndex?, .concurrentDrop?, .concurrentDetach?, nil: return []
        }
    }

    private var verdictOfActivity: Verdict? {
        switch standing.activity {
        case .foreignKey?: .foreignKey
        case .rewrite?: .tableRewrite
        case .validation?, .concurrentIndex?, .concurrentDrop?, .concurrentDetach?, nil: nil
        }
    }

    private var actionsOfActivity: [Finding.Action] {
        switch standing.activity {
        case .foreignKey?:
            [
                .init(
                    "Next time add the constraint NOT VALID with lock_timeout set, and VALIDATE CONSTRAINT in a migration of its own: that one lets others write"
                )
            ]
        case .rewrite?:
            [
                .init(
                    "Next time add a new column, fill it in batches and switch over; beforehand `SELECT pg_size_pretty(pg_table_size('TABLE'))` says how much there is to write"
                )
            ]
        case .validation(_, let lockedBesides)? where !lockedBesides.isEmpty:
            [
                .init(
                    "Next time let VALIDATE CONSTRAINT be in a transaction of its own, after the one that adds the constraint NOT VALID: then others write meanwhile"
                )
            ]
        case .validation?, .concurrentIndex?, .concurrentDrop?, .concurrentDetach?, nil: []
        }
    }

    var blocking: Finding {
        let since = victimsWaited > .zero ? ", the longest for \(victimsWaited.readable)" : ""
        let lock = standing.strongestLock.map { " with \($0)" } ?? ""
        let left = standing.progress?.timeLeft.map { " (\($0))" } ?? ""
        return finding(
            verdictOfActivity ?? .blockingMigration, severityOfVictims,
            evidence: ["It is at work and holds up \(victims.readable("session"))\(since)\(lock)."]
                + evidenceOfActivity,
            actions: [
                .init(
                    "Wait if it is about to end\(left); if the application cannot wait, cancel it (it rolls back)",
                    command: cancel)
            ] + actionsOfActivity)
    }

    var idle: Finding {
        let lock = standing.strongestLock.map { ", while it holds \($0)" } ?? ""
        let idleFor = standing.idleSince.map { max(.zero, now - $0) } ?? .zero
        let since = idleFor > .zero ? " for \(idleFor.readable)" : ""
        return finding(
            .idleMigration, max(severityOfVictims, idleFor >= thresholds.idleMigration ? .warning : .info),
            evidence: ["Its transaction is open and its client has sent nothing\(since)\(lock)."] + evidenceOfVictims,
            actions: actionsWithoutClient)
    }

    var orphaned: Finding {
        var evidence = ["Its client is gone\(standing.client.map { ": \($0.text)" } ?? "")."]
        if let waitingFor = standing.waitingFor {
            let behind = standing.rootBlockers.first.map { ", behind \($0.name)" } ?? ""
            evidence.append("Its session waits for \(waitingFor) all the same\(behind).")
        } else {
            evidence.append("The server works on alone.")
        }
        return finding(
            .orphan, max(severityOfVictims, .warning), evidence: evidence + evidenceOfVictims,
            actions: [
                .init(
                    "End its session; nobody would hear of its success, and its open transaction is rolled back",
                    command: terminate),
                .init(
                    "For next time: from PostgreSQL 14 on the server notices a lost client by itself if told to",
                    command: "ALTER SYSTEM SET client_connection_check_interval = '10s'"),
            ])
    }

    private var actionsWithoutClient: [Finding.Action] {
        [
            .init("Look whether its client still runs (a debugger, a prompt, a lost connection)"),
            .init("If not, end its session; the transaction is rolled back", command: terminate),
        ]
    }

    var working: Finding {
        let progress = standing.progress
        let stalled = progress?.counter == nil ? nil : progress?.lastAdvance
        let since = stalled.map { "; that has not changed for \(max(.zero, now - $0).readable)" } ?? ""
        let evidence =
            switch (progress?.text, standing.state) {
            case (let text?, .progressing): "It advances: \(text)."
            case (let text?, _):
                "It is at work, waits for no lock and holds nobody up: \(text)\(since)."
            case (nil, _): "It is at work, waits for no lock and holds nobody up."
            }
        let left = progress?.timeLeft.map { ", \($0)" } ?? ""
        let loss =
            switch standing.activity {
            case .concurrentIndex?, .concurrentDrop?: "leave an invalid index behind"
            case .concurrentDetach?: "leave the partition half detached"
            default:
                progress?.operation?.hasSuffix("CONCURRENTLY") == true
                    ? "leave an invalid index behind" : "roll its work back"
            }
        return finding(
            standing.state == .progressing ? .progressing : verdictOfActivity ?? .working, .info,
            evidence: [evidence] + evidenceOfActivity,
            actions: [.init("Nothing is in its way: wait\(left). Stopping it now would \(loss)")] + actionsOfActivity)
    }
}
