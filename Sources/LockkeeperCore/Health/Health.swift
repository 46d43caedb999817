/// How one target's databases fare around migrations, by the newest look at their catalogs.
public struct Health: Sendable {
    public let target: String
    /// The newest reading of each database, by its name.
    public private(set) var readings: [String: CatalogReading] = [:]
    /// The newest that is known of the whole server; what could not be read of it is in `serverFailures`.
    public private(set) var server: ServerHealth?
    /// When `server` was read, by the server's clock.
    public private(set) var serverReadAt: Timestamp?
    /// What could not be read of the server, and why.
    public private(set) var serverFailures: [CatalogReading.Part: SampleFailure] = [:]
    /// How many readings of the server have come since the database was read last.
    private var missed: [String: Int] = [:]

    /// A database that cannot be read any more is forgotten after that time, and after a few rounds without it.
    private static let forgottenAfter = (time: Duration.seconds(3600), rounds: 3)
    /// How many databases are remembered at most.
    static let databaseLimit = 1000

    public init(target: String) {
        self.target = target
    }

    /// Takes a reading in; an older one than that already known, as after a restart of the server's clock, replaces it all the same.
    public mutating func advance(_ reading: CatalogReading) {
        readings[reading.database] = reading
        missed[reading.database] = 0
        guard let server = reading.server else { return }
        self.server = server
        serverReadAt = reading.serverTime
        serverFailures = reading.failures.filter(\.key.isOfServer)
        forget(except: reading.database, server: server, at: reading.serverTime)
    }

    /// All databases that the server has; `nil` while that is not known, since they could not be read, or are more than are listed.
    public var presentDatabases: Set<String>? {
        guard let server, serverFailures[.databases] == nil, !server.databases.isEmpty,
            server.databases.count < ServerHealth.databaseLimit
        else { return nil }
        return Set(server.databases.map(\.database))
    }

    /// Databases that are gone take their figures with them.
    private mutating func forget(except own: String, server: ServerHealth, at time: Timestamp) {
        let present = presentDatabases
        for (database, reading) in readings where database != own {
            missed[database, default: 0] += 1
            let isSilent =
                missed[database, default: 0] >= Self.forgottenAfter.rounds
                && time - reading.serverTime >= Self.forgottenAfter.time
            if isSilent || present?.contains(database) == false { drop(database) }
        }
        let oldest = readings.values.sorted { $0.serverTime < $1.serverTime }.map(\.database).filter { $0 != own }
        for database in oldest.prefix(max(0, readings.count - Self.databaseLimit)) { drop(database) }
    }

    private mutating func drop(_ database: String) {
        readings[database] = nil
        missed[database] = nil
    }

    // MARK: Figures

    /// Writes the figures of the newest readings; what could not be read is left out, and said to be.
    ///
    /// The caller leaves them out altogether while the target does not answer.
    public func record(into metrics: inout MetricsBuilder) {
        for (database, reading) in readings {
            let labels = MetricCatalog.DatabaseLabels(target: target, database: database)
            for part in CatalogReading.Part.allCases where reading.server != nil || !part.isOfServer {
                metrics.set(
                    MetricCatalog.catalogPartAvailable, .init(labels, part: part), to: reading.failures[part] == nil)
            }
            if reading.failures[.invalidIndexes] == nil {
                metrics.set(MetricCatalog.invalidIndexes, labels, to: reading.invalidIndexCount)
            }
            if reading.failures[.constraints] == nil {
                metrics.set(MetricCatalog.notValidatedConstraints, labels, to: reading.notValidatedConstraintCount)
            }
        }
        if let server { record(server, into: &metrics) }
    }

    private func record(_ server: ServerHealth, into metrics: inout MetricsBuilder) {
        let labels = MetricCatalog.TargetLabels(target: target)
        for database in server.databases {
            metrics.set(
                MetricCatalog.transactionIDAge, .init(target: target, database: database.database),
                to: database.transactions)
        }
        if serverFailures[.snapshots] == nil {
            metrics.set(
                MetricCatalog.oldestSnapshot, labels,
                to: server.snapshotHolders.filter { $0.kind != .slotCatalogs }.map(\.transactions).max() ?? 0)
        }
        // A slot or a replica of a few minutes, such as a new subscription's or a base backup's, would be a series for ever.
        for slot in server.slots where !slot.isTemporary {
            if let bytes = slot.retainedBytes {
                metrics.set(
                    MetricCatalog.slotRetainedBytes, .init(target: target, slot: slot.name), to: bytes)
            }
        }
        for (name, bytes) in Self.lags(of: server) {
            metrics.set(MetricCatalog.replicationLag, .init(target: target, slot: name), to: bytes)
        }
        if let archiver = server.archiver {
            metrics.set(MetricCatalog.archiverFailures, labels, to: archiver.failedCount)
        }
        if let bytes = server.walFolderBytes { metrics.set(MetricCatalog.walFolderBytes, labels, to: bytes) }
    }

    /// How far behind each follower is: by its slot's name, or by its own where it has none. A physical slot in use is as far behind as the
    /// replica that uses it; the slot itself only tells what is kept for it.
    static func lags(of server: ServerHealth) -> [String: Int64] {
        var lags: [String: Int64] = [:]
        let replicas = server.replicas.filter { !$0.isBackup }
        for slot in server.slots where !slot.isTemporary {
            let replayed = slot.isLogical ? nil : replicas.first { $0.slot == slot.name }?.lagBytes
            if let bytes = replayed ?? slot.lagBytes { lags[slot.name] = bytes }
        }
        for replica in replicas where replica.slot == nil {
            let name = replica.applicationName.isEmpty ? replica.clientAddress : replica.applicationName
            if let bytes = replica.lagBytes { lags[name] = max(bytes, lags[name] ?? 0) }
        }
        return lags
    }
}
