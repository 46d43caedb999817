internal import Dispatch
internal import GRDB

/// The agent's memory: one SQLite file in the state folder, with the runs, incidents, alerts and the outbox.
///
/// Every change is one transaction that is on the disk when the call returns (write-ahead log, `synchronous = FULL`). The work
/// is done on SQLite's own queues: no call blocks the tasks' threads. A call whose task is cancelled throws
/// `CancellationError` and has changed nothing; all else throws `StoreError`.
public final class Store: Sendable {
    let folder: StateFolder
    private let connection: any DatabaseWriter
    /// `nil` when opened for reading.
    private let lock: StateFolderLock?

    private init(_ folder: StateFolder, connection: any DatabaseWriter, lock: StateFolderLock?) {
        self.folder = folder
        self.connection = connection
        self.lock = lock
    }

    /// The version of the state file that this program writes.
    public static var schemaVersion: Int { Schema.version }

    /// Opens the state of an agent, which nobody else may change meanwhile. A folder that is missing is created (0700), a file of an
    /// older version is brought up to date.
    ///
    /// - Parameter folder: the path of the state folder.
    /// - Throws: `StoreError` if the folder cannot be used, another agent uses it, or the file is damaged or of a newer version; the
    ///   file is then left as it is.
    public static func open(_ folder: String) async throws -> Store {
        try await open(StateFolder(path: folder), maximumPages: nil)
    }

    /// Opens the state for reading, also while the agent runs.
    ///
    /// - Parameter folder: the path of the state folder.
    /// - Throws: `StoreError` if there is no state, it cannot be read, or it is of another version.
    public static func openReadOnly(_ folder: String) async throws -> Store {
        let folder = StateFolder(path: folder)
        return try await offPool {
            guard folder.hasDatabase else {
                throw StoreError(
                    code: .noState,
                    message:
                        "There is no state file \(folder.databasePath). Look whether `state:` names the agent's folder, "
                        + "and whether the agent has run.")
            }
            let inspection = try StateFileInspection(folder, isThorough: false)
            try inspection.refuseNewer(than: Schema.version, in: folder)
            guard inspection.version == Schema.version else {
                throw StoreError(
                    code: .olderVersion,
                    message:
                        "The state file \(folder.databasePath) has version \(inspection.version), and this program reads "
                        + "version \(Schema.version). Restart the agent with this program: it brings the file up to date."
                )
            }
            var configuration = Configuration()
            configuration.label = "lockkeeper.store.reader"
            configuration.readonly = true
            configuration.busyMode = .timeout(StateFileInspection.busyTimeout)
            do {
                let queue = try DatabaseQueue(path: folder.databasePath, configuration: configuration)
                return Store(folder, connection: queue, lock: nil)
            } catch {
                throw StoreError(error, while: "opening the state", in: folder)
            }
        }
    }

    /// - Parameter maximumPages: how many pages (4 kB) the file may have: for tests of a full disk.
    static func open(_ folder: StateFolder, maximumPages: Int?) async throws -> Store {
        try await offPool {
            try folder.create()
            let lock = try StateFolderLock(folder)
            try folder.createDatabaseFile()
            try StateFileInspection(folder, isThorough: true).refuseNewer(than: Schema.version, in: folder)

            var configuration = Configuration()
            configuration.label = "lockkeeper.store"
            configuration.busyMode = .timeout(StateFileInspection.busyTimeout)
            // Each keeps a cache of up to 2 MB. The lanes' looks are short; more readers would only wait for the same cores.
            configuration.maximumReaderCount = 2
            do {
                let pool = try DatabasePool(path: folder.databasePath, configuration: configuration)
                try pool.writeWithoutTransaction { database in
                    // GRDB chooses NORMAL for a write-ahead log, which may lose the newest transactions with the power.
                    try database.execute(sql: "PRAGMA synchronous = FULL")
                    // A log that once grew large gives the space back.
                    try database.execute(sql: "PRAGMA journal_size_limit = 4194304")
                    if let maximumPages {
                        try database.execute(sql: "PRAGMA max_page_count = \(maximumPages)")
                    }
                }
                try Schema.migrator.migrate(pool)
                return Store(folder, connection: pool, lock: lock)
            } catch {
                throw StoreError(error, while: "opening the state", in: folder)
            }
        }
    }

    /// Closes the file and lets other agents have the folder once nobody holds the store any more. Calls after it throw.
    public func close() async throws {
        let (connection, folder) = (connection, folder)
        try await Self.offPool {
            do {
                // All of it in the one file, for those who copy that; a reader that holds the log keeps it, which loses nothing.
                if let pool = connection as? DatabasePool {
                    try? pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
                }
                try connection.close()
            } catch {
                throw StoreError(error, while: "closing the state", in: folder)
            }
        }
    }

    /// - Parameter doing: what is done, for the error's message, as in "recording a change".
    func read<Value: Sendable>(
        _ doing: String, _ body: @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await connection.read(body)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw StoreError(error, while: doing, in: folder)
        }
    }

    /// Runs one transaction.
    func write<Value: Sendable>(
        _ doing: String, _ body: @Sendable (Database) throws -> Value
    ) async throws -> Value {
        guard lock != nil else {
            throw StoreError(
                code: .readOnly,
                message: "The state \(folder.path) was opened for reading. Only the agent changes it: ask it over HTTP."
            )
        }
        do {
            return try await connection.write(body)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw StoreError(error, while: doing, in: folder)
        }
    }

    /// The value of a setting (`PRAGMA`) of the connection that writes.
    func setting(_ name: String) async throws -> String? {
        try await connection.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
    }

    /// Runs what blocks on a thread that may be blocked.
    private static func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result(catching: body))
            }
        }
    }
}
