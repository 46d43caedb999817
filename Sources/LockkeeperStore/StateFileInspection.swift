internal import GRDB

/// What is to be known of a state file before anything is done with it.
///
/// It is found over a connection that cannot write, so that a file that is refused stays exactly as it was, its write-ahead log
/// included: an ordinary connection would copy the log into the file when it closes.
struct StateFileInspection {
    /// 0 for a file with nothing in it.
    var version: Int

    /// - Parameter isThorough: whether every page is read (`PRAGMA quick_check`): about a second per few hundred megabytes.
    /// - Throws: `damaged`, or why the file cannot be read.
    init(_ folder: StateFolder, isThorough: Bool) throws(StoreError) {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(StateFileInspection.busyTimeout)
            let queue = try DatabaseQueue(path: folder.databasePath, configuration: configuration)
            let (version, complaint) = try queue.read { database in
                (
                    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
                    isThorough ? try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "ok" : "ok"
                )
            }
            try queue.close()
            guard complaint == "ok" else { throw StoreError.damaged(folder, reason: complaint) }
            self.version = version
        } catch {
            throw StoreError(error, while: "opening the state", in: folder)
        }
    }

    /// Seconds to wait for another program that holds the file.
    static let busyTimeout = 5.0

    /// - Throws: `newerVersion` if this program does not know the file's version.
    func refuseNewer(than version: Int, in folder: StateFolder) throws(StoreError) {
        guard self.version > version else { return }
        throw StoreError(
            code: .newerVersion,
            message:
                "The state file \(folder.databasePath) has version \(self.version), and this program knows versions up "
                + "to \(version). Nothing was changed. Run the newer lockkeeper that wrote it, or give this one another "
                + "folder with `state:`.")
    }
}
