/// Looks in a database's catalog for what has probably changed a query's time.
struct QueryCauses: Sendable {
    /// How the database was when the run began.
    var before: RelationStatistics
    /// An earlier reading, for the pace of scans before the run.
    var earlier: RelationStatistics
    /// The first reading after the run's end.
    var after: RelationStatistics
    var now: RelationStatistics
    /// When the run began.
    var runBegin: Timestamp

    /// - Parameter text: the query's text, where it is known: the tables that it names are looked at.
    func cause(of difference: QueryComparison.Difference, text: String?) -> QueryChange.Cause? {
        let named = text.map(tables(namedIn:)) ?? []
        // A query that names no table of ours calls a function or reads a view, which may use any.
        let candidates = named.isEmpty ? allTables : named
        let isSure = !named.isEmpty
        if difference.ratio > 1 {
            return lostIndex(candidates, isSure: isSure) ?? (isSure ? missingStatistics(named) : nil)
                ?? (isSure ? sequentialScan(named) : nil) ?? rewrite(named, difference) ?? Self.work(difference)
        }
        return newIndex(candidates, isSure: isSure) ?? rewrite(named, difference) ?? Self.work(difference)
    }

    /// What the blocks that it touches say, without a look at the catalog.
    static func work(_ difference: QueryComparison.Difference) -> QueryChange.Cause? {
        let (before, after) = (difference.before, difference.after)
        if difference.workRatio >= 1.5 || difference.workRatio <= 1 / 1.5 {
            return .init(
                .otherWork,
                "A call touches \(number(after.blocksPerCall)) blocks, before the run \(number(before.blocksPerCall)): another plan, or other data.",
                remedy: difference.ratio > 1 ? "Compare the plans with EXPLAIN (ANALYZE, BUFFERS)" : nil)
        }
        if difference.ratio > 1, after.readsPerCall >= before.readsPerCall * 2 + 1 {
            return .init(
                .coldCache,
                "A call reads \(number(after.readsPerCall)) of its \(number(after.blocksPerCall)) blocks from outside the server's cache, before the run \(number(before.readsPerCall)): the cache is cold."
            )
        }
        return nil
    }

    // MARK: Indexes

    private func lostIndex(_ tables: [RelationStatistics.Table], isSure: Bool) -> QueryChange.Cause? {
        var lost: [(table: RelationStatistics.Table, index: RelationStatistics.Index, isInvalid: Bool)] = []
        for table in tables {
            guard now.tables.contains(where: { $0.oid == table.oid }) else { continue }
            let usable = Set(now.indexes.filter { $0.tableOID == table.oid && $0.isUsable }.map(\.name))
            let present = Set(now.indexes.filter { $0.tableOID == table.oid }.map(\.name))
            for index in before.indexes
            where index.tableOID == table.oid && index.isUsable && !usable.contains(index.name) {
                lost.append((table, index, present.contains(index.name)))
            }
        }
        // One that was used says more than one that was not.
        guard let most = lost.max(by: { uses($0.index) < uses($1.index) }) else { return nil }
        let name = qualified(most.table)
        let others = lost.count > 1 ? " (and \(lost.count - 1) more)" : ""
        let scans = scanSentence(most.table)
        let doubt = isSure ? "" : " The query's text names no table that is known here."
        let count = uses(most.index)
        let used = count > 0 ? ", which was used \(times(count)) before the run," : ""
        return most.isInvalid
            ? .init(
                .indexInvalid,
                "The index \(most.index.name) on \(name)\(used) is invalid since the run\(others).\(scans)\(doubt)",
                remedy: "REINDEX INDEX CONCURRENTLY \(quoted(most.table.schema)).\(quoted(most.index.name))")
            : .init(
                .indexDropped,
                "The index \(most.index.name) on \(name)\(used) is gone since the run\(others).\(scans)\(doubt)",
                remedy: "Create the index \(most.index.name) on \(name) again, with CREATE INDEX CONCURRENTLY")
    }

    private func newIndex(_ tables: [RelationStatistics.Table], isSure: Bool) -> QueryChange.Cause? {
        for table in tables {
            let old = Set(before.indexes.filter { $0.tableOID == table.oid && $0.isUsable }.map(\.name))
            let new = now.indexes.filter { $0.tableOID == table.oid && $0.isUsable && !old.contains($0.name) }
            // A new index that nobody uses makes nothing faster.
            guard let index = new.max(by: { $0.scans < $1.scans }), index.scans > 0,
                before.tables.contains(where: { $0.oid == table.oid })
            else { continue }
            let doubt = isSure ? "" : " The query's text names no table that is known here."
            return .init(
                .indexAdded,
                "The index \(index.name) on \(qualified(table)) is new and has been used \(times(index.scans)).\(scanSentence(table))\(doubt)"
            )
        }
        return nil
    }

