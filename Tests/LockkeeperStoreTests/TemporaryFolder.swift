import Foundation
import LockkeeperTestSupport

/// A folder that goes when nobody needs it any more.
final class TemporaryFolder: Sendable {
    let path: String
    /// The folder that this one is in, which removes it.
    private let parent: TemporaryFolder?

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(component: "lockkeeper-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path(percentEncoded: false)
        parent = nil
    }

    private init(in parent: TemporaryFolder) throws {
        // Beside other copies, not in them: SQLite opens no path of more than 512 bytes.
        let root = parent.parent ?? parent
        path = "\(root.path)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        self.parent = root
    }

    deinit {
        if parent == nil { try? FileManager.default.removeItem(atPath: path) }
    }

    var state: String { "\(path)/state" }
    var database: String { "\(state)/lockkeeper.sqlite" }

    /// What a kill -9 at this moment leaves behind: the files as the kernel has them, the write-ahead log included. Nothing may be
    /// writing meanwhile.
    func afterCrash() throws -> TemporaryFolder {
        let copy = try TemporaryFolder(in: self)
        try FileManager.default.createDirectory(atPath: copy.state, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: state) {
            try FileManager.default.copyItem(atPath: "\(state)/\(name)", toPath: "\(copy.state)/\(name)")
        }
        return copy
    }

    /// Every file of the state that has something in it, with its bytes; without the lock and the index of the log, which readers
    /// keep too.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: state)
        where !name.hasSuffix(".lock") && !name.hasSuffix("-shm") {
            let bytes = try Data(contentsOf: URL(filePath: "\(state)/\(name)"))
            if !bytes.isEmpty { contents[name] = bytes }
        }
        return contents
    }

    /// Runs SQL in the state file by another program than the one that is tested.
    func execute(_ sql: String) throws {
        let result = try SystemTool.wait(for: [
            "python3", "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2]).close()",
            database, sql,
        ])
        guard result.status == 0 else { throw TestFailure(result.output) }
    }

    /// Overwrites bytes of the database file.
    func overwrite(at offset: UInt64, with bytes: [UInt8]) throws {
        let file = try FileHandle(forUpdating: URL(filePath: database))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }
}
