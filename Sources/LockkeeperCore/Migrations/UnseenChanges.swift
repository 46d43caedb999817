/// Notices indexes that came or went while nobody was seen at it: a statement of a few milliseconds, by hand, whose session was gone before
/// anybody looked. It may slow queries down like any other.
///
/// Two readings of the catalog are compared. Only tables that both have count: every load of data makes tables with their indexes, and drops
/// them.
struct UnseenChanges: Sendable {
    private let target: String
    /// The newest reading of each database, by its oid.
    private var readings: [UInt32: RelationStatistics] = [:]
    /// What is held back until it is certain that no look shows a run behind it.
    private var suspicions: [Suspicion] = []
    /// Runs that have ended lately, oldest first.
    private var ended: [(run: MigrationRun, isDiscovered: Bool)] = []
    private var lastLook: Timestamp?

    private struct Suspicion: Sendable {
        var database: String
        /// The reading before, and the one that shows the changes.
        var after: Timestamp
        var by: Timestamp
        var changes: [String]
    }

    private static let endedLimit = 64, suspicionLimit = 16, changeLimit = 5
    /// A reading asks for tables and for indexes one after the other.
    private static let readingSpread = Duration.seconds(1)

    init(target: String) {
        self.target = target
    }

    /// Takes notice of a full look: what it shows of runs has been taken in.
    mutating func noteLook(at serverTime: Timestamp) { lastLook = serverTime }

    mutating func note(_ events: [RunEvent]) {
        for event in events {
            switch event {
            case .ended(let run): ended.append((run, false))
            case .discovered(let run): ended.append((run, true))
            case .started, .advanced, .reviewed: break
            }
        }
        ended.removeFirst(max(0, ended.count - Self.endedLimit))
    }

    /// Compares what has been read with what was read before.
    ///
    /// - Parameter open: the runs under way.
    /// - Returns: runs, with nothing known of them but what they changed and between which two readings.
    mutating func advance(_ reading: StatementReading, open: [MigrationRun]) -> [MigrationRun] {
        let ripe = suspicions.filter { suspicion in
            suspicion.by < reading.serverTime && lastLook.map { $0 > suspicion.by + Self.readingSpread } ?? false
        }
        suspicions.removeAll { suspicion in ripe.contains { $0.database == suspicion.database && $0.by == suspicion.by }
        }
        for statistics in reading.relations {
            if let before = readings.updateValue(statistics, forKey: statistics.databaseOID) {
                let changes = Self.changes(from: before, to: statistics)
                guard !changes.isEmpty else { continue }
                suspicions.append(
                    Suspicion(
                        database: statistics.database, after: before.serverTime, by: statistics.serverTime,
                        changes: changes))
            }
        }
        suspicions.removeFirst(max(0, suspicions.count - Self.suspicionLimit))
        let present = Set(reading.databases.map(\.oid))
        if !present.isEmpty { readings = readings.filter { present.contains($0.key) } }
        return ripe.filter { !isExplained($0, open: open) }.map(run)
    }

    /// Whether a run may have done it. Of one that was only discovered nobody knows when it was.
    private func isExplained(_ suspicion: Suspicion, open: [MigrationRun]) -> Bool {
        let latest = suspicion.by + Self.readingSpread
        return open.contains { $0.database == suspicion.database && $0.begin <= latest }
            || ended.contains { run, isDiscovered in
                run.database == suspicion.database && (run.end ?? run.begin) >= suspicion.after
                    && (isDiscovered || run.begin <= latest)
            }
    }

    private func run(_ suspicion: Suspicion) -> MigrationRun {
        let shown = suspicion.changes.prefix(Self.changeLimit).joined(separator: ", ")
        let more =
            suspicion.changes.count > Self.changeLimit ? " and \(suspicion.changes.count - Self.changeLimit) more" : ""
        return MigrationRun(
            id: StableIdentifier.derive(from: target, suspicion.database, "unseen", String(suspicion.by.microseconds)),
            target: target, database: suspicion.database, tool: MigrationTool.manual, sessions: [],
            begin: suspicion.after, end: suspicion.by,
            outcome: .unseen(
                evidence:
                    "\(shown)\(more), and nobody was seen at it: it was over before anybody looked, some time after \(suspicion.after.readable) and by \(suspicion.by.readable)"
            ))
    }

    // MARK: - Comparing

    /// The indexes that came and went, each a clause.
    private static func changes(from old: RelationStatistics, to new: RelationStatistics) -> [String] {
        // A list that was cut off says nothing of what is missing from it.
        guard old.indexes.count < RelationStatistics.indexLimit, new.indexes.count < RelationStatistics.indexLimit
        else { return [] }
        let (before, now) = (indexes(of: old), indexes(of: new))
        let oids = Set(new.indexes.map(\.oid)), oldOIDs = Set(old.indexes.map(\.oid))
        // Those of partitions come and go with the index of the partitioned table.
        let parents = Dictionary(
            (old.indexes + new.indexes).compactMap { index in index.parentOID.map { (index.oid, $0) } },
            uniquingKeysWith: { first, _ in first })
        func isTold(_ oid: UInt32) -> Bool {
            parents[oid].map { oids.contains($0) != oldOIDs.contains($0) } ?? false
        }
        var changes: [String] = []
        let oldTables = Set(old.tables.map(\.oid))
        for table in new.tables where oldTables.contains(table.oid) {
            let (mine, theirs) = (before[table.oid, default: [:]], now[table.oid, default: [:]])
            // Of the last table of a list the indexes may be missing.
            guard old.isComplete && new.isComplete || !mine.isEmpty && !theirs.isEmpty else { continue }
            let name = "\(table.schema).\(table.name)"
            // One with another name and the same oid was renamed, one with another oid and the same name was built anew.
            for (index, oid) in mine.sorted(by: { $0.key < $1.key })
            where theirs[index] == nil && !oids.contains(oid) && !isTold(oid) {
                changes.append("the index \(index) on \(name) is gone")
            }
            for (index, oid) in theirs.sorted(by: { $0.key < $1.key })
            where mine[index] == nil && !oldOIDs.contains(oid) && !isTold(oid) {
                changes.append("the index \(index) on \(name) is new")
            }
        }
        return changes
    }

    /// For each table the oids of its indexes by name.
    private static func indexes(of statistics: RelationStatistics) -> [UInt32: [String: UInt32]] {
        var indexes: [UInt32: [String: UInt32]] = [:]
        for index in statistics.indexes { indexes[index.tableOID, default: [:]][index.name] = index.oid }
        return indexes
    }
}
