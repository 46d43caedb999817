/// Runs that have ended badly, for a while: what is known of how, and what to do before the next attempt.
enum LastRunRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.lastRuns.compactMap { run in
            guard situation.age(of: run.end) < situation.thresholds.failedRun,
                // The next attempt is the news.
                !situation.runs.contains(where: { $0.database == run.database && $0.tool == run.tool })
            else { return nil }
            // What was too quick to be seen is not worth a word afterwards.
            return finding(of: run, at: situation.now, privacy: situation.privacy).flatMap {
                $0.severity == .info ? nil : $0
            }
        }
    }

    /// - Returns: `nil` for a run that has committed, or goes on.
    static func finding(of run: MigrationRun, at now: Timestamp, privacy: QueryTextPrivacy = .normalized) -> Finding? {
        guard let outcome = run.outcome, let evidence = outcome.evidence else { return nil }
        var verdict: Verdict
        let severity: Severity
        var actions: [Finding.Action]
        switch outcome {
        case .committed: return nil
        case .unseen:
            (verdict, severity) = (.lostMigration, .info)
            actions = [.init("If it matters, look whether the change is there")]
        case .failed:
            (verdict, severity) = (.failedMigration, .critical)
            actions = [
                .init(
                    "Read the tool's output or the server's log for the error of the last statement (57014 is statement_timeout, 55P03 lock_timeout, 25P03 idle_in_transaction_session_timeout, 40P01 a deadlock)"
                ),
                .init("Check what is applied before running it again; the last transaction left nothing behind"),
            ]
        case .cancelled:
            (verdict, severity) = (.interruptedMigration, .critical)
            actions = [
                .init(
                    "Find out who cancelled it, or which timeout did (57014 statement_timeout, 55P03 lock_timeout, 25P03 idle_in_transaction_session_timeout), in the tool's output or the server's log"
                ),
                .init(
                    "Check what is applied; run it again when what was in its way is gone, with lock_timeout set so that it cannot queue for long"
                ),
            ]
        case .lost:
            (verdict, severity) = (.lostMigration, .warning)
            actions = [.init("Compare the tool's history and the schema with what the migration should have done")]
        }
        if run.partialWork?.isAppliedInPart == true {
            verdict = .partialMigration
            actions =
                actions.prefix(1) + [
                    .init(
                        "Compare the schema with the migration's statements: complete it by hand from the one that failed, or undo what is there"
                    ),
                    .init("Do not simply run it again: statements that have been applied would fail, or apply twice"),
                ]
        }
        let statement = privacy == .none ? nil : run.statements.last
        return Finding(
            verdict, severity: severity, target: run.target, database: run.database, run: run.id,
            summary: RunDescription(run, at: now).title,
            evidence: [evidence.prefix(1).uppercased() + evidence.dropFirst() + "."]
                + (run.partialWork?.evidence ?? []),
            statements: statement.map { [.init(pid: $0.pid, isRunning: false, text: $0.text)] } ?? [],
            actions: actions)
    }
}
