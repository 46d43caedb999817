package import Glibc

/// Small text files, read and written without Foundation.
package enum TextFile {
    /// The file's text, at most its last `limit` bytes; nil when it cannot be read.
    package static func read(_ path: String, last limit: Int = 1 << 20) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // Files of /proc have no size and cannot be sought from their end; they are small.
        let size = lseek(file, 0, SEEK_END)
        _ = lseek(file, size > limit ? size - off_t(limit) : 0, SEEK_SET)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < limit {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends to a file, creating it with `mode` where it does not exist.
    package static func append(_ text: String, to path: String, mode: mode_t = 0o600) throws(ThrowawayPostgresError) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode)
        guard file >= 0 else {
            throw ThrowawayPostgresError(
                "cannot write \(path): \(errorText(errno))", hint: "check the folder's permissions and free space")
        }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw ThrowawayPostgresError(
                    "cannot write \(path): \(errorText(errno))", hint: "check the free space")
            }
            rest = rest.dropFirst(count)
        }
    }
}
