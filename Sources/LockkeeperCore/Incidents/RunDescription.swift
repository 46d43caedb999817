/// Puts a run into words, for the messages about it: what, where, since when, whose, in whose way, what to do.
public struct RunDescription: Sendable {
    private let run: MigrationRun
    /// The server's clock.
    private let now: Timestamp

    public init(_ run: MigrationRun, at now: Timestamp) {
        self.run = run
        self.now = now
    }

    /// `Migration 0042_orders on app-production`
    public var subject: String {
        run.migrations.isEmpty ? "Migration on \(run.target)" : "Migration \(shortNames) on \(run.target)"
    }

    /// The headline: the subject and how it stands.
    public var title: String {
        "\(subject) \(predicate)"
    }

    private var predicate: String {
        if let outcome = run.outcome {
            let length = run.duration(at: now)
            let after = length > .zero ? " after \(length.readable)" : ""
            return switch outcome {
            case .committed: "committed\(after)"
            case .failed: "FAILED\(after)"
            case .cancelled: "was cancelled\(after)"
            case .lost: "ended\(after), outcome unknown"
            case .unseen: "ended\(after), too quickly to see its outcome"
            }
        }
        let held = run.standing.blockedSessions
        let holding = held > 0 ? ", holding up \(count(held, "session"))" : ""
        switch run.standing.state {
        case .blocked:
            let since = run.standing.waitingSince.map { " for \((now - $0).readable)" } ?? ""
            let by = run.standing.rootBlockers.first.map { " by \(name(of: $0))" } ?? ""
            return "is blocked\(by)\(since)\(holding)"
        case .blocking:
            return "is holding up \(count(held, "session")), running for \(run.duration(at: now).readable)"
        case .idleInTransaction:
            return "sits idle in its transaction, open for \(run.duration(at: now).readable)\(holding)"
        case .orphaned:
            return "has lost its client and goes on, running for \(run.duration(at: now).readable)\(holding)"
        case .progressing, .working:
            let length = run.duration(at: now)
            guard length >= .seconds(5) else { return "started" }
            let progress = run.standing.progress
            let work = progress?.work.map { ", \($0)" } ?? ""
            let share = work.isEmpty ? "" : progress?.share.map { " (\($0))" } ?? ""
            return "is running for \(length.readable)\(work)\(share)"
        }
    }

    /// Everything that a message needs of the run.
    public func facts(labels: [String: String]) -> IncidentFacts {
        IncidentFacts(
            target: run.target, database: run.database, labels: labels, summary: summary, details: details,
            actions: actions, outcome: run.outcome?.label, run: run.id)
    }

    private var summary: String {
        if let outcome = run.outcome {
            switch outcome {
            case .committed(let versions):
                return versions.isEmpty
                    ? "The migration has committed."
                    : "Applied: \(versions.joined(separator: ", "))."
            case .failed(let evidence), .cancelled(let evidence), .lost(let evidence), .unseen(let evidence):
                return evidence.prefix(1).uppercased() + evidence.dropFirst() + "."
            }
        }
        let standing = run.standing
        switch standing.state {
        case .blocked:
            let behind = standing.rootBlockers.map(describe).joined(separator: "; ")
            var text = "It waits for \(standing.waitingFor ?? "a lock")"
            if !behind.isEmpty { text += ", behind \(behind)" }
            text += "."
            if standing.blockedSessions > 0 {
                text +=
                    " \(count(standing.blockedSessions, "session")) wait\(standing.blockedSessions == 1 ? "s" : "") in the queue behind it."
            }
            return text
        case .blocking:
            let since = standing.blockedSince.map { ", the longest for \((now - $0).readable)" } ?? ""
            return
                "It is at work and holds up \(count(standing.blockedSessions, "session"))\(since)\(standing.strongestLock.map { " with \($0)" } ?? "")."
        case .idleInTransaction:
            return
                "Its transaction is open and its client sends nothing\(standing.strongestLock.map { ", while it holds \($0)" } ?? "")."
        case .orphaned:
            var text = "Its client is gone\(standing.client.map { ": \($0.text)" } ?? "")."
            if let waitingFor = standing.waitingFor {
                let behind = standing.rootBlockers.first.map { ", behind \(name(of: $0))" } ?? ""
                text += " Its session waits for \(waitingFor) all the same\(behind)."
            } else {
                text += " The server works on alone."
            }
            if standing.blockedSessions > 0 { text += " It holds up \(count(standing.blockedSessions, "session"))." }
            return text
        case .progressing, .working:
            guard let text = standing.progress?.text else {
                return "It is at work, waits for no lock and holds nobody up."
            }
            if standing.state == .progressing { return "It advances: \(text)." }
            let stalled = standing.progress?.counter == nil ? nil : standing.progress?.lastAdvance
            return "It is at work, waits for no lock and holds nobody up: \(text)"
                + (stalled.map { "; that has not changed for \((now - $0).readable)." } ?? ".")
        }
    }

