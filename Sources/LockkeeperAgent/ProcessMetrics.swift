internal import Glibc
internal import LockkeeperCore

/// The agent's own process in the metrics that Prometheus's client libraries call `process_…`.
///
/// Source: proc(5), `/proc/self/stat` and `/proc/stat`.
struct ProcessMetrics: Sendable {
    /// Seconds since the Unix epoch.
    private let startTime: Double?
    private let pageSize = Double(sysconf(Int32(_SC_PAGESIZE)))
    private let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))

    init() {
        let boot = Self.read("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst(6)) }
        let ticks = Self.fields().flatMap { $0.count > 19 ? Double($0[19]) : nil }
        if let boot, let ticks {
            startTime = boot + ticks / ticksPerSecond
        } else {
            startTime = nil
        }
    }

    func record(into metrics: inout MetricsBuilder) {
        guard let fields = Self.fields(), fields.count > 21 else { return }
        func number(_ index: Int) -> Double { Double(fields[index]) ?? 0 }
        metrics.set(MetricCatalog.processCPU, NoLabels(), to: (number(11) + number(12)) / ticksPerSecond)
        metrics.set(MetricCatalog.processThreads, NoLabels(), to: number(17))
        metrics.set(MetricCatalog.processVirtualMemory, NoLabels(), to: number(20))
        metrics.set(MetricCatalog.processResidentMemory, NoLabels(), to: number(21) * pageSize)
        if let startTime { metrics.set(MetricCatalog.processStartTime, NoLabels(), to: startTime) }
        if let open = Self.countOpenDescriptors() { metrics.set(MetricCatalog.processOpenFDs, NoLabels(), to: open) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            metrics.set(MetricCatalog.processMaxFDs, NoLabels(), to: Double(limit.rlim_cur))
        }
    }

    /// The fields of `/proc/self/stat` from the third on: the second, the name in parentheses, may hold spaces.
    private static func fields() -> [Substring]? {
        let text = read("/proc/self/stat")
        guard let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func countOpenDescriptors() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // `.`, `..` and the folder's own descriptor.
        return max(0, count - 3)
    }

    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
