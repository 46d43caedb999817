import Glibc
import Testing

@testable import LockkeeperHost

@Suite(.serialized) struct ReadOnlyPagesTests {
    @Test func `Code that was resident no longer is, and still reads as before`() throws {
        let code = try #require(
            Mapping.ofThisProcess().filter { $0.isFile && $0.permissions == "r-xp" && $0.anonymous == 0 }
                .max { $0.addresses.count < $1.addresses.count })
        let before = try code.bytes()
        let resident = try code.now().resident
        // Reading it has brought it in.
        #expect(resident > code.addresses.count / 2)

        #expect(ReadOnlyPages.release() >= code.addresses.count / 2)

        // Other tests run meanwhile, and some of this code is theirs.
        #expect(try code.now().resident < resident / 2)
        #expect(try code.reads(as: before))
    }

    @Test func `What the loader or the program has written stays`() throws {
        let written = try Mapping.ofThisProcess().filter { $0.isFile && $0.anonymous > 0 }
        // What the loader protects after writing it looks like a mapping that was never written.
        let protected = written.filter { $0.permissions == "r--p" }
        #expect(!protected.isEmpty)
        let before = try protected.map { try $0.bytes() }

        ReadOnlyPages.release()

        for mapping in written { #expect(try mapping.now().anonymous >= mapping.anonymous) }
        for (mapping, bytes) in zip(protected, before) { #expect(try mapping.reads(as: bytes)) }
    }

    @Test(
        arguments: [
            (address: 0x1000, size: 0x2000, pages: 0x1000..<0x3000),
            (address: 0x1001, size: 0x2000, pages: 0x2000..<0x3000),
            (address: 0x1FFF, size: 0x2000, pages: 0x2000..<0x3000),
            (address: 0x1000, size: 0xFFF, pages: 0x1000..<0x1000),
            (address: 0x1001, size: 0xFFE, pages: 0x2000..<0x2000),
            (address: 0x1000, size: 0, pages: 0x1000..<0x1000),
        ] as [(address: UInt, size: UInt, pages: Range<UInt>)])
    func `Only pages that lie wholly in a segment are its own`(address: UInt, size: UInt, pages: Range<UInt>) throws {
        try #require(sysconf(Int32(_SC_PAGESIZE)) == 4096)
        #expect(ReadOnlyPages.pages(within: address, size: size) == pages)
    }
}

/// A mapping of this process, by `/proc/self/smaps`: proc_pid_smaps(5).
private struct Mapping {
    var addresses: Range<UInt>
    /// As in `r-xp`.
    var permissions: String
    var isFile: Bool
    /// Bytes.
    var resident = 0
    /// Bytes of pages that have been written, and are the file's no more.
    var anonymous = 0

    struct Gone: Error {
        var addresses: Range<UInt>
    }

    static func ofThisProcess() throws -> [Mapping] {
        var mappings: [Mapping] = []
        for line in try lines(of: "/proc/self/smaps") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            let bounds = words.first?.split(separator: "-") ?? []
            if bounds.count == 2, let begin = UInt(bounds[0], radix: 16), let end = UInt(bounds[1], radix: 16) {
                mappings.append(
                    Mapping(
                        addresses: begin..<end, permissions: String(words[1]),
                        isFile: words.count > 5 && words[5].hasPrefix("/")))
            } else if words.count == 3, let kibibytes = Int(words[1]), let last = mappings.indices.last {
                if words[0] == "Rss:" { mappings[last].resident = kibibytes * 1024 }
                if words[0] == "Anonymous:" { mappings[last].anonymous = kibibytes * 1024 }
            }
        }
        return mappings
    }

    /// The same mapping as it is now.
    func now() throws -> Mapping {
        guard let found = try Self.ofThisProcess().first(where: { $0.addresses == addresses }) else {
            throw Gone(addresses: addresses)
        }
        return found
    }

    func bytes() throws -> [UInt8] {
        guard let begin = UnsafeRawPointer(bitPattern: addresses.lowerBound) else { throw Gone(addresses: addresses) }
        return [UInt8](UnsafeRawBufferPointer(start: begin, count: addresses.count))
    }

    func reads(as expected: [UInt8]) throws -> Bool {
        guard let begin = UnsafeRawPointer(bitPattern: addresses.lowerBound) else { throw Gone(addresses: addresses) }
        return expected.count == addresses.count && memcmp(begin, expected, expected.count) == 0
    }

    private static func lines(of path: String) throws -> [Substring] {
        guard let file = fopen(path, "r") else { throw Gone(addresses: 0..<0) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }
}