    private var details: [IncidentFacts.Detail] {
        var details: [IncidentFacts.Detail] = []
        if !run.migrations.isEmpty { details.append(.init("Migration", run.migrations.joined(separator: ", "))) }
        details.append(.init("Tool", MigrationTool.displayName(of: run.tool)))
        details.append(.init("Database", run.database))
        details.append(
            .init("Started", run.begin.readable + (run.wasUnderwayAtFirstLook ? " (before the agent looked)" : "")))
        if let end = run.end { details.append(.init("Ended", end.readable)) }
        if !run.sessions.isEmpty { details.append(.init("Run by", client)) }
        if run.isRunning, let client = run.standing.client {
            details.append(.init("Client process", client.isGone ? "gone" : client.text))
        }
        if let held = run.standing.strongestLock, run.standing.state != .blocking {
            details.append(.init("Holds", held))
        }
        if run.isRunning, let progress = run.standing.progress {
            if let text = progress.text { details.append(.init("Progress", text)) }
            if let done = progress.step?.migrationsDone {
                let total = progress.step?.migrationsTotal.map { " of \($0)" } ?? ""
                details.append(.init("Migrations done", "\(done)\(total)"))
            }
        }
        for blocker in run.standing.rootBlockers.prefix(3) {
            details.append(.init("Blocked by", describe(blocker)))
            let query = blocker.query
            if !query.isEmpty {
                details.append(.init("Its \(blocker.state == .active ? "" : "last ")query", query, isCode: true))
            }
        }
        if run.standing.blockedSessions > 0 {
            let since = run.standing.blockedSince.map { ", longest wait \((now - $0).readable)" } ?? ""
            details.append(.init("Holds up", count(run.standing.blockedSessions, "session") + since))
            for victim in run.standing.impact?.victims.prefix(3) ?? [] {
                details.append(.init("Held up", describe(victim)))
            }
        }
        if let statement = run.statements.last {
            let text = statement.text
            if !text.isEmpty {
                details.append(.init(run.isRunning ? "Statement" : "Last statement seen", text, isCode: true))
            }
        }
        return details
    }

    private var client: String {
        let application = run.applicationName.isEmpty ? "" : " (\(run.applicationName))"
        let address = run.clientAddress.isEmpty ? "a local socket" : run.clientAddress
        let pids = run.sessions.map { String($0.pid) }
        return "\(run.user) from \(address)\(application), pid \(pids.suffix(3).joined(separator: ", "))"
    }

    private var actions: [IncidentFacts.Action] {
        if let outcome = run.outcome { return actions(after: outcome) }
        let standing = run.standing
        let cancel = run.sessions.last.map { "SELECT pg_cancel_backend(\($0.pid))" }
        var actions: [IncidentFacts.Action] = []
        switch standing.state {
        case .blocked:
            if standing.blockedSessions > 0 {
                actions.append(.init("Let the queue go at once by cancelling the migration", command: cancel))
            }
            for blocker in standing.rootBlockers.prefix(3) { actions.append(remedy(for: blocker)) }
            if standing.blockedSessions == 0 {
                actions.append(.init("Or cancel the migration and run it again with lock_timeout set", command: cancel))
            } else {
                actions.append(
                    .init("Then run the migration again with lock_timeout set, such as SET lock_timeout = '5s'"))
            }
        case .blocking:
            let left = standing.progress?.timeLeft.map { " (\($0))" } ?? ""
            actions.append(
                .init(
                    "Wait if it is about to end\(left); if the application cannot wait, cancel it (it rolls back)",
                    command: cancel))
        case .orphaned:
            actions.append(
                .init(
                    "End its session; nobody would hear of its success, and its open transaction is rolled back",
                    command: run.sessions.last.map { "SELECT pg_terminate_backend(\($0.pid))" }))
            actions.append(
                .init(
                    "For next time: from PostgreSQL 14 on the server notices a lost client by itself if told to",
                    command: "ALTER SYSTEM SET client_connection_check_interval = '10s'"))
        case .idleInTransaction:
            actions.append(.init("Look whether its client still runs (a debugger, a prompt, a lost connection)"))
            actions.append(
                .init(
                    "If not, end its session; the transaction is rolled back",
                    command: run.sessions.last.map { "SELECT pg_terminate_backend(\($0.pid))" }))
        case .progressing, .working:
            let left = standing.progress?.timeLeft.map { ", \($0)" } ?? ""
            let loss =
                standing.progress?.operation?.hasSuffix("CONCURRENTLY") == true
                ? "leave an invalid index behind" : "roll its work back"
            actions.append(.init("Nothing is in its way: wait\(left). Stopping it now would \(loss)"))
        }
        return actions
    }

