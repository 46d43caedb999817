import Foundation
import LockkeeperCore
import Testing

@Suite("A target's health")
struct HealthTests {
    private static let failure = SampleFailure(reason: .permissionDenied, message: "not allowed")

    private func time(_ seconds: Double) -> Timestamp { Timestamp(seconds: 1_000_000 + seconds) }

    /// The series of a metric, each by its labels besides the target.
    private func series(_ health: Health, _ name: String) -> [String: Double] {
        var metrics = MetricsBuilder()
        health.record(into: &metrics)
        var values: [String: Double] = [:]
        for series in metrics.snapshot().series where series.name == name {
            let labels = series.labels.filter { $0.name != "target" }.map(\.value)
            values[labels.joined(separator: ",")] = series.value
        }
        return values
    }

    @Test("counts what the newest reading of each database found, beyond what is listed")
    func counts() {
        var health = Health(target: "t")
        health.advance(
            CatalogReading(
                database: "a", serverTime: time(0), invalidIndexes: [InvalidIndex(oid: 1, name: "i", table: "t")],
                invalidIndexCount: 120))
        health.advance(
            CatalogReading(
                database: "b", serverTime: time(1),
                notValidatedConstraints: [NotValidatedConstraint(name: "c", relation: "t", kind: .check)]))
        #expect(series(health, "lockkeeper_invalid_indexes") == ["a": 120, "b": 0])
        #expect(series(health, "lockkeeper_not_validated_constraints") == ["a": 0, "b": 1])
        health.advance(CatalogReading(database: "a", serverTime: time(2)))
        #expect(series(health, "lockkeeper_invalid_indexes") == ["a": 0, "b": 0])
        #expect(health.readings["a"]?.serverTime == time(2))
    }

    @Test("gives no figure for what could not be read, and says so")
    func unread() {
        var health = Health(target: "t")
        health.advance(
            CatalogReading(
                database: "a", serverTime: time(0), server: ServerHealth(),
                failures: [.invalidIndexes: Self.failure, .snapshots: Self.failure]))
        #expect(series(health, "lockkeeper_invalid_indexes") == [:])
        #expect(series(health, "lockkeeper_oldest_snapshot_transactions") == [:])
        #expect(series(health, "lockkeeper_not_validated_constraints") == ["a": 0])
        #expect(series(health, "lockkeeper_archiver_failures_total") == [:])
        #expect(series(health, "lockkeeper_wal_folder_bytes") == [:])
        let parts = series(health, "lockkeeper_catalog_part_available")
        #expect(parts["a,invalid_indexes"] == 0 && parts["a,snapshots"] == 0)
        #expect(parts["a,constraints"] == 1 && parts.count == CatalogReading.Part.allCases.count)
        #expect(health.serverFailures == [.snapshots: Self.failure])
    }

