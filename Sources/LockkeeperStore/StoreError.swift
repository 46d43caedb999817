internal import GRDB

/// Why the store could not do what was asked. The message says what to do next, and names no value that was being stored.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: Code
    /// One or a few sentences for people: what is wrong, with the path, and what to do.
    public var message: String
    /// SQLite's or the system's own words, where there are any.
    public var underlying: String?

    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The state folder's path, or a part of it, is something else than a folder.
        case notAFolder = "not_a_folder"
        /// The state folder cannot be created, or nothing can be written in it.
        case notWritable = "not_writable"
        /// Another agent uses the state folder.
        case locked
        /// There is no state file where one is to be read.
        case noState = "no_state"
        /// The disk, or the quota, is full.
        case diskFull = "disk_full"
        /// The state file is not intact, or is not a state file.
        case damaged
        /// A newer version of the program has written the state file.
        case newerVersion = "newer_version"
        /// The state file is of an older version, which only the agent may bring up to date.
        case olderVersion = "older_version"
        /// Another program keeps the state file locked for too long.
        case busy
        /// The disk answers with errors.
        case inputOutput = "input_output"
        /// The store was opened for reading.
        case readOnly = "read_only"
        /// The beginning of an id fits several.
        case ambiguous
        /// Anything else that SQLite or the encoding of a value reports.
        case unexpected
    }

    public init(code: Code, message: String, underlying: String? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    public var description: String {
        guard let underlying else { return message }
        return "\(message) (\(underlying))"
    }
}

extension StoreError {
    /// Says in the store's terms what went wrong while something was done with a state file.
    ///
    /// - Parameter doing: what was being done, as in "recording a change".
    init(_ error: any Error, while doing: String, in folder: StateFolder) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            self = StoreError(sqlite: error, while: doing, in: folder)
        case is RowDecodingError, is DecodingError:
            self = .damaged(folder, reason: "a value in it cannot be read while \(doing)")
            underlying = "\(error)"
        default:
            self.init(
                code: .unexpected, message: "Failed while \(doing) in \(folder.databasePath).", underlying: "\(error)")
        }
    }

    /// The result codes are those of https://www.sqlite.org/rescode.html. The values of the statement are left out: they are
    /// what people's queries said.
    private init(sqlite error: DatabaseError, while doing: String, in folder: StateFolder) {
        let words = "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "no message")"
        switch error.resultCode {
        case .SQLITE_FULL:
            self = .diskFull(folder, underlying: words)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .damaged(folder, reason: words)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            self = .notWritable(folder, underlying: words)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                code: .busy,
                message: "Another program holds the state file \(folder.databasePath) while \(doing). "
                    + "Look for it with `fuser \(folder.databasePath)` and let it finish.",
                underlying: words)
        case .SQLITE_IOERR:
            self.init(
                code: .inputOutput,
                message: "The disk failed while \(doing) in \(folder.databasePath). "
                    + "Look at `df \(folder.path)` and at the kernel's messages (`dmesg`).",
                underlying: words)
        default:
            self.init(code: .unexpected, message: "Failed while \(doing) in \(folder.databasePath).", underlying: words)
        }
    }

    static func diskFull(_ folder: StateFolder, underlying: String?) -> StoreError {
        StoreError(
            code: .diskFull,
            message: "There is no space left for the state folder \(folder.path). Nothing that was stored is lost: "
                + "make room (see `df \(folder.path)`), and the agent continues.",
            underlying: underlying)
    }

    static func damaged(_ folder: StateFolder, reason: String) -> StoreError {
        let file = folder.databasePath
        return StoreError(
            code: .damaged,
            message: "The state file \(file) is damaged: \(reason). Nothing was changed. Keep a copy of it "
                + "(`cp -a \(folder.path) \(folder.path).damaged`). Then either save what can be saved: "
                + "`sqlite3 \(file) .recover | sqlite3 \(folder.path)/recovered.sqlite`, remove \(file)-wal "
                + "and \(file)-shm, and rename recovered.sqlite to \(StateFolder.databaseName); or start anew by moving \(file), \(file)-wal "
                + "and \(file)-shm away: the history and the messages not yet sent are then gone.")
    }

    static func notWritable(_ folder: StateFolder, underlying: String?) -> StoreError {
        StoreError(
            code: .notWritable,
            message: "The state folder \(folder.path) cannot be written to. Give it to the user that runs the agent "
                + "(`chown -R USER \(folder.path)`; on a read-only file system choose another folder with `state:`).",
            underlying: underlying)
    }
}
