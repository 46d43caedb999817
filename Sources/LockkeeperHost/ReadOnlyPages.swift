import CLoader
import Glibc

/// The pages of the running program and its libraries that nothing writes: code and constants, mapped from their files.
public enum ReadOnlyPages {
    /// Takes these pages out of the process's resident memory. Each comes back by itself when it is next used.
    ///
    /// Starting touches far more code than watching does: loading, reading the configuration, setting up TLS. The kernel leaves
    /// all of it in the process until memory becomes scarce. Given up here, it can be had by others at once.
    ///
    /// Nothing is lost: the pages are the files' own, and no page that was ever written is among them. Nothing is freed that
    /// others use either: what another process has mapped stays mapped there, and the kernel may keep the rest in its cache of
    /// files. The price is a page fault for what is used again: from that cache some microseconds; a read of the disk where
    /// memory was so scarce that the cache was emptied meanwhile. A debugger's breakpoints in code are lost, and have to be set
    /// again.
    ///
    /// What the kernel refuses to take out, as of a process whose memory is locked, stays.
    ///
    /// Source: `MADV_DONTNEED` in madvise(2); elf(5).
    ///
    /// - Returns: how many bytes the pages span, resident before or not.
    @discardableResult
    public static func release() -> Int {
        var released = 0
        withUnsafeMutablePointer(to: &released) { released in
            lockkeeper_visit_read_only_segments(
                { address, size, context in
                    guard let address, let context else { return }
                    let pages = ReadOnlyPages.pages(within: UInt(bitPattern: address), size: UInt(size))
                    guard let begin = UnsafeMutableRawPointer(bitPattern: pages.lowerBound), !pages.isEmpty,
                        madvise(begin, pages.count, MADV_DONTNEED) == 0
                    else { return }
                    context.assumingMemoryBound(to: Int.self).pointee += pages.count
                }, released)
        }
        return released
    }

    /// The addresses of the pages that lie wholly within a segment: those at its ends may hold another's beginning or end.
    static func pages(within address: UInt, size: UInt) -> Range<UInt> {
        let mask = UInt(sysconf(Int32(_SC_PAGESIZE))) - 1
        let begin = (address + mask) & ~mask
        return begin..<max(begin, (address + size) & ~mask)
    }
}
