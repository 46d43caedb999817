internal import Glibc

/// The folder with everything that the agent keeps: the configuration's `state`.
struct StateFolder: Sendable, Hashable {
    static let databaseName = "lockkeeper.sqlite"

    let path: String

    init(path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }

    var databasePath: String { "\(path)/\(Self.databaseName)" }
    var lockPath: String { "\(path)/lockkeeper.lock" }

    /// Makes sure that the folder is there. It is created for its owner alone (0700), because the statements and messages in
    /// it are nobody else's business; one that exists keeps its permissions.
    func create() throws(StoreError) {
        var prefix = ""
        let components = path.split(separator: "/", omittingEmptySubsequences: true)
        for (index, component) in components.enumerated() {
            prefix += index == 0 && !path.hasPrefix("/") ? String(component) : "/\(component)"
            if mkdir(prefix, index == components.count - 1 ? 0o700 : 0o755) == 0 || errno == EEXIST { continue }
            let code = errno
            // A folder that exists on a read-only file system, or in a folder that only its owner may write in, is all right.
            if Self.isFolder(prefix) { continue }
            throw error(code, cannot: "create \(prefix)")
        }
        guard Self.isFolder(path) else { throw notAFolder(path) }
    }

    /// Creates the state file for its owner alone (0600) if it is missing: SQLite would let everybody read it. It gives the
    /// files beside it (`-wal`, `-shm`) the same permissions.
    func createDatabaseFile() throws(StoreError) {
        let descriptor = Glibc.open(databasePath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw error(errno, cannot: "open \(databasePath)") }
        Glibc.close(descriptor)
    }

    /// Whether there is a state file.
    var hasDatabase: Bool { access(databasePath, F_OK) == 0 }

    /// The error for a system call's `errno`.
    func error(_ code: Int32, cannot what: String) -> StoreError {
        let words = "cannot \(what): \(String(cString: strerror(code)))"
        switch code {
        case ENOTDIR: return notAFolder(firstThatIsNoFolder ?? path)
        case ENOSPC, EDQUOT: return .diskFull(self, underlying: words)
        default: return .notWritable(self, underlying: words)
        }
    }

    private func notAFolder(_ place: String) -> StoreError {
        StoreError(
            code: .notAFolder,
            message: "The state folder cannot be \(path), because \(place) is not a folder. "
                + "Set `state:` to a folder, such as /var/lib/lockkeeper; it is created if it is missing.")
    }

    private var firstThatIsNoFolder: String? {
        var prefix = ""
        for (index, component) in path.split(separator: "/").enumerated() {
            prefix += index == 0 && !path.hasPrefix("/") ? String(component) : "/\(component)"
            if access(prefix, F_OK) == 0, !Self.isFolder(prefix) { return prefix }
        }
        return nil
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
