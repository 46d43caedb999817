import Foundation

/// A small text file, read whole.
struct TextFile {
    let text: String
    /// Whether every user of the machine may read it.
    let isReadableByEveryone: Bool

    /// Why a file could not be read.
    struct Failure: Error, Hashable {
        /// A sentence's end that says what is wrong: "does not exist".
        let reason: String
    }

    /// - Parameter limit: the greatest size in bytes. Nothing that belongs in these files is large, and a wrong path may lead to a
    ///   log or a dump.
    init(path: String, limit: Int) throws(Failure) {
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(reason: Self.reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(reason: Self.reason(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Failure(reason: "is a folder")
        default: throw Failure(reason: "is not a regular file")
        }
        isReadableByEveryone = status.st_mode & S_IROTH != 0
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(reason: Self.reason(errno))
            }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw Failure(reason: "is larger than \(limit) bytes") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(reason: "is not UTF-8 text") }
        self.text = text
    }

    /// Whether every user of the machine may read a file; `false` for one that is not there.
    static func isReadableByEveryone(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IROTH != 0
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "does not exist"
        case EACCES, EPERM: "may not be read by this user"
        case ENOTDIR: "does not exist: a part of its path is not a folder"
        default: "cannot be read: \(String(cString: strerror(code)))"
        }
    }

    /// A path as it is written in a file that lies in `folder`: relative to that folder unless absolute.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") || folder.isEmpty ? path : folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }

    /// The folder that a file lies in, as far as its path names one; "" for the working directory.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
