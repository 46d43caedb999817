import Foundation
import LockkeeperCore

/// The kernel's files about processes: `/proc`.
///
/// Source: proc(5). A process may end between any two reads; whatever is missing then is `nil`. Environments are never read.
struct ProcessFolder: Sendable {
    /// `/proc`.
    let root: String
    private let pageSize = Int64(sysconf(Int32(_SC_PAGESIZE)))
    private let ticksPerSecond = Int64(sysconf(Int32(_SC_CLK_TCK)))

    init(root: String = "/proc") {
        self.root = root
    }

    /// What `/proc/PID/stat` says.
    struct Status: Sendable, Hashable {
        var pid: Int32
        var name: String
        var state: HostProcess.State
        var parentPID: Int32
        var cpu: Duration
        var threads: Int
        /// In ticks since the system started.
        var startTicks: Int64
        var residentBytes: Int64
    }

    /// Why something could not be read.
    enum Refusal: Error, Hashable {
        /// The process has ended, or there is no such file.
        case missing
        /// It belongs to another user.
        case denied
    }

    // MARK: - All processes

    /// The ids of the processes, ascending.
    ///
    /// - Parameter limit: how many at most.
    func pids(limit: Int) -> (pids: [Int32], isComplete: Bool) {
        var pids: [Int32] = []
        guard let stream = opendir(root) else { return ([], false) }
        defer { closedir(stream) }
        while let entry = Foundation.readdir(stream) {
            let pid = withUnsafeBytes(of: &entry.pointee.d_name) { Self.number($0) }
            guard let pid, let pid = Int32(exactly: pid) else { continue }
            guard pids.count < limit else { return (pids, false) }
            pids.append(pid)
        }
        return (pids, true)
    }

    /// A name that is all digits.
    private static func number(_ name: UnsafeRawBufferPointer) -> Int64? {
        var value: Int64 = 0
        var digits = 0
        for byte in name {
            if byte == 0 { break }
            guard byte >= 48, byte <= 57, digits < 10 else { return nil }
            value = value * 10 + Int64(byte - 48)
            digits += 1
        }
        return digits > 0 ? value : nil
    }

    // MARK: - One process

    func status(of pid: Int32) -> Status? {
        guard let bytes = read("\(root)/\(pid)/stat", limit: 4096),
            let open = bytes.firstIndex(of: UInt8(ascii: "(")),
            // The name may itself hold spaces and parentheses.
            let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
        else { return nil }
        let fields = bytes[(close + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard fields.count > 21, let letter = fields[0].first else { return nil }
        func number(_ index: Int) -> Int64 { Int64(String(decoding: fields[index], as: UTF8.self)) ?? 0 }
        return Status(
            pid: pid, name: Self.printable(bytes[(open + 1)..<close]),
            state: HostProcess.State(rawValue: String(UnicodeScalar(letter))) ?? .unknown,
            parentPID: Int32(clamping: number(1)),
            cpu: duration(ticks: number(11) + number(12)), threads: Int(number(17)),
            startTicks: number(19), residentBytes: number(21) * pageSize)
    }

    /// Its arguments; none for a thread of the kernel and for a process that has ended.
    ///
    /// - Parameter limit: in bytes: the class path of a Java program is long, and its main class comes after it.
    func commandLine(of pid: Int32, limit: Int = 131_072) -> CommandLine {
        CommandLine(procFile: read("\(root)/\(pid)/cmdline", limit: limit) ?? [])
    }

    /// `/proc/PID/io`: the lines `read_bytes` and `write_bytes`.
    func diskUse(of pid: Int32) -> HostProcess.DiskUse? {
        guard let bytes = read("\(root)/\(pid)/io", limit: 4096) else { return nil }
        var use = HostProcess.DiskUse(readBytes: -1, writtenBytes: -1)
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: ":")
            guard parts.count == 2, let value = Int64(parts[1].drop { $0 == " " }) else { continue }
            if parts[0] == "read_bytes" { use.readBytes = value }
            if parts[0] == "write_bytes" { use.writtenBytes = value }
        }
        return use.readBytes >= 0 && use.writtenBytes >= 0 ? use : nil
    }

    /// The function of the kernel that it sleeps in; `nil` while it runs, and where the agent may not know.
    func sleepsIn(_ pid: Int32) -> String? {
        guard let bytes = read("\(root)/\(pid)/wchan", limit: 256), !bytes.isEmpty, bytes != [UInt8(ascii: "0")] else {
            return nil
        }
        return Self.printable(bytes[...])
    }

    func workingFolder(of pid: Int32) -> String? { link("\(root)/\(pid)/cwd") }

    /// What tells network namespaces apart, such as `net:[4026531833]`.
    func networkNamespace(of pid: String) -> String? { link("\(root)/\(pid)/ns/net") }

    /// The lines of `/proc/PID/net/NAME`: the sockets of the network namespace that the process is in. Anyone may read them.
    func networkTable(_ name: String, of pid: String, limit: Int = 32 << 20) -> [UInt8]? {
        read("\(root)/\(pid)/net/\(name)", limit: limit)
    }

    /// The inodes of the sockets that a process has open, by descriptor.
    func sockets(of pid: Int32) throws(Refusal) -> [(descriptor: Int32, inode: UInt64)] {
        guard let stream = opendir("\(root)/\(pid)/fd") else {
            throw errno == EACCES || errno == EPERM ? .denied : .missing
        }
        defer { closedir(stream) }
        var sockets: [(descriptor: Int32, inode: UInt64)] = []
        while let entry = Foundation.readdir(stream) {
            let descriptor = withUnsafeBytes(of: &entry.pointee.d_name) { Self.number($0) }
            guard let descriptor, let descriptor = Int32(exactly: descriptor) else { continue }
            if let inode = socket(descriptor, of: pid) { sockets.append((descriptor, inode)) }
        }
        return sockets
    }

    /// The inode of the socket behind a descriptor; `nil` if it is none.
    func socket(_ descriptor: Int32, of pid: Int32) -> UInt64? {
        guard let target = link("\(root)/\(pid)/fd/\(descriptor)"), target.hasPrefix("socket:["), target.hasSuffix("]")
        else { return nil }
        return UInt64(target.dropFirst(8).dropLast())
    }

    /// - Parameter ticks: as `/proc/PID/stat` counts times, usually hundredths of a second.
    func duration(ticks: Int64) -> Duration { .microseconds(ticks * 1_000_000 / ticksPerSecond) }

    // MARK: - Files

    private func link(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(path, start, buffer.count)
            return count > 0 ? String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self) : nil
        }
    }

    private func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        // What is read most fits in one piece of this size; a table of sockets is read faster in large ones.
        var piece = 1024
        while bytes.count < limit {
            let (start, size) = (bytes.count, min(piece, limit - bytes.count))
            bytes.append(contentsOf: repeatElement(0, count: size))
            let count = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { Foundation.read(descriptor, $0 + start, size) } ?? -1
            }
            bytes.removeLast(size - max(0, count))
            if count < 0 { return nil }
            if count == 0 { break }
            piece = min(piece * 4, 262_144)
        }
        return bytes
    }

    /// A process names itself as it likes.
    private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
        String(
            String.UnicodeScalarView(
                String(decoding: bytes, as: UTF8.self).unicodeScalars.map {
                    $0.value < 0x20 || $0.value == 0x7F ? "?" : $0
                }))
    }
}
