import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing

@testable import LockkeeperStore

@Suite("Opening the state")
struct StoreOpeningTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a missing folder is created, with its parents, for its owner alone`() async throws {
        let path = "\(folder.path)/a/b"
        let store = try await Store.open(path)
        #expect(try permissions(path) == 0o700)
        #expect(try permissions("\(path)/lockkeeper.sqlite") == 0o600)
        #expect(try permissions("\(path)/lockkeeper.sqlite-wal") == 0o600)
        try await store.close()
    }

    @Test func `once it is closed, all that was stored is in the one file`() async throws {
        let store = try await Store.open(folder.state)
        try await store.commit(StateChange(memories: ["app": TargetMemory(serverStartedAt: .noon)]))
        try await store.close()
        let copy = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: copy.state, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: folder.database, toPath: copy.database)
        let restored = try await Store.open(copy.state)
        #expect(try await restored.load().memories == ["app": TargetMemory(serverStartedAt: .noon)])
        try await restored.close()
    }

    @Test func `a folder that exists keeps its permissions`() async throws {
        try FileManager.default.createDirectory(
            atPath: folder.state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        _ = try await Store.open(folder.state + "/")
        #expect(try permissions(folder.state) == 0o750)
    }

    @Test func `a path with a file in it is refused, and the file is named`() async throws {
        try Data().write(to: URL(filePath: "\(folder.path)/file"))
        for path in ["\(folder.path)/file", "\(folder.path)/file/state", "\(folder.path)/file/a/state"] {
            let error = await #expect(throws: StoreError.self) { try await Store.open(path) }
            #expect(error?.code == .notAFolder)
            #expect(error?.message.contains("\(folder.path)/file is not a folder") == true)
        }
    }

    /// `/proc` takes no new files, not even from root, to whom permissions mean nothing.
    @Test(arguments: ["/proc/lockkeeper", "/proc/self/task"])
    func `a folder that nothing can be written in is refused with what to do`(path: String) async throws {
        let error = await #expect(throws: StoreError.self) { try await Store.open(path) }
        #expect(error?.code == .notWritable)
        #expect(error?.message.contains("The state folder \(path) cannot be written to") == true)
        #expect(error?.message.contains("chown") == true)
    }

    @Test func `a second agent is kept out, and told which process is in`() async throws {
        let first = try await Store.open(folder.state)
        let error = await #expect(throws: StoreError.self) { try await Store.open(folder.state) }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("process \(getpid())") == true)
        #expect(try await first.load() == StoredState())
    }

    @Test func `the folder is free again when the agent is gone, however it went`() async throws {
        do {
            let first = try await Store.open(folder.state)
            try await first.commit(StateChange(incidents: [.example()]))
        }
        // A program that another test is starting just now has all descriptors until it runs.
        var again: Store?
        try await eventually("the lock is free") {
            again = try? await Store.open(folder.state)
            return again != nil
        }
        let second = try #require(again)
        #expect(try await second.load().unfinishedIncidents == [.example()])
        #expect(FileManager.default.fileExists(atPath: "\(folder.state)/lockkeeper.lock"))
    }

    @Test func `a commit is on the disk when it returns: write-ahead log, synchronous FULL`() async throws {
        let store = try await Store.open(folder.state)
        #expect(try await store.setting("journal_mode") == "wal")
        #expect(try await store.setting("synchronous") == "2")
        #expect(try await store.setting("foreign_keys") == "1")
    }

    @Test func `a file of the first version is brought up to date, and keeps what is in it`() async throws {
        do {
            let store = try await Store.open(folder.state)
            try await store.commit(
                StateChange(
                    incidents: [.example(), .example("alert-old", run: nil)],
                    deliveries: [.example("a1"), .example("b1", incident: "alert-old")]))
            try await store.close()
        }
        // As the first version left it: without what later ones have added and their marks, and of each receiver only the number of its
        // messages.
        try folder.execute(
            """
            ALTER TABLE receiver DROP COLUMN paused_until; DROP INDEX delivery_by_key; DROP INDEX delivery_standing_by; DROP INDEX delivery_standing_by_key;
            ALTER TABLE delivery DROP COLUMN correlation; DROP TABLE receiver_reference; DROP TABLE silence; DROP INDEX incident_owing; DROP INDEX delivery_standby;
            DROP INDEX incident_by_key; DROP INDEX delivery_order;
            ALTER TABLE delivery DROP COLUMN target; ALTER TABLE delivery DROP COLUMN incident_key;
            ALTER TABLE incident DROP COLUMN incident_key; ALTER TABLE incident DROP COLUMN episode;
            CREATE INDEX delivery_order ON delivery (receiver, incident_id, sequence) WHERE status = 'pending';
            UPDATE delivery SET notification = json_remove(notification, '$.incidentKey', '$.ended');
            DELETE FROM grdb_migrations WHERE identifier > '1'; PRAGMA user_version = 1;
            UPDATE incident SET body = json_remove(
                json_set(body, '$.told', json('{"slack": 2, "mail": 1}')), '$.listeners', '$.reached', '$.owed',
                '$.key', '$.episode', '$.ended', '$.firing."alertname=X".audibleSince');
            """)
        let store = try await Store.open(folder.state)
        #expect(try await store.setting("user_version") == String(Store.schemaVersion))
        // What is open goes on under the name that receivers were told.
        var alert = Incident.example("alert-old", run: nil)
        alert.key = "alert-old"
        #expect(try await store.load().unfinishedIncidents == [alert, .example()])
        #expect(try await store.load().episodes.mapValues(\.number) == ["alert-old": 0, "run-1": 0])
        var begun = try #require(try await store.begin("a1", at: .noon))
        #expect(begun.incidentKey == "run-1")
        #expect(begun.thread == Incident.example().thread(to: "slack"))
        begun.reference = ReceiverReference(["ts": "1"])
        try await store.finish(begun.delivered(at: .noon))
    }

    @Test func `what receivers call an incident is known to its messages from before threads had their present names`()
        async throws
    {
        do {
            let store = try await Store.open(folder.state)
            try await store.commit(StateChange(incidents: [.example()], deliveries: [.example("a1")]))
            try await store.close()
        }
        try folder.execute(
            """
            ALTER TABLE receiver DROP COLUMN paused_until; DROP INDEX delivery_by_key; DROP INDEX delivery_standing_by; DROP INDEX delivery_standing_by_key;
            ALTER TABLE delivery DROP COLUMN correlation;
            DROP INDEX incident_by_key; DROP INDEX delivery_order; ALTER TABLE delivery DROP COLUMN incident_key;
            ALTER TABLE incident DROP COLUMN incident_key; ALTER TABLE incident DROP COLUMN episode;
            CREATE INDEX delivery_order ON delivery (receiver, incident_id, sequence) WHERE status = 'pending';
            UPDATE delivery SET notification = json_set(notification, '$.thread', 'b');
            INSERT INTO receiver_reference VALUES
                ('a', 'run-1', 'slack', 1, '{"parts":{"ts":"1"}}'), ('b', 'run-1', 'slack', 2, '{"parts":{"ts":"2"}}'),
                ('c', 'run-1', 'mail', 3, '{"parts":{"ts":"3"}}');
            DELETE FROM grdb_migrations WHERE identifier > '4'; PRAGMA user_version = 4;
            UPDATE incident SET body = json_remove(body, '$.key', '$.episode', '$.ended');
            """)
        let store = try await Store.open(folder.state)
        #expect(try await store.begin("a1", at: .noon)?.reference == ReceiverReference(["ts": "2"]))
    }

    @Test func `a file of a newer version is refused with both versions, and not touched`() async throws {
        try await Store.open(folder.state).close()
        // The user version is a big-endian number at byte 60 of the header: https://www.sqlite.org/fileformat2.html
        try folder.overwrite(at: 60, with: [0, 0, 0, 99])
        let before = try folder.contents()
        for open in [Store.open, Store.openReadOnly] {
            let error = await #expect(throws: StoreError.self) { try await open(folder.state) }
            #expect(error?.code == .newerVersion)
            #expect(error?.message.contains("has version 99") == true)
            #expect(error?.message.contains("up to \(Store.schemaVersion)") == true)
        }
        #expect(try folder.contents() == before)
    }

    /// The header, and pages of 4096 bytes somewhere behind it.
    @Test(arguments: [0, 4096, 20 * 4096] as [UInt64])
    func `a damaged file is refused, with how to save it, and not touched`(offset: UInt64) async throws {
        try await fill()
        try folder.overwrite(at: offset, with: [UInt8](repeating: 0xA5, count: 3 * 4096))
        let before = try folder.contents()
        let error = await #expect(throws: StoreError.self) { try await Store.open(folder.state) }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains(".recover") == true)
        #expect(try folder.contents() == before)
    }

    @Test func `a damaged file keeps the log that a crash left beside it`() async throws {
        try await fill()
        let store = try await Store.open(folder.state)
        try await store.commit(StateChange(memories: ["app": TargetMemory()]))
        let crashed = try folder.afterCrash()
        try crashed.overwrite(at: 20 * 4096, with: [UInt8](repeating: 0xA5, count: 3 * 4096))
        let before = try crashed.contents()
        #expect(before["lockkeeper.sqlite-wal"]?.isEmpty == false)
        let error = await #expect(throws: StoreError.self) { try await Store.open(crashed.state) }
        #expect(error?.code == .damaged)
        #expect(try crashed.contents() == before)
        withExtendedLifetime(store) {}
    }

    @Test func `a full disk is said, loses nothing that was stored, and stores nothing by halves`() async throws {
        var stored: [Incident] = []
        do {
            let store = try await Store.open(StateFolder(path: folder.state), maximumPages: 60)
            let error = await #expect(throws: StoreError.self) {
                for number in 0..<1000 {
                    let incident = Incident.example("run-\(number)")
                    try await store.commit(
                        StateChange(incidents: [incident], deliveries: [.example("d\(number)", incident: incident.id)]))
                    stored.append(incident)
                }
            }
            #expect(error?.code == .diskFull)
            #expect(error?.message.contains("df \(folder.state)") == true)
        }
        #expect(!stored.isEmpty)
        let store = try await Store.open(folder.state)
        #expect(try await Set(store.load().unfinishedIncidents) == Set(stored))
        #expect(try await store.deliveries(limit: 1000).count == stored.count)
        try await store.commit(StateChange(incidents: [.example("run-new")]))
    }

    // MARK: Reading only

    @Test func `the state can be read while the agent runs, and shows what it commits meanwhile`() async throws {
        let store = try await Store.open(folder.state)
        let reader = try await Store.openReadOnly(folder.state)
        #expect(try await reader.incidents() == [])
        try await store.commit(StateChange(incidents: [.example()]))
        #expect(try await reader.incidents() == [.example()])
    }

    @Test func `the state can be read when no agent runs, and stays as it was`() async throws {
        try await fill()
        let before = try folder.contents()
        let reader = try await Store.openReadOnly(folder.state)
        #expect(try await reader.incidents(limit: 10).count == 10)
        try await reader.close()
        #expect(try folder.contents()["lockkeeper.sqlite"] == before["lockkeeper.sqlite"])
    }

    @Test func `what a crash left in the log is read too`() async throws {
        let store = try await Store.open(folder.state)
        try await store.commit(StateChange(incidents: [.example()]))
        let crashed = try folder.afterCrash()
        #expect(try await Store.openReadOnly(crashed.state).incidents() == [.example()])
        withExtendedLifetime(store) {}
    }

    @Test func `opened for reading, nothing can be changed`() async throws {
        try await fill()
        let reader = try await Store.openReadOnly(folder.state)
        let error = await #expect(throws: StoreError.self) {
            try await reader.commit(StateChange(incidents: [.example("run-other")]))
        }
        #expect(error?.code == .readOnly)
    }

    @Test func `where no agent has run, reading says so`() async throws {
        let error = await #expect(throws: StoreError.self) { try await Store.openReadOnly(folder.state) }
        #expect(error?.code == .noState)
        #expect(!FileManager.default.fileExists(atPath: folder.state))
    }

    @Test func `reading a file of an older version says to restart the agent`() async throws {
        try await Store.open(folder.state).close()
        try folder.overwrite(at: 60, with: [0, 0, 0, 0])
        let error = await #expect(throws: StoreError.self) { try await Store.openReadOnly(folder.state) }
        #expect(error?.code == .olderVersion)
    }

    @Test func `a row that cannot be read is damage, and is said as such`() async throws {
        do {
            let store = try await Store.open(folder.state)
            try await store.commit(StateChange(incidents: [.example()]))
            try await store.close()
        }
        // The pages are as they should be; only the text of a value is not.
        let bytes = try Data(contentsOf: URL(filePath: folder.database))
        let body = try #require(bytes.range(of: Data(#""facts":{"#.utf8)))
        try folder.overwrite(at: UInt64(body.lowerBound), with: Array("!".utf8))
        let store = try await Store.open(folder.state)
        let error = await #expect(throws: StoreError.self) { try await store.load() }
        #expect(error?.code == .damaged)
    }

    private func fill() async throws {
        let store = try await Store.open(folder.state)
        let numbers = 0..<200
        try await store.commit(
            StateChange(
                incidents: numbers.map { .example("run-\($0)") },
                deliveries: numbers.map { .example("d\($0)", incident: "run-\($0)") }))
        try await store.close()
    }

    private func permissions(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int) & 0o777
    }
}
