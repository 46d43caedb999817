/// Queries that got slower, or no longer complete, with a migration that has ended a while ago.
enum SlowdownRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.lastRuns.compactMap { run in
            let slower = run.review?.changes.filter(\.isSlower) ?? []
            guard let worst = slower.first, situation.age(of: run.end) < situation.thresholds.slowdown else {
                return nil
            }
            var actions: [Finding.Action] = []
            for remedy in slower.compactMap({ $0.cause?.remedy })
            where !actions.contains(where: { $0.command == remedy }) {
                actions.append(.init("Put right what probably slowed them down", command: remedy))
            }
            if actions.isEmpty {
                actions.append(
                    .init("Compare the plans of these queries with what they were: EXPLAIN (ANALYZE, BUFFERS)"))
            }
            let subject = RunDescription(run, at: situation.now).object
            let ratio = slower.compactMap(\.ratio).max()
            return situation.finding(
                .slowdown, .warning, database: run.database, run: run.id,
                summary: summary(slower, with: subject, ratio: ratio),
                evidence: slower.prefix(5).map { sentence($0, situation.privacy) } + doubt(run.review),
                actions: actions, weight: worst.ratio ?? ratio ?? 0)
        }
    }

    private static func summary(_ changes: [QueryChange], with subject: String, ratio: Double?) -> String {
        func queries(_ count: Int) -> String { count == 1 ? "A query" : "\(count) queries" }
        let stopped = changes.count(where: \.isNoLongerCompleted), slower = changes.count - stopped
        guard let ratio else {
            return "\(queries(stopped)) no longer \(stopped == 1 ? "completes" : "complete") since \(subject)"
        }
        let more = stopped == 0 ? "" : ", and \(stopped) no longer \(stopped == 1 ? "completes" : "complete")"
        return "\(queries(slower)) got slower with \(subject), up to \(readable(ratio)) times\(more)"
    }

    /// Of runs that overlap nobody can tell which one's doing it is.
    private static func doubt(_ review: RunReview?) -> [String] {
        guard let others = review?.overlapping, !others.isEmpty else { return [] }
        return [
            "\(others.count == 1 ? "Another run" : "\(others.count) other runs") went on at the same time (\(others.joined(separator: ", "))): it may be that one's doing."
        ]
    }

    private static func sentence(_ change: QueryChange, _ privacy: QueryTextPrivacy) -> String {
        let text = privacy == .none ? nil : change.text
        let name = text.map { "`\($0.prefix(120))\($0.count > 120 ? "…" : "")`" } ?? "Query \(change.queryID)"
        let cause = change.cause.map { " \($0.text)" } ?? ""
        let before = "\(duration(milliseconds: change.before.mean)) before"
        guard let ratio = change.ratio else {
            let evidence = change.evidence.map { " \($0)" } ?? ""
            return "\(name): \(before), no longer completes.\(evidence)\(cause)"
        }
        return
            "\(name): \(before), \(duration(milliseconds: change.after.mean)) after (\(readable(ratio)) times).\(cause)"
    }

    /// With one digit after the point below ten.
    private static func readable(_ ratio: Double) -> String {
        guard ratio < 10 else { return ratio < 1e9 ? "\(Int(ratio.rounded()))" : "very many" }
        let tenths = Int((ratio * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func duration(milliseconds: Double) -> String {
        let microseconds = Int64((min(milliseconds, 1e12) * 1000).rounded())
        switch microseconds {
        case ..<1000: return "\(microseconds)µs"
        case ..<9950:
            let tenths = (microseconds + 50) / 100
            return tenths % 10 == 0 ? "\(tenths / 10)ms" : "\(tenths / 10).\(tenths % 10)ms"
        default: return Duration.milliseconds((microseconds + 500) / 1000).readable
        }
    }
}
