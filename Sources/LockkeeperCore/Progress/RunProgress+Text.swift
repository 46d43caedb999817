extension RunProgress {
    /// What is being done, for people: `creating index public.orders_note_idx`; `nil` while the server counts nothing.
    public var work: String? {
        guard let operation else { return nil }
        let table = relation.map { " \($0)" } ?? ""
        switch operation {
        case "CREATE INDEX", "CREATE INDEX CONCURRENTLY":
            let how = operation.hasSuffix("CONCURRENTLY") ? " concurrently" : ""
            if let index { return "creating index \(index)\(how)" }
            return "creating an index\(relation.map { " on \($0)" } ?? "")\(how)"
        case "REINDEX", "REINDEX CONCURRENTLY":
            let how = operation.hasSuffix("CONCURRENTLY") ? " concurrently" : ""
            return "rebuilding \(index.map { "index \($0)" } ?? "indexes\(relation.map { " of \($0)" } ?? "")")\(how)"
        case "VACUUM FULL": return "rewriting\(table) (VACUUM FULL)"
        case "CLUSTER": return "rewriting\(table) in the order of an index (CLUSTER)"
        case "COPY FROM": return "copying rows into\(relation.map { " \($0)" } ?? " a table")"
        case "COPY TO": return "copying rows out of\(relation.map { " \($0)" } ?? " a query")"
        case "VACUUM": return "vacuuming\(table)"
        case "ANALYZE": return "analyzing\(table)"
        case "BASE BACKUP": return "sending a base backup"
        default: return "\(operation)\(table)"
        }
    }

    /// All of it, for people: `creating index public.orders_note_idx: building index: scanning table, 42 %, about 3m left of this phase`.
    public var text: String? {
        guard let work else { return nil }
        var parts: [String] = []
        if let phase { parts.append(phase) }
        if let share { parts.append(share) } else if let amount { parts.append(amount) }
        if let currentLockerPID { parts.append("now for pid \(currentLockerPID)") }
        if let partitions, let total = partitions.total {
            parts.append("partition \(min(partitions.done + 1, total)) of \(total)")
        }
        if let timeLeft { parts.append(timeLeft) }
        return parts.isEmpty ? work : "\(work): \(parts.joined(separator: ", "))"
    }

    /// Which statement runs, for people: `statement 3 of 7 of 0042_orders`; `nil` where the folder does not tell.
    public var place: String? {
        guard let step, let migration = step.migration else { return nil }
        guard let statement = step.statement, let total = step.statementsTotal else {
            return "a statement of \(migration)"
        }
        return "statement \(statement) of \(total) of \(migration)"
    }

    /// `42 %`, never 100 before all is done.
    public var share: String? {
        guard unit != .transactions, let ratio else { return nil }
        return "\(Int(ratio * 100)) %"
    }

    /// `about 3m left of this phase`
    public var timeLeft: String? {
        remaining.map { "about \($0.roughly) left\(coversCommand ? "" : " of this phase")" }
    }

    /// `120000 tuples`, `1 of 3 transactions`
    private var amount: String? {
        guard let counter, let unit else { return nil }
        return "\(counter.done)\(counter.total.map { " of \($0)" } ?? "") \(unit.rawValue)"
    }
}

extension Duration {
    /// A guess for people, without digits that it does not have: `40s`, `3m`, `1h 20m`.
    fileprivate var roughly: String {
        let seconds = Int64(inSeconds.rounded(.up))
        switch seconds {
        case ..<60: return Duration.seconds(max(1, seconds > 10 ? (seconds + 4) / 5 * 5 : seconds)).readable
        case ..<3600: return Duration.seconds((seconds + 30) / 60 * 60).readable
        default: return Duration.seconds((seconds + 300) / 600 * 600).readable
        }
    }
}
