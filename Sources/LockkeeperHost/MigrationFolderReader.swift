import Foundation
public import LockkeeperCore
import LockkeeperDigest

/// Reads a migration tool's folder from disk. It blocks while it reads: call it off the cooperative threads.
///
/// What cannot be read becomes a problem of the folder, and the rest is read all the same.
public struct MigrationFolderReader: Sendable {
    /// Bytes of one file.
    public var fileSizeLimit: Int
    /// Migrations in one folder.
    public var countLimit: Int

    public init(fileSizeLimit: Int = 16 << 20, countLimit: Int = 10_000) {
        self.fileSizeLimit = fileSizeLimit
        self.countLimit = countLimit
    }

    /// - Parameters:
    ///   - tool: the `id` of the tool. Only `drizzle` has a reader yet; for another the folder comes back empty, with a problem that says so.
    ///   - path: the folder, such as `./drizzle`.
    ///   - now: stamps later than this are a problem.
    public func read(tool: String, path: String, at now: Timestamp) -> MigrationFolder {
        guard tool == "drizzle" else {
            return MigrationFolder(
                tool: tool, rule: .name,
                problems: [
                    "Only Drizzle's folders are read yet, so \(path) is not: runs of \(MigrationTool.displayName(of: tool)) "
                        + "are watched and named by its history table."
                ])
        }
        return readDrizzle(path).assemble(at: now)
    }

    private func readDrizzle(_ path: String) -> DrizzleFolder {
        var folder = DrizzleFolder()
        let names: [String]
        do {
            names = try BoundedFile.names(in: path).sorted()
        } catch {
            folder.problems.append("The folder \(path) \(error.reason).")
            return folder
        }
        let contents = names.filter { !$0.hasPrefix(".") && $0 != "meta" }
        if contents.count > countLimit {
            folder.problems.append(
                "The folder \(path) holds \(contents.count) files and folders; only the first \(countLimit) are read.")
        }
        folder.journal = readJournal("\(path)/meta/_journal.json")
        for name in contents.prefix(countLimit) {
            let place = "\(path)/\(name)"
            if isFolder(place) {
                folder.folders.updateValue(readFile("\(place)/migration.sql"), forKey: name)
            } else if name.hasSuffix(".sql") {
                folder.files[String(name.dropLast(4))] = readFile(place)
            }
        }
        return folder
    }

    private func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// `nil` if there is no such file.
    private func readFile(_ path: String) -> DrizzleFolder.Found<DrizzleFolder.File>? {
        do {
            let bytes = try BoundedFile.read(path, limit: fileSizeLimit)
            // Drizzle hashes the decoded text, in which bytes that are no UTF-8 have become U+FFFD.
            let text = String(decoding: bytes, as: UTF8.self)
            let hash = Digest.hexadecimal(Digest.sha256(Array(text.utf8)))
            return .read(DrizzleFolder.File(hash: hash, text: MigrationText(text)))
        } catch {
            return error.isMissing ? nil : .unreadable(reason: error.reason)
        }
    }

    private func readJournal(_ path: String) -> DrizzleFolder.Found<DrizzleFolder.Journal>? {
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile.read(path, limit: fileSizeLimit)
        } catch {
            return error.isMissing ? nil : .unreadable(reason: error.reason)
        }
        do {
            return .read(try JSONDecoder().decode(JournalFile.self, from: Data(bytes)).journal)
        } catch {
            let hasConflict = String(decoding: bytes, as: UTF8.self).contains("<<<<<<<")
            return .unreadable(
                reason: hasConflict
                    ? "holds the marks of an unresolved merge" : "is not a Drizzle journal (\(Self.reason(error)))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _): "`\(key.stringValue)` is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "`\(context.codingPath.map(\.stringValue).joined(separator: "."))` is of the wrong type"
        default: "it is not valid JSON"
        }
    }
}

/// `meta/_journal.json`, version 7 of drizzle-kit. A field of an entry that is missing or of another type does not spoil the others.
private struct JournalFile: Decodable {
    var dialect: String?
    var entries: [Entry]

    struct Entry: Decodable {
        var index: Int?
        var stamp: Int64?
        var tag: String?

        enum Key: String, CodingKey {
            case idx, when, tag
        }

        init(from decoder: any Decoder) throws {
            guard let container = try? decoder.container(keyedBy: Key.self) else { return }
            index = try? container.decode(Int.self, forKey: .idx)
            stamp = (try? container.decode(Int64.self, forKey: .when))
            tag = try? container.decode(String.self, forKey: .tag)
        }
    }

    var journal: DrizzleFolder.Journal {
        DrizzleFolder.Journal(
            dialect: dialect,
            entries: entries.map { DrizzleFolder.Journal.Entry(index: $0.index, stamp: $0.stamp, tag: $0.tag) })
    }
}