    private func actions(after outcome: Outcome) -> [IncidentFacts.Action] {
        switch outcome {
        case .committed:
            return []
        case .failed:
            return [
                .init("Read the tool's output or the server's log for the error of the last statement"),
                .init("Check what is applied before running it again; the last transaction left nothing behind"),
            ]
        case .cancelled:
            return [
                .init("Find out who cancelled it, or which timeout did, in the server's log"),
                .init(
                    "Run it again when what was in its way is gone; set lock_timeout so that it cannot queue for long"),
            ]
        case .lost:
            return [.init("Compare the tool's history and the schema with what the migration should have done")]
        case .unseen:
            return [.init("If it matters, look whether the change is there")]
        }
    }

    private func remedy(for blocker: Blocker) -> IncidentFacts.Action {
        if blocker.preventsWraparound {
            return .init(
                "pid \(blocker.pid) is a vacuum against transaction id wraparound and does not yield: cancel the migration and let it finish",
                command: run.sessions.last.map { "SELECT pg_cancel_backend(\($0.pid))" })
        }
        if blocker.applicationName == "pg_dump" {
            return .init("pid \(blocker.pid) is a pg_dump: wait for it, or stop the dump", command: blocker.remedy)
        }
        if let gid = blocker.gid {
            return .init(
                "Finish the prepared transaction '\(gid)': COMMIT PREPARED or ROLLBACK PREPARED",
                command: blocker.remedy)
        }
        return blocker.state == .active
            ? .init("Cancel the query of pid \(blocker.pid) in its way", command: blocker.remedy)
            : .init(
                "Ask \(blocker.user.isEmpty ? "its owner" : blocker.user) to finish, or end pid \(blocker.pid) (it rolls back)",
                command: blocker.remedy)
    }

    private func name(of blocker: Blocker) -> String {
        if let gid = blocker.gid { return "prepared transaction '\(gid)'" }
        let state = blocker.state == .unknown ? blocker.backendType : blocker.state.rawValue
        return "pid \(blocker.pid) (\(state))"
    }

    private func describe(_ blocker: Blocker) -> String {
        var text = name(of: blocker)
        if !blocker.user.isEmpty { text += " of \(blocker.user)" }
        if !blocker.applicationName.isEmpty { text += " (\(blocker.applicationName))" }
        if !blocker.clientAddress.isEmpty { text += " from \(blocker.clientAddress)" }
        if blocker.state == .idleInTransaction, let since = blocker.stateChange {
            text += ", idle for \((now - since).readable)"
        }
        if let start = blocker.transactionStart { text += ", transaction open for \((now - start).readable)" }
        return text
    }

    private func describe(_ victim: Impact.Victim) -> String {
        var text = "pid \(victim.pid)"
        if !victim.user.isEmpty { text += " of \(victim.user)" }
        if !victim.applicationName.isEmpty { text += " (\(victim.applicationName))" }
        if victim.database != run.database { text += " in \(victim.database)" }
        text += ", waiting \((now - victim.waitingSince).readable) for \(victim.waitingFor)"
        return victim.isQueued ? text + ", queued behind others" : text
    }

    private var shortNames: String {
        run.migrations.count <= 2
            ? run.migrations.joined(separator: ", ")
            : "\(run.migrations[0]) … \(run.migrations[run.migrations.count - 1]) (\(run.migrations.count))"
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
