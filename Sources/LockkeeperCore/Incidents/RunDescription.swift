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

    /// The subject within a sentence: `migration 0042_orders on app-production`, `the migration on app-production`.
    public var object: String {
        run.migrations.isEmpty ? "the migration on \(run.target)" : "migration \(shortNames) on \(run.target)"
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
            case .unseen where run.sessions.isEmpty: "was seen only by what it changed"
            case .unseen: "ended\(after), too quickly to see its outcome"
            }
        }
        let held = run.standing.blockedSessions
        let holding = held > 0 ? ", holding up \(held.readable("session"))" : ""
        switch run.standing.state {
        case .blocked:
            let since = run.standing.waitingSince.map { " for \((now - $0).readable)" } ?? ""
            let by = run.standing.rootBlockers.first.map { " by \($0.name)" } ?? ""
            return "is blocked\(by)\(since)\(holding)"
        case .blocking:
            return "is holding up \(held.readable("session")), running for \(run.duration(at: now).readable)"
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
        if case .committed(let versions)? = run.outcome {
            return versions.isEmpty ? "The migration has committed." : "Applied: \(versions.joined(separator: ", "))."
        }
        return finding?.evidence.joined(separator: " ") ?? ""
    }

    /// What is to be said of the run; `nil` once it has committed.
    private var finding: Finding? {
        run.isRunning ? RunRule.findings(of: run, at: now).first : LastRunRule.finding(of: run, at: now)
    }

    private var details: [IncidentFacts.Detail] {
        var details: [IncidentFacts.Detail] = []
        if !run.migrations.isEmpty { details.append(.init("Migration", run.migrations.joined(separator: ", "))) }
        details.append(.init("Tool", MigrationTool.displayName(of: run.tool)))
        details.append(.init("Database", run.database))
        if case .unseen? = run.outcome, run.sessions.isEmpty, let end = run.end {
            // Two readings, between which it was.
            details += [.init("Some time after", run.begin.readable), .init("And by", end.readable)]
        } else {
            details.append(
                .init("Started", run.begin.readable + (run.wasUnderwayAtFirstLook ? " (before the agent looked)" : "")))
            if let end = run.end { details.append(.init("Ended", end.readable)) }
        }
        if !run.sessions.isEmpty { details.append(.init("Run by", client)) }
        if run.isRunning, let client = run.standing.client {
            details.append(.init("Client process", client.isGone ? "gone" : client.text))
        }
        if let held = run.standing.strongestLock, run.standing.state != .blocking {
            details.append(.init("Holds", held))
        }
        if run.isRunning, let progress = run.standing.progress {
            if let text = progress.text { details.append(.init("Progress", text)) }
            if let place = progress.place { details.append(.init("Running", place)) }
            if let done = progress.step?.migrationsDone {
                let total = progress.step?.migrationsTotal.map { " of \($0)" } ?? ""
                details.append(.init("Migrations done", "\(done)\(total)"))
            }
        }
        for blocker in run.standing.rootBlockers.prefix(3) {
            details.append(.init("Blocked by", blocker.described(at: now)))
            let query = blocker.query
            if !query.isEmpty {
                details.append(.init("Its \(blocker.state == .active ? "" : "last ")query", query, isCode: true))
            }
        }
        if run.standing.blockedSessions > 0 {
            let since = run.standing.blockedSince.map { ", longest wait \((now - $0).readable)" } ?? ""
            details.append(.init("Holds up", run.standing.blockedSessions.readable("session") + since))
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
        finding?.actions.map { IncidentFacts.Action($0.text, command: $0.command) } ?? []
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

}