    /// How often an index was used before the run, as far as that was watched; else since its statistics began.
    private func uses(_ index: RelationStatistics.Index) -> Int64 {
        let first = earlier.indexes.first { $0.oid == index.oid }?.scans ?? 0
        return index.scans > first ? index.scans - first : index.scans
    }

    // MARK: Tables

    private func missingStatistics(_ tables: [RelationStatistics.Table]) -> QueryChange.Cause? {
        for table in tables {
            guard let present = now.tables.first(where: { $0.schema == table.schema && $0.name == table.name }) else {
                continue
            }
            let isNew = present.oid != table.oid
            let isRewritten = present.fileNode != table.fileNode
            let isAnalyzed = present.analyzedAt.map { $0 >= runBegin } ?? false
            guard isNew || isRewritten || present.estimatedRows == nil, !isAnalyzed else { continue }
            let what = isNew ? "was made anew" : isRewritten ? "was rewritten" : "has no statistics"
            let estimate =
                present.estimatedRows.map { "takes it to have \(Self.number($0)) rows" }
                ?? "knows nothing of its \(present.liveRows) rows"
            return .init(
                .missingStatistics,
                "\(qualified(table)) \(what) and has not been analysed since: the planner \(estimate).\(scanSentence(table))",
                remedy: "ANALYZE \(quoted(table.schema)).\(quoted(table.name))")
        }
        return nil
    }

    /// Rows that were written anew lie closer together, and in another order. It counts where a call touches more or fewer blocks than before.
    private func rewrite(
        _ tables: [RelationStatistics.Table], _ difference: QueryComparison.Difference
    ) -> QueryChange.Cause? {
        guard let work = Self.work(difference), work.kind == .otherWork else { return nil }
        let rewritten = tables.first { table in
            // Of a table that others were put in the place of there is no file to compare.
            after.tables.contains { $0.oid == table.oid && $0.fileNode != table.fileNode }
        }
        guard let rewritten else { return nil }
        let (old, new) = (difference.before.blocksPerCall, difference.after.blocksPerCall)
        return .init(
            .rewritten,
            "\(qualified(rewritten)) was rewritten, or emptied, while the run went on: a call touches \(Self.number(new)) blocks, before the run \(Self.number(old)).",
            remedy: work.remedy)
    }

    private func sequentialScan(_ tables: [RelationStatistics.Table]) -> QueryChange.Cause? {
        for table in tables {
            guard let pace = pace(of: table), pace.after > max(0.1, pace.before * 5) else { continue }
            return .init(
                .sequentialScan, "\(qualified(table)) is read as a whole now:\(scanSentence(table))",
                remedy: "Compare the plans with EXPLAIN (ANALYZE, BUFFERS)")
        }
        return nil
    }

    /// Sequential scans a second, before the run and since.
    private func pace(of table: RelationStatistics.Table) -> (before: Double, after: Double)? {
        func scans(_ reading: RelationStatistics) -> Int64? {
            reading.tables.first { $0.oid == table.oid }?.sequentialScans
        }
        let (past, present) = (before.serverTime - earlier.serverTime, now.serverTime - after.serverTime)
        guard past > .zero, present > .zero, let one = scans(earlier), let two = scans(before),
            let three = scans(after),
            let four = scans(now)
        else { return nil }
        return (Double(two - one) / past.inSeconds, Double(four - three) / present.inSeconds)
    }

    private func scanSentence(_ table: RelationStatistics.Table) -> String {
        guard let pace = pace(of: table) else { return "" }
        return
            " Sequential scans of it: \(Self.number(pace.after * 60)) a minute, before the run \(Self.number(pace.before * 60))."
    }

    // MARK: Names

    private var allTables: [RelationStatistics.Table] { before.tables }

    /// The tables, as they were before the run, whose names a text holds.
    private func tables(namedIn text: String) -> [RelationStatistics.Table] {
        let names = Set(SQLLexer(text).compactMap(\.name))
        return before.tables.filter { names.contains($0.name) }
    }

    private func qualified(_ table: RelationStatistics.Table) -> String { "\(table.schema).\(table.name)" }

    private func quoted(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        return isPlain && !(name.utf8.first.map { (48...57).contains($0) } ?? true)
            ? name : "\"\(name.replacing("\"", with: "\"\""))\""
    }

    private func times(_ count: Int64) -> String { count == 1 ? "once" : "\(count) times" }

    /// With one decimal below ten.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        let tenths = (value * 10).rounded()
        return abs(value) >= 10 || tenths.truncatingRemainder(dividingBy: 10) == 0
            ? "\(Int64(value.rounded()))" : "\(tenths / 10)"
    }
}