    @Test("does not speak of the server in the name of a database that was read for itself only")
    func partsOfOtherDatabases() {
        var health = Health(target: "t")
        health.advance(CatalogReading(database: "b", serverTime: time(0)))
        #expect(
            Set(series(health, "lockkeeper_catalog_part_available").keys) == [
                "b,invalid_indexes", "b,constraints", "b,oldest_tables",
            ])
        #expect(health.server == nil)
    }

    @Test("knows how far each follower is behind: by slot, by name without one; passing ones have no series")
    func replication() {
        var health = Health(target: "t")
        let server = ServerHealth(
            databases: [DatabaseAge(database: "a", transactions: 7, multixacts: 1)],
            snapshotHolders: [
                SnapshotHolder(kind: .session, transactions: 40), SnapshotHolder(kind: .slot, transactions: 5),
                // Of catalogs only.
                SnapshotHolder(kind: .slotCatalogs, transactions: 900),
            ],
            slots: [
                ReplicationSlot(name: "unused", retainedBytes: 1000),
                ReplicationSlot(name: "standby", isActive: true, activePID: 5, retainedBytes: 500),
                ReplicationSlot(name: "logical", isLogical: true, retainedBytes: 900, unconfirmedBytes: 30),
                ReplicationSlot(name: "new"),
                ReplicationSlot(name: "passing", isTemporary: true, retainedBytes: 4),
            ],
            replicas: [
                Replica(pid: 5, applicationName: "walreceiver", slot: "standby", lagBytes: 20),
                Replica(pid: 6, applicationName: "walreceiver", lagBytes: 70),
                Replica(pid: 7, applicationName: "walreceiver", lagBytes: 60),
                Replica(pid: 8, clientAddress: "10.0.0.8", lagBytes: 3),
                Replica(pid: 9, applicationName: "pg_basebackup", state: "backup", lagBytes: 1),
                Replica(pid: 10, applicationName: "silent"),
            ],
            archiver: Archiver(archivedCount: 3, failedCount: 2), walFolderBytes: 1 << 24)
        health.advance(CatalogReading(database: "a", serverTime: time(0), server: server))
        #expect(
            series(health, "lockkeeper_replication_lag_bytes") == [
                "unused": 1000, "standby": 20, "logical": 30, "walreceiver": 70, "10.0.0.8": 3,
            ])
        #expect(
            series(health, "lockkeeper_replication_slot_retained_bytes") == [
                "unused": 1000, "standby": 500, "logical": 900,
            ])
        #expect(series(health, "lockkeeper_transaction_id_age") == ["a": 7])
        #expect(series(health, "lockkeeper_oldest_snapshot_transactions") == ["": 40])
        #expect(series(health, "lockkeeper_archiver_failures_total") == ["": 2])
        #expect(series(health, "lockkeeper_wal_folder_bytes") == ["": 16_777_216])
        #expect(health.server == server && health.serverReadAt == time(0))
    }

    @Test("forgets a database that the server no longer has")
    func droppedDatabase() {
        var health = Health(target: "t")
        health.advance(CatalogReading(database: "gone", serverTime: time(0)))
        func server(_ names: [String]) -> ServerHealth {
            ServerHealth(databases: names.map { DatabaseAge(database: $0, transactions: 1, multixacts: 1) })
        }
        health.advance(CatalogReading(database: "a", serverTime: time(1), server: server(["a", "gone"])))
        #expect(Set(health.readings.keys) == ["a", "gone"])
        // A list that was cut off, or could not be read, proves nothing.
        let many = (0..<ServerHealth.databaseLimit).map { "d\($0)" }
        health.advance(CatalogReading(database: "a", serverTime: time(2), server: server(many)))
        health.advance(
            CatalogReading(
                database: "a", serverTime: time(3), server: server([]), failures: [.databases: Self.failure]))
        #expect(Set(health.readings.keys) == ["a", "gone"])
        health.advance(CatalogReading(database: "a", serverTime: time(4), server: server(["a"])))
        #expect(Set(health.readings.keys) == ["a"])
        #expect(series(health, "lockkeeper_invalid_indexes") == ["a": 0])
    }

    @Test("forgets a database that could not be read for an hour, but none that is read seldom")
    func silentDatabase() {
        let server = ServerHealth(
            databases: ["a", "b"].map { DatabaseAge(database: $0, transactions: 1, multixacts: 1) })
        var seldom = Health(target: "t")
        for round in 0..<5 {
            let start = Double(round) * 86_400
            seldom.advance(CatalogReading(database: "a", serverTime: time(start), server: server))
            #expect(round == 0 || seldom.readings["b"] != nil)
            seldom.advance(CatalogReading(database: "b", serverTime: time(start + 1)))
        }
        var silent = Health(target: "t")
        silent.advance(CatalogReading(database: "b", serverTime: time(0)))
        for second in stride(from: 60.0, through: 3540, by: 60) {
            silent.advance(CatalogReading(database: "a", serverTime: time(second), server: server))
        }
        #expect(silent.readings["b"] != nil)
        silent.advance(CatalogReading(database: "a", serverTime: time(3600), server: server))
        #expect(silent.readings["b"] == nil)
    }

    @Test("survives being recorded: a reading with failures is the same when read again")
    func coding() throws {
        let reading = CatalogReading(
            database: "a", serverTime: time(0),
            invalidIndexes: [InvalidIndex(oid: 1, name: "i", table: "t", leftover: .newCopy)],
            server: ServerHealth(
                settings: ["deadlock_timeout": .init(value: "1000", unit: "ms")],
                roleSettings: [.init(role: nil, database: "a", name: "lock_timeout", value: "3s")]),
            failures: [.walFolder: Self.failure])
        let data = try JSONEncoder().encode(reading)
        #expect(try JSONDecoder().decode(CatalogReading.self, from: data) == reading)
        #expect(String(decoding: data, as: UTF8.self).contains(#""wal_folder":{"#))
    }
}
