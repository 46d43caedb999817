/// Looks in a database's catalog for what has probably changed a query's time.
struct QueryCauses: Sendable {
    /// How the database was when the run began.
    let before: RelationStatistics
    /// An earlier reading, for the pace of scans before the run.
    let earlier: RelationStatistics
    /// The first reading after the run's end.
    let after: RelationStatistics
    let now: RelationStatistics
    /// When the run began, or the first of those that it overlaps.
    let runBegin: Timestamp
    private let oldIndexes: [UInt32: [RelationStatistics.Index]]
    private let presentIndexes: [UInt32: [RelationStatistics.Index]]

    init(
        before: RelationStatistics, earlier: RelationStatistics, after: RelationStatistics, now: RelationStatistics,
        runBegin: Timestamp
    ) {
        self.before = before
        self.earlier = earlier
        self.after = after
        self.now = now
        self.runBegin = runBegin
        oldIndexes = Dictionary(grouping: before.indexes.filter(\.isUsable), by: \.tableOID)
        presentIndexes = Dictionary(grouping: now.indexes, by: \.tableOID)
    }

    /// - Parameter text: the query's text, where it is known: the tables that it names are looked at.
    func cause(of difference: QueryComparison.Difference, text: String?) -> QueryChange.Cause? {
        let named = text.map(tables(namedIn:)) ?? []
        // A query that names no table of ours calls a function or reads a view, which may use any.
        let candidates = named.isEmpty ? allTables : named
        let isSure = !named.isEmpty
        if difference.isSlower {
            return lostIndex(candidates, isSure: isSure) ?? (isSure ? missingStatistics(named) : nil)
                ?? (isSure ? sequentialScan(named) : nil) ?? rewrite(named, difference) ?? Self.work(difference)
        }
        return newIndex(candidates, isSure: isSure) ?? rewrite(named, difference) ?? Self.work(difference)
    }

    /// What the blocks that it touches say, without a look at the catalog.
    static func work(_ difference: QueryComparison.Difference) -> QueryChange.Cause? {
        guard let ratio = difference.ratio else { return nil }
        let (before, after) = (difference.before, difference.after)
        if difference.workRatio >= 1.5 || difference.workRatio <= 1 / 1.5 {
            return .init(
                .otherWork,
                "A call touches \(number(after.blocksPerCall)) blocks, before the run \(number(before.blocksPerCall)): another plan, or other data.",
                remedy: ratio > 1 ? "Compare the plans with EXPLAIN (ANALYZE, BUFFERS)" : nil)
        }
        if ratio > 1, after.readsPerCall >= before.readsPerCall * 2 + 1 {
            return .init(
                .coldCache,
                "A call reads \(number(after.readsPerCall)) of its \(number(after.blocksPerCall)) blocks from outside the server's cache, before the run \(number(before.readsPerCall)): the cache is cold."
            )
        }
        return nil
    }

    // MARK: Indexes

    /// An index is the same one by its oid, so that one that was renamed is not lost, and by its name, so that one that was built anew
    /// (REINDEX CONCURRENTLY) is not lost either.
    private func lostIndex(_ tables: [RelationStatistics.Table], isSure: Bool) -> QueryChange.Cause? {
        var lost: [(table: RelationStatistics.Table, index: RelationStatistics.Index, isInvalid: Bool)] = []
        // What is missing from a list that was cut off is not missing from the table.
        for table in tables where now.knowsIndexes(of: table.oid) {
            let present = presentIndexes[table.oid, default: []]
            for index in oldIndexes[table.oid, default: []] {
                let same = present.filter { $0.oid == index.oid || $0.name == index.name }
                if !same.contains(where: \.isUsable) { lost.append((table, index, !same.isEmpty)) }
            }
        }
        // Those of partitions go with the index of the partitioned table.
        let gone = Set(lost.map(\.index.oid))
        lost.removeAll { $0.index.parentOID.map(gone.contains) ?? false }
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
                remedy: most.table.isPartitioned
                    ? "Create the index \(most.index.name) ON ONLY \(name) again, then with CREATE INDEX CONCURRENTLY on each partition, and attach those"
                    : "Create the index \(most.index.name) on \(name) again, with CREATE INDEX CONCURRENTLY")
    }

    private func newIndex(_ tables: [RelationStatistics.Table], isSure: Bool) -> QueryChange.Cause? {
        // What was missing from a list that was cut off need not be new. The partitioned table comes before its partitions.
        for table in tables where before.knowsIndexes(of: table.oid) {
            let old = oldIndexes[table.oid, default: []]
            let new = presentIndexes[table.oid, default: []].filter { index in
                index.isUsable && !old.contains { $0.oid == index.oid || $0.name == index.name }
            }
            // A new index that nobody uses makes nothing faster.
            guard let index = new.max(by: { scans($0, in: now) < scans($1, in: now) }), scans(index, in: now) > 0 else {
                continue
            }
            let doubt = isSure ? "" : " The query's text names no table that is known here."
            return .init(
                .indexAdded,
                "The index \(index.name) on \(qualified(table)) is new and has been used \(times(scans(index, in: now))).\(scanSentence(table))\(doubt)"
            )
        }
        return nil
    }

    /// How often an index was used before the run, as far as that was watched; else since its statistics began.
    private func uses(_ index: RelationStatistics.Index) -> Int64 {
        let (first, last) = (scans(index, in: earlier), scans(index, in: before))
        return last > first ? last - first : last
    }

    /// How often an index had been used by then; a partitioned one has no scans but those of the partitions' indexes.
    private func scans(_ index: RelationStatistics.Index, in reading: RelationStatistics) -> Int64 {
        reading.indexes.reduce(0) { sum, other in
            other.oid == index.oid || other.parentOID == index.oid ? sum + other.scans : sum
        }
    }

    // MARK: Tables

    /// A table that lost its statistics with the run, as TRUNCATE has it, or that is another one than before. VACUUM FULL and CLUSTER keep
    /// them, and one that never had any is no slower for it than before.
    private func missingStatistics(_ tables: [RelationStatistics.Table]) -> QueryChange.Cause? {
        for table in tables {
            guard let present = now.tables.first(where: { $0.schema == table.schema && $0.name == table.name }),
                !(present.analyzedAt.map { $0 >= runBegin } ?? false)
            else { continue }
            let isNew = present.oid != table.oid
            guard isNew || (table.estimatedRows != nil && present.estimatedRows == nil) else { continue }
            let what = isNew ? "was made anew" : "has lost its statistics"
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
        // A partitioned table has no scans but those of its partitions.
        func scans(_ reading: RelationStatistics) -> Int64? {
            let own = reading.tables.filter { $0.oid == table.oid || $0.rootOID == table.oid }
            return own.isEmpty ? nil : own.reduce(0) { $0 + $1.sequentialScans }
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

    /// The tables, as they were before the run, whose names a text holds, and their partitions.
    private func tables(namedIn text: String) -> [RelationStatistics.Table] {
        let names = Set(SQLLexer(text).compactMap(\.name))
        let roots = Set(before.tables.filter { $0.isPartitioned && names.contains($0.name) }.map(\.oid))
        return before.tables.filter { table in
            names.contains(table.name) || table.rootOID.map(roots.contains) ?? false
        }
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
