import Foundation

/// Reads files whose size is not to be trusted.
enum BoundedFile {
    /// Why a file could not be read.
    struct Failure: Error, Hashable {
        /// A sentence's end: "does not exist".
        let reason: String
        let isMissing: Bool
    }

    /// - Parameter limit: the greatest size in bytes.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(reason: "is not a regular file", isMissing: false)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(Int(status.st_size), limit) + 1)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(errno)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else {
                throw Failure(reason: "is larger than \(limit) bytes", isMissing: false)
            }
        }
    }

    /// The names in a folder, without `.` and `..`, in no order.
    static func names(in folder: String) throws(Failure) -> [String] {
        guard let stream = opendir(folder) else { throw Failure(errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = Foundation.readdir(stream) else {
                if errno != 0 { throw Failure(errno) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }
}

extension BoundedFile.Failure {
    init(_ code: Int32) {
        isMissing = code == ENOENT || code == ENOTDIR
        reason =
            switch code {
            case ENOENT: "does not exist"
            case EACCES, EPERM: "may not be read by this user"
            case ENOTDIR: "is not a folder"
            default: "cannot be read: \(String(cString: strerror(code)))"
            }
    }
}
